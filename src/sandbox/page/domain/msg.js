import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { MsgKey } from "../core/msgkey.js";
import { Wid, createWid } from "../core/wid.js";
import { define, importNamespace } from "../loader.js";
import { notImplemented } from "../stubs.js";
import * as storage from "../storage/models.js";
import { ACK, SYSTEM_MESSAGE_TYPES } from "./constants.js";
import { contacts } from "./contact.js";
import { reviveButtons } from "./contents/buttons.js";
import { isMe, me } from "./me.js";
import { downloadMedia, mediaDataOf, mediaObjectOf } from "./media/message.js";

/** Messages: the model, all that are in memory, and their form in the database. */

/** Attributes that are addresses, and those that are message keys: text in the database. */
const WIDS = ["from", "to", "author", "quotedParticipant", "revokeSender"];
const KEYS = ["id", "protocolMessageKey", "latestEditMsgKey"];

export class MsgModel extends BaseModel {
  static session = new Set(["local", "stale", "senderObj", "mediaData", "msgChunk", "search", "quotedMsgKey"]);

  /** Puts messages of the same second in the order in which they came. */
  static lastRow = Date.now() * 1000;

  defaults() {
    MsgModel.lastRow += 1;
    return { rowId: MsgModel.lastRow, isNewMsg: false, star: false };
  }

  /** Whoever wrote it. */
  get sender() {
    const { author, from, id } = this.attributes ?? {};
    return author ?? id?.participant ?? from;
  }

  get senderObj() {
    const { sender } = this;
    return sender && contacts.gadd(sender);
  }

  get isSentByMe() {
    return Boolean(this.attributes?.id?.fromMe);
  }

  get isStatusV3() {
    return Boolean(this.attributes?.id?.remote.isStatus());
  }

  get isNotification() {
    return SYSTEM_MESSAGE_TYPES.includes(this.attributes?.type);
  }

  get isEphemeral() {
    return Boolean(this.attributes?.ephemeralDuration);
  }

  get isFailed() {
    return (this.attributes?.ack ?? 0) < ACK.CLOCK;
  }

  get isUserCreatedType() {
    return !this.isNotification;
  }

  /** What is known of the file it holds; nothing when it holds none. */
  get mediaData() {
    return mediaDataOf(this);
  }

  get mediaObject() {
    return mediaObjectOf(this);
  }

  downloadMedia() {
    return downloadMedia(this);
  }

  canReply() {
    return canReplyMsg(this);
  }

  /**
   * @param {number} ack
   * @param {boolean} [_force]
   */
  updateAck(ack, _force) {
    if (ack > (this.attributes.ack ?? ACK.INACTIVE)) this.set({ ack });
  }

  /**
   * What a reply to this message says of it.
   *
   * @param {any} chat the chat, or the address of the chat, in which the reply is written
   */
  msgContextInfo(chat) {
    const { id } = this.attributes;
    const remote = chat?.id ?? chat;
    return {
      quotedMsg: quotable(this),
      quotedParticipant: this.sender,
      quotedStanzaID: id.id,
      ...(remote && !id.remote.equals(remote) ? { quotedRemoteJid: id.remote } : {}),
    };
  }
}
defineModel(MsgModel, "msg", [
  "id", "body", "type", "subtype", "t", "notifyName", "from", "to", "author", "self", "ack", "isNewMsg", "star", "rowId",
  "caption", "mentionedJidList", "quotedMsg", "quotedStanzaID", "quotedParticipant", "quotedRemoteJid", "latestEditMsgKey",
  "protocolMessageKey", "local", "isLive", "directPath", "isUnsentMedia", "broadcast",
]);

const NOT_QUOTED = new Set([
  "id", "from", "to", "author", "self", "ack", "isNewMsg", "star", "rowId", "t", "notifyName", "local", "quotedMsg",
  "quotedStanzaID", "quotedParticipant", "quotedRemoteJid", "mentionedJidList", "broadcast",
]);

/** @param {MsgModel} msg */
function quotable(msg) {
  const entries = Object.entries(msg.attributes);
  return Object.fromEntries(entries.filter(([name, value]) => value !== undefined && !NOT_QUOTED.has(name)));
}

