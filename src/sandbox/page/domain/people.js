import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { asUserWid, createWid } from "../core/wid.js";
import { ConnectionLost, ServerError, ServerStatusCodeError } from "../errors.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { ChatModel, chats } from "./chat.js";
import { contacts, learn } from "./contact.js";
import { canDeletePicture, canSetPicture, groupPicture, requestDeletePicture, sendSetPicture } from "./groups/picture.js";
import { alternate } from "./lids.js";

/** @typedef {import("../net/connection.js").Frame} Frame */

/** What is asked of people and done with them: pictures, about, business profiles, the address book, blocking. */

const NOT_AUTHORIZED = 401;
const NO_SUCH = 404;
/** How the server refuses what isn't there, or isn't shown to this account. */
const WITHHELD = new Set([NO_SUCH, NOT_AUTHORIZED]);

/**
 * @param {string} op
 * @param {any} wid
 * @returns {Promise<Frame>}
 */
const ask = (op, wid) => session.request({ t: "iq", op, jid: asUserWid(createWid(wid)).toString() });

/**
 * @param {string} op
 * @param {any} wid
 * @returns {Promise<Frame | undefined>} nothing where there is none, or it isn't shown
 */
async function askShown(op, wid) {
  try {
    return await ask(op, wid);
  } catch (error) {
    if (error instanceof ServerError && WITHHELD.has(error.code)) return undefined;
    throw error;
  }
}

// --- pictures

class ProfilePicThumb extends BaseModel {
  canSet() {
    return canSetPicture(this.get("id"));
  }

  canDelete() {
    return canDeletePicture(this.get("id"));
  }
}
defineModel(ProfilePicThumb, "profile-pic-thumb", ["id", "eurl", "previewEurl", "img", "imgFull", "tag", "stale"]);

/** @param {string} picture */
function pictureOf(picture) {
  const url = new URL(`/pp/${picture}`, location.href);
  url.search = "";
  const eurl = url.toString();
  return { eurl, previewEurl: eurl, img: eurl, imgFull: eurl, tag: picture };
}
const NO_PICTURE = { eurl: undefined, previewEurl: undefined, img: undefined, imgFull: undefined, tag: undefined };

class ProfilePicThumbCollectionImpl extends BaseCollection {
  static model = ProfilePicThumb;

  /** Nobody tells this page of a new picture, so it asks each time. @param {any} id */
  async find(id) {
    return this.update(id);
  }

  /** @param {any} id */
  async fetch(id) {
    const wid = createWid(id);
    const picture = wid.isGroup() ? await groupPicture(wid) : wid.isUser() ? (await askShown("picture", wid))?.id : undefined;
    return { id: wid, ...(picture ? pictureOf(picture) : NO_PICTURE) };
  }
}

/** @param {any} chat a chat, or what was serialized of one */
async function requestProfilePicFromServer(chat) {
  try {
    const wid = createWid(chat.id ?? chat);
    const picture = wid.isGroup() ? await groupPicture(wid) : (await ask("picture", wid)).id;
    if (!picture) throw new ServerStatusCodeError(NO_SUCH);
    const { eurl, previewEurl, tag } = pictureOf(picture);
    return { id: chat.id ?? chat, eurl, previewEurl, tag, timestamp: undefined };
  } catch (error) {
    if (error instanceof ServerError) throw new ServerStatusCodeError(error.code);
    throw error;
  }
}

// --- about

class TextStatus extends BaseModel {}
defineModel(TextStatus, "status", ["id", "status", "stale"]);

class TextStatusCollectionImpl extends BaseCollection {
  static model = TextStatus;

  /** @param {any} id */
  async find(id) {
    return this.update(id);
  }

  /** @param {any} id */
  async fetch(id) {
    return { id: createWid(id), status: (await askShown("about", id))?.about };
  }
}

/**
 * @param {{wid: any, token?: string}} request
 * @returns {Promise<{id: any, status: string | number}>} the text, or the number by which it is refused
 */
async function getStatus({ wid }) {
  return { id: wid, status: (await askShown("about", wid))?.about ?? NOT_AUTHORIZED };
}

// --- business profiles

class BusinessProfile extends BaseModel {}
defineModel(BusinessProfile, "business-profile", [
  "id", "description", "email", "website", "categories", "address", "profileOptions", "businessHours", "stale",
]);

class BusinessProfileCollectionImpl extends BaseCollection {
  static model = BusinessProfile;

  /** @param {any} id */
  async fetchBizProfile(id) {
    return this.update(id);
  }

  /** @param {any} id */
  async fetch(id) {
    const { business } = await ask("business", id);
    return business ? { profileOptions: {}, ...business, id: createWid(id) } : undefined;
  }
}

// --- groups in common

class CommonGroups extends BaseCollection {
  static model = ChatModel;
}

/**
 * @param {any} contact gets them as `commonGroups`
 * @returns {Promise<CommonGroups>}
 */
