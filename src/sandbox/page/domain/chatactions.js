import { ServerError } from "../errors.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { settings } from "../settings.js";
import * as storage from "../storage/models.js";
import { applyState, chatIdOf, chatFor, chats, keepChat } from "./chat.js";
import { cmd } from "./conn.js";
import { createWid } from "../core/wid.js";
import { MsgKey } from "../core/msgkey.js";
import { forgetMessage, msgs } from "./msg.js";
import { takeOlder } from "./receive.js";

/** @typedef {import("../net/connection.js").Frame} Frame */

/**
 * What the user does with a chat: archive, pin, mark as unread, clear, delete. The server is told first: a change that the
 * account's phone doesn't get is none.
 */

const MOST_PINNED = 3;
const OK = { status: 200 };
/** The kind of request by which a device asks its phone for older messages. */
const HISTORY_ON_DEMAND = 3;

/**
 * @param {any} chat
 * @param {{archived?: boolean, pinned?: boolean, marked_unread?: boolean}} change
 */
async function changeChat(chat, change) {
  const state = await session.request({ t: "iq", op: "chat_state", chat: chat.id.toString(), change });
  /** @type {Record<string, any>} */
  const told = {};
  if (change.archived !== undefined) told.archived = state.archived;
  if (change.pinned !== undefined) told.pinned_s = state.pinned_s;
  if (change.marked_unread !== undefined) told.marked_unread = state.marked_unread;
  applyState(chat, told);
  await keepChat(chat);
}

/**
 * @param {any} chat
 * @param {boolean} archived
 */
const setArchive = (chat, archived) => changeChat(chat, { archived });

/**
 * @param {any} chat
 * @param {boolean} pinned
 */
async function setPin(chat, pinned) {
  const others = chats.filter((/** @type {any} */ each) => each.pin && each !== chat);
  if (pinned && others.length >= MOST_PINNED) throw new Error(`at most ${MOST_PINNED} chats can be pinned`);
  await changeChat(chat, { pinned });
}

/**
 * @param {any} chat
 * @param {boolean} unread
 */
export const markUnread = (chat, unread) => changeChat(chat, { marked_unread: unread });

/**
 * Empties a chat up to the newest message that this page shows.
 *
 * @param {any} chat
 * @param {boolean} keepStarred
 */
async function clear(chat, keepStarred) {
  const last = lastSent(chat);
  const keep = keepStarred ? await starredOf(chat) : [];
  await session.request({ t: "iq", op: "chat_clear", chat: chat.id.toString(), last, keep });
  await clearUpTo(chat, last, keep);
}

/** @param {any} chat */
async function remove(chat) {
  const last = lastSent(chat);
  await session.request({ t: "iq", op: "chat_delete", chat: chat.id.toString(), last });
  await clearUpTo(chat, last, []);
  await drop(chat);
}

/** The newest message that the server knows, too. @param {any} chat @returns {string | null} */
function lastSent(chat) {
  const sent = chat.msgs.filter((/** @type {any} */ msg) => !msg.isNotification && (!msg.id.fromMe || msg.ack > 0));
  return sent.at(-1)?.id.id ?? null;
}

/** @param {any} chat @returns {Promise<string[]>} */
async function starredOf(chat) {
  const held = await allOf(chat);
  return held.filter((record) => record.star).map((record) => MsgKey.fromString(record.id).id);
}

/** @param {any} chat */
async function allOf(chat) {
  await storage.stored();
  return storage.messagesOf(chat.id.toString(), { count: Infinity });
}

/**
 * @param {any} chat
 * @param {string | null} last
 * @param {string[]} keep
 */
