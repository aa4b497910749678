import { MsgKey } from "../core/msgkey.js";
import { createWid } from "../core/wid.js";
import { ConnectionLost } from "../errors.js";
import { define, importNamespace } from "../loader.js";
import { session } from "../net/session.js";
import * as storage from "../storage/models.js";
import { ACK } from "./constants.js";
import { chatIdOf, chats, keepChat } from "./chat.js";
import { markUnread } from "./chatactions.js";
import { keepMessage, msgs } from "./msg.js";

/** @typedef {import("../net/connection.js").Frame} Frame */
/** @typedef {"delivered" | "read" | "played"} Kind */

/** Receipts both ways: what others tell of our messages, and what we tell of theirs. */

/** @type {Record<string, number>} */
const ACK_OF = { delivered: ACK.RECEIVED, read: ACK.READ, played: ACK.PLAYED };
/** @type {Record<string, string>} */
const STRING_OF = { delivered: "delivery", read: "read", played: "played" };

// --- ours

/** @typedef {{kind: Kind, chat: string, participant: string | undefined, ids: string[]}} Receipt */

/** What is gathered for the next turn of the event loop. @type {Map<string, Receipt>} */
let gathered = new Map();
/** Those no connection took yet. @type {Receipt[]} */
let unsent = [];

/**
 * Tells a message's sender about it, soon: what is told in the same turn goes in one frame.
 *
 * @param {Kind} kind
 * @param {MsgKey} key
 */
export function sendReceipt(kind, key) {
  const group = `${kind} ${key.remote} ${key.participant ?? ""}`;
  const receipt = gathered.get(group);
  if (receipt) {
    receipt.ids.push(key.id);
    return;
  }
  if (!gathered.size) queueMicrotask(flush);
  gathered.set(group, { kind, chat: key.remote.toString(), participant: key.participant?.toString(), ids: [key.id] });
}

/** Messages that are being stored: nobody has read what isn't delivered. @type {Map<string, Promise<void>>} */
const delivering = new Map();

/**
 * Tells the sender that a message has arrived, once it is stored.
 *
 * @param {MsgKey} key
 * @param {Promise<void>} stored
 * @returns {Promise<void>} when it has been told
 */
export function confirmDelivery(key, stored) {
  const id = key.toString();
  const told = stored.then(() => sendReceipt("delivered", key)).finally(() => delivering.delete(id));
  delivering.set(id, told);
  return told;
}

function flush() {
  const receipts = [...gathered.values()];
  gathered = new Map();
  for (const receipt of receipts) tell(receipt).catch(reportError);
}

/** @param {Receipt} receipt */
async function tell(receipt) {
  try {
    await session.request({ t: "receipt", ...receipt });
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    unsent.push(receipt);
  }
}

function tellUnsent() {
  const receipts = unsent;
  unsent = [];
  for (const receipt of receipts) tell(receipt).catch(reportError);
}

/**
 * Marks a chat as read and tells the senders.
 *
 * @param {any} request `{chat}` or the chat
 */
async function sendSeen(request) {
  const chat = request.isState ? request : request.chat;
  const count = Math.max(0, chat.unreadCount);
  if (chat.markedUnread) await markUnread(chat, false);
  if (count === 0) return;
  const unread = await newestInbound(chat, count);
  await Promise.all(unread.map((key) => delivering.get(key.toString())));
  for (const key of unread) sendReceipt("read", key);
  chat.set({ unreadCount: 0 });
  await keepChat(chat);
}

/**
 * @param {any} chat
 * @param {number} count
 * @returns {Promise<MsgKey[]>}
 */
async function newestInbound(chat, count) {
  const inMemory = chat.msgs.filter((/** @type {any} */ msg) => !msg.id.fromMe && !msg.isNotification).slice(-count);
  if (inMemory.length >= count) return inMemory.map((/** @type {any} */ msg) => msg.id);
  await storage.stored();
  const records = await storage.messagesOf(chat.id.toString(), { count: Infinity });
  return records.map((record) => MsgKey.fromString(record.id)).filter((key) => !key.fromMe).slice(-count);
}

// --- theirs

/**
 * Who read or got which messages: one call per receipt, through the namespace, because wa-js listens there.
 *
 * @typedef {object} SimpleReceipt
 * @property {number} ack
 * @property {string} ackString
 * @property {any} from the chat
 * @property {any} participant
 * @property {any} recipient
 * @property {string[]} externalIds
 * @property {number} ts
 * @property {number[] | undefined} acks in groups, how far each has come with everybody
 */

/**
 * @param {Frame} frame
 * @returns {Promise<void>} when it is stored
 */
async function receiveReceipt(frame) {
  const from = chatIdOf(createWid(frame.chat));
  if (frame.self) {
    await readElsewhere(from, frame.ids.length);
    return;
  }
  const participant = from.isGroup() ? createWid(frame.participant) : undefined;
  const receipt = {
    ack: ACK_OF[frame.kind], ackString: STRING_OF[frame.kind], from, participant, recipient: undefined,
    externalIds: frame.ids, ts: frame.ts, acks: frame.acks,
  };
  if (from.isStatus()) await importNamespace("WAWebHandleStatusReceipt").handleStatusSimpleReceipt(receipt);
  else if (from.isGroup()) await importNamespace("WAWebHandleGroupChatReceipt").handleGroupSimpleReceipt(receipt);
  else await importNamespace("WAWebHandleDirectChatReceipt").handleChatSimpleReceipt(receipt);
}

/**
 * @param {SimpleReceipt} receipt
 * @returns {Promise<void>} when it is stored
 */
async function handleChatSimpleReceipt({ ack, from, externalIds }) {
  await Promise.all(externalIds.map((id) => advance(new MsgKey({ fromMe: true, remote: from, id }), ack)));
}

/**
 * Raises a message's ack, in memory or only in the database; it never falls.
 *
 * @param {MsgKey} key
 * @param {number} ack
 */
export function advance(key, ack) {
  const msg = msgs.get(key);
  if (msg) {
    msg.updateAck(ack);
    return keepMessage(msg);
  }
  return storage.update("message", key.toString(), (held) => (held.ack < ack ? { ...held, ack, pending: undefined } : held));
}

/**
 * @param {any} wid a chat that this account read on another of its devices
 * @param {number} count how many messages of it
 */
async function readElsewhere(wid, count) {
  const chat = chats.get(wid);
  if (!chat) return;
  chat.set({ unreadCount: Math.max(0, chat.unreadCount - count) });
  await keepChat(chat);
}

export function defineReceipts() {
  session.handle("receipt", receiveReceipt);
  session.onLogin(tellUnsent);
  define("WAWebUpdateUnreadChatAction", {
    sendSeen,
    markUnread,
  });
  define("WAWebHandleDirectChatReceipt", { handleChatSimpleReceipt });
}