/**
 * What messages of the type `protocol` do, by subtype. A handler gives the message that it concerned.
 *
 * @type {Map<string, (attributes: Record<string, any>) => Promise<any>>}
 */
export const protocols = new Map();

/**
 * Whether a message says that a person, or a member of a group, has another number. Which attributes the live page gives
 * them is known from whatsapp-web.js alone: `templateParams` and `to`, in a group `author` and `recipients`.
 *
 * @param {any} msg a message or its attributes
 */
export const isNumberChange = (msg) =>
  (msg.type === "notification_template" && msg.subtype === "change_number") || (msg.type === "gp2" && msg.subtype === "modify");

/** @param {Record<string, any>} attributes */
const protocolOf = (attributes) => (attributes.type === "protocol" ? attributes.subtype : "");

class MsgCollectionImpl extends BaseCollection {
  static model = MsgModel;

  /**
   * @param {any[]} ids
   * @returns {Promise<{messages: any[]}>} those there are, from memory or the database
   */
  async getMessagesById(ids) {
    const found = await Promise.all(ids.map((id) => this.get(id) ?? load(id)));
    return { messages: found.filter(Boolean) };
  }

  /**
   * Takes in messages of one chat, whatever their type: one that does something to another message does it, any other is
   * kept as a message of its type.
   *
   * @param {Wid} _chat
   * @param {Record<string, any>[]} messages
   */
  async processMultipleMessages(_chat, messages) {
    return Promise.all(
      messages.map((attributes) => protocols.get(protocolOf(attributes))?.(attributes) ?? this.add(attributes)),
    );
  }
}
const search = notImplemented("WAWebMsgCollection.MsgCollection.search");
Object.defineProperty(MsgCollectionImpl.prototype, "search", { value: search, writable: true, configurable: true });

/** @type {any} */
export const msgs = new MsgCollectionImpl();

/** @param {any} id */
async function load(id) {
  const record = leaving.has(String(id)) ? undefined : await storage.message(String(id));
  // It may have been deleted while the database answered.
  if (leaving.has(String(id))) return undefined;
  return record && msgs.add(reviveMessage(record), { silent: true });
}

/**
 * The stored form: what the structured clone algorithm takes, addresses and keys as text.
 *
 * @param {any} msg
 */
export function messageRecord(msg) {
  const { attributes } = msg;
  /** @type {Record<string, any>} */
  const record = {};
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value !== undefined && !MsgModel.session.has(name)) record[name] = plain(value);
  }
  record.chat = attributes.id.remote.toString();
  record.order = attributes.rowId;
  record.isNewMsg = false;
  if (attributes.ack === ACK.CLOCK) record.pending = 1;
  return record;
}

/**
 * @param {any} value
 * @returns {any}
 */
function plain(value) {
  if (value === null || typeof value !== "object") return typeof value === "function" ? undefined : value;
  if (value instanceof Wid || value instanceof MsgKey) return value.toString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(plain);
  const source = typeof value.toJSON === "function" ? value.toJSON() : value;
  if (Array.isArray(source)) return source.map(plain);
  return Object.fromEntries(Object.entries(source).map(([name, item]) => [name, plain(item)]));
}

/**
 * The attributes of a stored message.
 *
 * @param {Record<string, any>} record
 */
export function reviveMessage({ chat: _chat, order: _order, pending: _pending, ...attributes }) {
  for (const name of WIDS) if (typeof attributes[name] === "string") attributes[name] = createWid(attributes[name]);
  for (const name of KEYS) if (typeof attributes[name] === "string") attributes[name] = MsgKey.fromString(attributes[name]);
  // A sender may write anything there: one such message must not keep the page from starting.
  if (Array.isArray(attributes.mentionedJidList)) attributes.mentionedJidList = attributes.mentionedJidList.map(createWid);
  if (isNumberChange(attributes) && attributes.templateParams) attributes.templateParams = attributes.templateParams.map(createWid);
  if (attributes.type === "gp2") attributes.recipients = (attributes.recipients ?? []).map(createWid);
  if (attributes.buttons) attributes.buttons = reviveButtons(attributes.buttons);
  if (attributes.quotedRemoteJid) attributes.quotedRemoteJid = createWid(attributes.quotedRemoteJid);
  return attributes;
}