async function clearUpTo(chat, last, keep) {
  const records = last === null ? [] : await allOf(chat);
  const end = records.findLastIndex((record) => MsgKey.fromString(record.id).id === last);
  for (const record of records.slice(0, end + 1)) {
    if (!keep.includes(MsgKey.fromString(record.id).id)) forgetMessage(record.id, chat);
  }
  const left = records.slice(end + 1).filter((record) => record.self === "in").length;
  chat.set({ unreadCount: Math.min(Math.max(0, chat.unreadCount), left), lastReceivedKey: chat.msgs.last()?.id });
  await keepChat(chat);
}

/**
 * Takes a chat away, unless something came that the deletion didn't know of.
 *
 * @param {any} chat
 */
async function drop(chat) {
  if (chat.msgs.length) return;
  chats.remove(chat);
  await storage.remove("chat", chat.id.toString());
}

/**
 * Where the libraries find the outcome of what they don't wait for.
 *
 * @param {any} chat
 * @param {string} name
 * @param {() => Promise<void>} work
 */
function promised(chat, name, work) {
  const outcome = work().then(
    () => OK,
    (error) => {
      if (error instanceof ServerError) return { status: error.code };
      throw error;
    },
  );
  chat.promises[name] = outcome.finally(() => {
    chat.promises[name] = null;
  });
  return chat.promises[name];
}

/**
 * wa-js tells this function from the one of `WAWebChatClearBridge` by its text, which names `WAWebStateUtils`.
 *
 * @param {any} chat
 * @param {boolean} [keepStarred]
 */
function sendClear(chat, keepStarred = false) {
  const STATE_UTILS = "WAWebStateUtils";
  if (!chat.promises) throw new Error(`${STATE_UTILS}: not a chat`);
  return promised(chat, "sendClear", () => clear(chat, keepStarred));
}

/** @param {any} chat */
const sendDelete = (chat) => promised(chat, "sendDelete", () => remove(chat));

/**
 * Asks the phone for something that is no message. It answers later, in its own time.
 *
 * @param {number} type
 * @param {{chatId: any}} request
 */
async function sendPeerDataOperationRequest(type, { chatId }) {
  if (type !== HISTORY_ON_DEMAND) throw new Error(`the sandbox's phones answer no request of type ${type}`);
  const chat = chatFor(createWid(String(chatId)));
  const [oldest] = await storage.messagesOf(chat.id.toString(), { count: 1, direction: "after" });
  const before = oldest ? MsgKey.fromString(oldest.id).id : null;
  const frame = { t: "iq", op: "history", chat: chat.id.toString(), before, count: settings.loadedMessages };
  session.request(frame).then(
    (answer) => takeOlder(chat, answer.messages, answer.more, oldest?.order),
    (error) => console.warn("the phone gave no history", error),
  );
}

/** @param {Frame} frame */
async function receiveState(frame) {
  const chat = chatFor(createWid(frame.chat));
  applyState(chat, frame.change);
  await keepChat(chat);
}

/** @param {Frame} frame */
async function receiveCleared(frame) {
  const chat = chats.get(chatIdOf(createWid(frame.chat)));
  if (!chat) return;
  await clearUpTo(chat, frame.last, frame.keep);
  if (frame.deleted) await drop(chat);
}

export function defineChatActions() {
  session.handle("chat_state", receiveState);
  session.handle("chat_cleared", receiveCleared);
  const commands = { archiveChat: setArchive, pinChat: setPin, markChatUnread: markUnread };
  for (const [name, value] of Object.entries(commands)) {
    Object.defineProperty(Object.getPrototypeOf(cmd), name, { value, writable: true, configurable: true });
  }
  define("WAWebChatDbUpdatesApi", { setArchive });
  define("WAWebSetPinChatAction", { setPin });
  define("WAWebSendClearChatAction", { sendClear });
  define("WAWebChatClearBridge", { sendClear: (/** @type {any} */ chat, /** @type {boolean} */ keep) => clear(chat, keep) });
  define("WAWebDeleteChatAction", { sendDelete });
  define("WAWebSendNonMessageDataRequest", { sendPeerDataOperationRequest });
}
