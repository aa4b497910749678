/** What the bridge needs of wa-js, as data, and the test of it. */

import { functionOf } from "./modules";
import { type Need, PEOPLE_NEEDS } from "./people-needs";
import { GROUP_NEEDS } from "./group-needs";
import type { CapabilityState } from "./protocol";

function fn(name: string, get: () => unknown): Need {
  return { name, get, kind: "function" };
}

function obj(name: string, get: () => unknown): Need {
  return { name, get, kind: "object" };
}

const STORES: readonly Need[] = [
  obj("whatsapp.MsgStore", () => WPP.whatsapp.MsgStore),
  obj("whatsapp.ChatStore", () => WPP.whatsapp.ChatStore),
  fn("whatsapp.MsgKey", () => WPP.whatsapp.MsgKey),
  fn("whatsapp.MsgModel", () => WPP.whatsapp.MsgModel),
  fn("whatsapp.WidFactory.createWid", () => WPP.whatsapp.WidFactory.createWid),
];

const SENDING: readonly Need[] = [
  ...STORES,
  fn("chat.find", () => WPP.chat.find),
  fn("chat.prepareRawMessage", () => WPP.chat.prepareRawMessage),
  fn("whatsapp.functions.findOrCreateLatestChat", () => WPP.whatsapp.functions.findOrCreateLatestChat),
  fn("whatsapp.functions.addAndSendMsgToChat", () => WPP.whatsapp.functions.addAndSendMsgToChat),
  fn("whatsapp.functions.getEphemeralFields", () => WPP.whatsapp.functions.getEphemeralFields),
  fn("whatsapp.functions.unixTime", () => WPP.whatsapp.functions.unixTime),
];

const SENDING_FILES: readonly Need[] = [
  ...SENDING,
  fn("whatsapp.OpaqueData.createFromData", () => WPP.whatsapp.OpaqueData.createFromData),
  fn("whatsapp.MediaPrep.prepRawMedia", () => WPP.whatsapp.MediaPrep.prepRawMedia),
  fn("whatsapp.MediaGatingUtils.getUploadLimit", () => WPP.whatsapp.MediaGatingUtils.getUploadLimit),
];

/** A function that wa-js has no name of, by the module in which whatsapp-web.js finds it and its path there. */
function own(name: string): Need {
  const dot = name.indexOf(".");
  return fn(name, () => functionOf(name.slice(0, dot), name.slice(dot + 1)));
}

const FINDING: readonly Need[] = [...STORES, fn("chat.getMessageById", () => WPP.chat.getMessageById)];