async function findCommonGroups(contact) {
  const { groups } = await ask("common_groups", contact.id);
  const found = groups.map((/** @type {string} */ id) => chats.get(createWid(id)) ?? new ChatModel({ id: createWid(id) }));
  contact.commonGroups = new CommonGroups(found);
  return contact.commonGroups;
}

// --- the address book

/**
 * @param {{phoneNumber?: any, lid?: any}} who a number or its JID, or a LID
 * @returns {import("../core/wid.js").Wid}
 */
function personOf({ phoneNumber, lid }) {
  const text = String(phoneNumber || lid);
  if (text.includes("@")) return asUserWid(createWid(text));
  return createWid(`${text}@${phoneNumber ? "c.us" : "lid"}`);
}

/**
 * @param {{phoneNumber?: any, lid?: any, firstName: string, lastName?: string, syncToAddressbook?: boolean}} entry
 */
async function saveContactAction({ firstName, lastName, syncToAddressbook, ...who }) {
  const wid = personOf(who);
  const name = { first_name: firstName, last_name: lastName ?? "" };
  const frame = { t: "iq", op: "contact_save", jid: wid.toString(), ...name, on_phone: Boolean(syncToAddressbook) };
  receivePerson(wid, await session.request(frame));
}

/** @param {{phoneNumber?: any, lid?: any}} who */
async function deleteContactAction(who) {
  const wid = personOf(who);
  receivePerson(wid, await ask("contact_remove", wid));
}

/**
 * @param {any} wid the form by which the person was named
 * @param {any} person
 */
function receivePerson(wid, person) {
  contacts.gadd(wid);
  learn(person);
}

// --- blocking

class Blocked extends BaseModel {}
defineModel(Blocked, "blocklist", ["id"]);

class BlocklistCollectionImpl extends BaseCollection {
  static model = Blocked;
}
/** @type {any} */
const blocklist = new BlocklistCollectionImpl();

/**
 * @param {any} wid
 * @param {boolean} blocked
 */
function markBlocked(wid, blocked) {
  const other = alternate(wid);
  for (const form of other ? [wid, other] : [wid]) contacts.get(form)?.set({ isContactBlocked: blocked });
  if (blocked) blocklist.gadd(wid);
  else blocklist.remove(other ? [wid, other] : [wid]);
}

/** @param {{contact: any}} request */
async function blockContact({ contact }) {
  await ask("block", contact.id);
  markBlocked(asUserWid(contact.id), true);
}

/** @param {any} contact */
async function unblockContact(contact) {
  await ask("unblock", contact.id);
  markBlocked(asUserWid(contact.id), false);
}

async function loadBlocklist() {
  const { items } = await session.request({ t: "iq", op: "blocklist" });
  const wanted = new Set(items.map((/** @type {any} */ item) => item.jid));
  for (const held of [...blocklist]) if (!wanted.has(held.id.toString())) markBlocked(held.id, false);
  for (const jid of wanted) markBlocked(createWid(/** @type {string} */ (jid)), true);
}

export function definePeople() {
  session.handle("contact", (frame) => {
    learn(frame.contact);
  });
  session.handle("blocklist", async (frame) => markBlocked(createWid(frame.jid), frame.blocked));
  session.onLogin(() => {
    loadBlocklist().catch((error) => {
      if (!(error instanceof ConnectionLost)) reportError(error);
    });
  });
  define("WAWebProfilePicThumbModel", { default: ProfilePicThumb });
  define("WAWebProfilePicThumbCollection", {
    ProfilePicThumbCollectionImpl,
    ProfilePicThumbCollection: new ProfilePicThumbCollectionImpl(),
  });
  define("WAWebContactProfilePicThumbBridge", { requestProfilePicFromServer, sendSetPicture, requestDeletePicture });
  define("WAWebTextStatusModel", { default: TextStatus });
  define("WAWebTextStatusCollection", { TextStatusCollection: new TextStatusCollectionImpl() });
  define("WAWebContactStatusBridge", { getStatus });
  define("WAWebBusinessProfileModel", { default: BusinessProfile });
  define("WAWebBusinessProfileCollection", { BusinessProfileCollection: new BusinessProfileCollectionImpl() });
  define("WAWebFindCommonGroupsContactAction", { findCommonGroups });
  define("WAWebSaveContactAction", { saveContactAction });
  define("WAWebDeleteContactAction", { deleteContactAction });
  define("WAWebContactUtils", { canSaveAsMyContact: (/** @type {any} */ contact) => contact.id.isUser() });
  define("WAWebBlocklistModel", { default: Blocked });
  define("WAWebBlocklistCollection", { BlocklistCollection: blocklist });
  define("WAWebBlockContactAction", { blockContact, unblockContact });
  define("WAWebBlockContactUtils", {
    // A chat may know a person under another form of the address; the sandbox's server takes either.
    getContactToBlockOnlyUseIfNoAssociatedChat: (/** @type {any} */ contact) => contact,
  });
}
