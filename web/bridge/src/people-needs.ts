/** What the abilities of chats, people, presence and calls need of wa-js. */

import { phoneRequests } from "./chats";

export interface Need {
  readonly name: string;
  readonly get: () => unknown;
  readonly kind: "function" | "object";
}

const fn = (name: string, get: () => unknown): Need => ({ name, get, kind: "function" });
const obj = (name: string, get: () => unknown): Need => ({ name, get, kind: "object" });

const CHATS = obj("whatsapp.ChatStore", () => WPP.whatsapp.ChatStore);
const PEOPLE = [
  obj("whatsapp.ContactStore", () => WPP.whatsapp.ContactStore),
  fn("whatsapp.functions.queryWidExists", () => WPP.whatsapp.functions.queryWidExists),
];

export const PEOPLE_NEEDS: Readonly<Record<string, readonly Need[]>> = {
  LIST_CHATS: [CHATS],
  ARCHIVE_CHAT: [
    CHATS,
    fn("chat.archive", () => WPP.chat.archive),
    fn("whatsapp.Cmd.archiveChat", () => (WPP.whatsapp.Cmd as unknown as { archiveChat: unknown }).archiveChat),
  ],
  PIN_CHAT: [CHATS, fn("chat.pin", () => WPP.chat.pin), fn("whatsapp.functions.setPin", () => WPP.whatsapp.functions.setPin)],
  MUTE_CHAT: [CHATS, fn("whatsapp.MuteModel.mute", () => WPP.whatsapp.MuteModel.prototype.mute)],
  MARK_READ: [
    CHATS,
    fn("chat.markIsRead", () => WPP.chat.markIsRead),
    fn("whatsapp.functions.sendSeen", () => WPP.whatsapp.functions.sendSeen),
    fn("whatsapp.functions.markUnread", () => WPP.whatsapp.functions.markUnread),
    fn("chat.markIsUnread", () => WPP.chat.markIsUnread),
  ],
  CLEAR_CHAT: [CHATS, fn("chat.clear", () => WPP.chat.clear), fn("whatsapp.functions.sendClear", () => WPP.whatsapp.functions.sendClear)],
  DELETE_CHAT: [CHATS, fn("chat.delete", () => WPP.chat.delete), fn("whatsapp.functions.sendDelete", () => WPP.whatsapp.functions.sendDelete)],
  CHAT_HISTORY: [
    CHATS,
    fn("chat.getMessages", () => WPP.chat.getMessages),
    fn("whatsapp.functions.msgFindByDirection", () => WPP.whatsapp.functions.msgFindByDirection),
  ],
  PHONE_HISTORY: [fn("loader.search", () => WPP.loader.search), obj("the page's requests to the phone", phoneRequests)],
  LIST_CONTACTS: PEOPLE,
  LOOKUP_USERNAME: [
    fn("contact.queryUsernameExists", () => WPP.contact.queryUsernameExists),
    fn("whatsapp.functions.queryUsernameExists", () => WPP.whatsapp.functions.queryUsernameExists),
  ],
  CONTACT_PICTURE: [...PEOPLE, obj("whatsapp.ProfilePicThumbStore", () => WPP.whatsapp.ProfilePicThumbStore), fn("contact.getProfilePictureUrl", () => WPP.contact.getProfilePictureUrl)],
  CONTACT_ABOUT: [...PEOPLE, obj("whatsapp.StatusStore", () => WPP.whatsapp.StatusStore), fn("contact.getStatus", () => WPP.contact.getStatus)],
  BUSINESS_PROFILE: [...PEOPLE, obj("whatsapp.BusinessProfileStore", () => WPP.whatsapp.BusinessProfileStore), fn("contact.getBusinessProfile", () => WPP.contact.getBusinessProfile)],
  COMMON_GROUPS: [...PEOPLE, fn("whatsapp.functions.findCommonGroups", () => WPP.whatsapp.functions.findCommonGroups), fn("contact.getCommonGroups", () => WPP.contact.getCommonGroups)],
  SAVE_CONTACT: [
    ...PEOPLE,
    fn("whatsapp.functions.saveContactActionV2", () => WPP.whatsapp.functions.saveContactActionV2),
    fn("whatsapp.functions.deleteContactActionV2", () => WPP.whatsapp.functions.deleteContactActionV2),
    fn("contact.save", () => WPP.contact.save),
    fn("contact.remove", () => WPP.contact.remove),
  ],
  BLOCK_CONTACT: [
    ...PEOPLE,
    obj("whatsapp.BlocklistStore", () => WPP.whatsapp.BlocklistStore),
    fn("whatsapp.functions.blockContact", () => WPP.whatsapp.functions.blockContact),
    fn("whatsapp.functions.unblockContact", () => WPP.whatsapp.functions.unblockContact),
    fn("blocklist.blockContact", () => WPP.blocklist.blockContact),
    fn("blocklist.unblockContact", () => WPP.blocklist.unblockContact),
  ],
  SHOW_PRESENCE: [
    fn("conn.markAvailable", () => WPP.conn.markAvailable),
    obj("whatsapp.ChatPresence", () => WPP.whatsapp.ChatPresence),
    fn("chat.markIsComposing", () => WPP.chat.markIsComposing),
    fn("chat.markIsRecording", () => WPP.chat.markIsRecording),
    fn("chat.markIsPaused", () => WPP.chat.markIsPaused),
  ],
  SUBSCRIBE_PRESENCE: [
    obj("whatsapp.PresenceStore", () => WPP.whatsapp.PresenceStore),
    fn("whatsapp.functions.subscribePresence", () => WPP.whatsapp.functions.subscribePresence),
    fn("contact.subscribePresence", () => WPP.contact.subscribePresence),
  ],
  CALLS: [obj("whatsapp.CallStore", () => WPP.whatsapp.CallStore), fn("call.reject", () => WPP.call.reject)],
};