const CONTRACT: Readonly<Record<string, readonly Need[]>> = {
  LINK_QR: [
    fn("conn.getAuthCode", () => WPP.conn.getAuthCode),
    fn("conn.refreshQR", () => WPP.conn.refreshQR),
    obj("whatsapp.Conn", () => WPP.whatsapp.Conn),
    obj("whatsapp.Cmd", () => WPP.whatsapp.Cmd),
  ],
  LINK_PAIRING_CODE: [
    fn("conn.genLinkDeviceCodeForPhoneNumber", () => WPP.conn.genLinkDeviceCodeForPhoneNumber),
    fn(
      "whatsapp.functions.genLinkDeviceCodeForPhoneNumber",
      () => WPP.whatsapp.functions.genLinkDeviceCodeForPhoneNumber,
    ),
    fn("whatsapp.functions.initializeAltDeviceLinking", () => WPP.whatsapp.functions.initializeAltDeviceLinking),
  ],
  LOGOUT: [fn("conn.logout", () => WPP.conn.logout), fn("whatsapp.Socket.logout", () => WPP.whatsapp.Socket.logout)],
  TAKE_OVER: [fn("whatsapp.Socket.takeover", () => WPP.whatsapp.Socket.takeover)],
  SEND_TEXT: SENDING,
  REPLY: [
    ...SENDING,
    fn("chat.getMessageById", () => WPP.chat.getMessageById),
    fn("whatsapp.functions.canReplyMsg", () => WPP.whatsapp.functions.canReplyMsg),
  ],
  MENTION: SENDING,
  MENTION_ALL: SENDING,
  LINK_PREVIEW: SENDING,
  FORWARD: SENDING,
  SEND_LOCATION: SENDING,
  SEND_CONTACTS: SENDING,
  SEND_POLL: SENDING,
  SEND_EVENT: [
    ...SENDING,
    fn("whatsapp.functions.createEventCallLink", () => WPP.whatsapp.functions.createEventCallLink),
  ],
  SEND_GROUP_INVITE: SENDING,
  SEND_LIST: SENDING,
  SEND_BUTTONS: [
    ...SENDING,
    fn("chat.prepareMessageButtons", () => WPP.chat.prepareMessageButtons),
    fn("whatsapp.TemplateButtonCollection", () => WPP.whatsapp.TemplateButtonCollection),
    fn("whatsapp.TemplateButtonModel", () => WPP.whatsapp.TemplateButtonModel),
  ],
  REACT: [
    ...FINDING,
    fn("whatsapp.functions.sendReactionToMsg", () => WPP.whatsapp.functions.sendReactionToMsg),
    fn("whatsapp.functions.getReactions", () => WPP.whatsapp.functions.getReactions),
  ],
  EDIT: [
    ...FINDING,
    fn("chat.prepareRawMessage", () => WPP.chat.prepareRawMessage),
    fn("whatsapp.functions.addAndSendMessageEdit", () => WPP.whatsapp.functions.addAndSendMessageEdit),
    fn("whatsapp.functions.canEditMsg", () => WPP.whatsapp.functions.canEditMsg),
    fn("whatsapp.functions.canEditCaption", () => WPP.whatsapp.functions.canEditCaption),
  ],
  REVOKE: [...FINDING, fn("whatsapp.Cmd.sendRevokeMsgs", () => WPP.whatsapp.Cmd.sendRevokeMsgs)],
  VOTE: [
    ...FINDING,
    own("WAWebPollsSendVoteMsgAction.sendVote"),
    fn("whatsapp.functions.getVotes", () => WPP.whatsapp.functions.getVotes),
  ],
  PIN: [
    ...FINDING,
    fn("whatsapp.functions.sendPinInChatMsg", () => WPP.whatsapp.functions.sendPinInChatMsg),
    obj("whatsapp.PinInChatStore", () => WPP.whatsapp.PinInChatStore),
  ],
  STAR: [
    ...FINDING,
    fn("whatsapp.Cmd.sendStarMsgs", () => WPP.whatsapp.Cmd.sendStarMsgs),
    fn("whatsapp.Cmd.sendUnstarMsgs", () => WPP.whatsapp.Cmd.sendUnstarMsgs),
  ],
  DELETE_FOR_ME: [...FINDING, fn("whatsapp.Cmd.sendDeleteMsgs", () => WPP.whatsapp.Cmd.sendDeleteMsgs)],
  MARK_PLAYED: [
    ...FINDING,
    fn("whatsapp.functions.markPlayed", () => WPP.whatsapp.functions.markPlayed),
    fn("whatsapp.functions.canMarkPlayed", () => WPP.whatsapp.functions.canMarkPlayed),
  ],
  RECEIVE_REACTIONS: [own("WAWebAddonReactionTableMode.reactionTableMode.bulkUpsert")],
  RECEIVE_VOTES: [own("WAWebAddonPollVoteTableMode.pollVoteTableMode.bulkUpsert")],
  SEND_IMAGE: SENDING_FILES,
  SEND_VIDEO: [
    ...SENDING_FILES,
    fn("whatsapp.functions.generateVideoThumbsAndDuration", () => WPP.whatsapp.functions.generateVideoThumbsAndDuration),
  ],
  SEND_AUDIO: SENDING_FILES,
  SEND_VOICE: SENDING_FILES,
  SEND_DOCUMENT: SENDING_FILES,
  SEND_STICKER: [
    ...SENDING_FILES,
    fn("whatsapp.functions.processRawSticker", () => WPP.whatsapp.functions.processRawSticker),
    fn("whatsapp.functions.isAnimatedWebp", () => WPP.whatsapp.functions.isAnimatedWebp),
  ],
  DOWNLOAD_MEDIA: [
    ...STORES,
    fn("chat.getMessageById", () => WPP.chat.getMessageById),
    fn("chat.downloadMedia", () => WPP.chat.downloadMedia),
    obj("whatsapp.MediaBlobCache", () => WPP.whatsapp.MediaBlobCache),
  ],
  ...GROUP_NEEDS,
  RECEIVE: STORES,
  RECEIPTS: [
    obj("whatsapp.MsgStore", () => WPP.whatsapp.MsgStore),
    fn("whatsapp.functions.handleChatSimpleReceipt", () => WPP.whatsapp.functions.handleChatSimpleReceipt),
  ],
  FIND_MESSAGE: [...STORES, fn("chat.getMessageById", () => WPP.chat.getMessageById)],
  BACKFILL: [...STORES, fn("chat.getMessages", () => WPP.chat.getMessages)],
  ...PEOPLE_NEEDS,
  LOOKUP_NUMBER: [
    fn("whatsapp.functions.queryWidExists", () => WPP.whatsapp.functions.queryWidExists),
    fn("whatsapp.lidPnCache.getCurrentLid", () => WPP.whatsapp.lidPnCache.getCurrentLid),
  ],
};

/**
 * Without these the bridge can't tell a linked account from an unlinked one, and then it must say nothing rather than
 * guess: an account that is taken for unlinked is forgotten.
 */
const OWN_BASICS: readonly Need[] = [
  fn("on", () => WPP.on),
  fn("conn.isAuthenticated", () => WPP.conn.isAuthenticated),
  fn("conn.getMyUserId", () => WPP.conn.getMyUserId),
];

const PAGE_BASICS: readonly Need[] = [
  obj("whatsapp.Socket", () => WPP.whatsapp.Socket),
  obj("whatsapp.Stream", () => WPP.whatsapp.Stream),
];

function missing(need: Need): boolean {
  try {
    const found = need.get();
    return need.kind === "function" ? typeof found !== "function" : typeof found !== "object" || found === null;
  } catch {
    return true;
  }
}

/**
 * Resolves every function that the bridge uses, and tells what doesn't.
 *
 * Those below `whatsapp` are the page's own: wa-js gives undefined for one that it didn't find in the page.
 */
export function selfTest(): CapabilityState[] {
  return Object.entries(CONTRACT).map(([name, needs]) => {
    const lacking = needs.filter(missing).map((need) => need.name);
    return { name, available: lacking.length === 0, detail: lacking.length > 0 ? lacking.join(", ") : null };
  });
}

/** What wa-js itself lacks of the basics. No waiting helps. */
export function lackingOwnBasics(): string[] {
  return OWN_BASICS.filter(missing).map((need) => need.name);
}

/** Whether wa-js has found the basics in the page, whose modules load one after another. */
export function hasPageBasics(): boolean {
  return !PAGE_BASICS.some(missing);
}
