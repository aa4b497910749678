import { define, importNamespace } from "../loader.js";
import { chats } from "./chat.js";
import { contacts } from "./contact.js";
import { groupMetadata } from "./groups/model.js";
import { msgs } from "./msg.js";
import { presences } from "./presence.js";

/** The collections under the names by which whatsapp-web.js takes them from one module; defined after the stand-ins. */
export function defineCollections() {
  /**
   * @param {string} id
   * @param {string} [name]
   */
  const from = (id, name = "default") => importNamespace(id)[name];
  define("WAWebCollections", {
    Msg: msgs,
    Chat: chats,
    Contact: contacts,
    Presence: presences,
    GroupMetadata: groupMetadata,
    Blocklist: from("WAWebBlocklistCollection", "BlocklistCollection"),
    BusinessProfile: from("WAWebBusinessProfileCollection", "BusinessProfileCollection"),
    Label: from("WAWebLabelCollection", "LabelCollection"),
    ProfilePicThumb: from("WAWebProfilePicThumbCollection", "ProfilePicThumbCollection"),
    Reactions: from("WAWebReactionsCollection", "ReactionsCollection"),
    Status: from("WAWebStatusCollection", "StatusCollection"),
    WAWebNewsletterCollection: from("WAWebNewsletterCollection"),
    WAWebNewsletterMetadataCollection: from("WAWebNewsletterMetadataCollection"),
    Features: from("WAWebFeatures", "Features"),
  });
}