/**
 * Stores a message's present state with the next transaction.
 *
 * @param {any} msg
 */
export function keepMessage(msg) {
  return storage.put("message", msg.id.toString(), () => (forgotten.has(msg) ? undefined : messageRecord(msg)));
}

/** Messages that were deleted here: whatever still happens to them isn't stored. @type {WeakSet<object>} */
const forgotten = new WeakSet();
/** The ids of those that aren't out of the database yet: who looks for one by then must not bring it back. @type {Set<string>} */
const leaving = new Set();

/** @param {string} id @returns {boolean} whether what the database may still say of a message isn't so any more */
export const isLeaving = (id) => leaving.has(id);

/**
 * Deletes a message on this device.
 *
 * @param {string} id
 * @param {any} chat
 */
export function forgetMessage(id, chat) {
  const msg = msgs.get(id);
  if (msg) forgotten.add(msg);
  leaving.add(id);
  storage
    .remove("message", id)
    .finally(() => leaving.delete(id))
    .catch(reportError);
  msgs.remove(id);
  chat.msgs.remove(id);
}

/** @param {any} msg */
function canReplyMsg(msg) {
  return !msg.isNotification && msg.type !== "revoked" && msg.type !== "ciphertext" && !msg.isFailed;
}

/**
 * The message that another one answers: the one in memory, else one made of what the answer says of it.
 *
 * @param {any} msg
 * @returns {any} nothing when it answers none
 */
function getQuotedMsgObj(msg) {
  const { quotedStanzaID, quotedParticipant, quotedMsg } = msg.attributes;
  if (!quotedStanzaID) return undefined;
  const remote = msg.quotedRemoteJid ?? msg.id.remote;
  const fromMe = isMe(quotedParticipant);
  const participant = remote.isGroup() ? quotedParticipant : undefined;
  const id = new MsgKey({ fromMe, remote, id: quotedStanzaID, participant });
  const held = msgs.get(id);
  if (held) return held;
  const own = me.userPn();
  const [from, to] = fromMe ? [own, remote] : [quotedParticipant, own];
  return new MsgModel({ ...quotedMsg, id, from, to, author: participant });
}

/**
 * @param {{anchor: any, count: number, direction?: "before" | "after"}} query the anchor is not among the answer
 * @returns {Promise<{messages: any[], status: number}>} attributes, oldest first
 */
async function msgFindByDirection({ anchor, count, direction = "before" }) {
  const record = await storage.message(anchor.toString());
  if (!record) return { messages: [], status: 404 };
  const position = { t: record.t, order: record.order };
  const records = await storage.messagesOf(anchor.remote.toString(), { count, direction, anchor: position });
  return { messages: records.map(reviveMessage), status: 200 };
}

export function defineMsgs() {
  define("WAWebMsgModel", { Msg: MsgModel });
  define("WAWebMsgCollection", { MsgCollectionImpl, MsgCollection: msgs });
  define("WAWebMsgReply", { canReplyMsg });
  define("WAWebQuotedMsgModelUtils", { getQuotedMsgObj });
  define("WAWebMsgGetters", { getIsUnreadType });
  define("WAWebDBMessageFindLocal", {
    msgFindByDirection,
    msgFindBefore: (/** @type {any} */ query) => msgFindByDirection({ ...query, direction: "before" }),
    msgFindAfter: (/** @type {any} */ query) => msgFindByDirection({ ...query, direction: "after" }),
  });
  define("WAWebMsgDataFromModel", { msgDataFromMsgModel: async (/** @type {any} */ msg) => ({ ...msg.attributes }) });
  define("WAWebGetEphemeralFieldsMsgActionsUtils", { getEphemeralFields: () => ({}) });
}

/** @param {any} msg */
function getIsUnreadType(msg) {
  return !msg.isNotification && msg.type !== "reaction";
}

/**
 * Whether a message counts as unread, as whoever replaced the function says.
 *
 * @param {any} msg
 */
export const countsAsUnread = (msg) => Boolean(importNamespace("WAWebMsgGetters").getIsUnreadType(msg));
