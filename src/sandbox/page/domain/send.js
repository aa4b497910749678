import { MsgKey } from "../core/msgkey.js";
import { AnswerTimeout, ConnectionLost, ServerError } from "../errors.js";
import { define, importNamespace } from "../loader.js";
import { session } from "../net/session.js";
import { settings } from "../settings.js";
import * as storage from "../storage/models.js";
import { ACK, SEND_RESULT } from "./constants.js";
import { chatFor, chats, keepChat } from "./chat.js";
import { contentOf } from "./content.js";
import { keepMessage, msgs, reviveMessage } from "./msg.js";
import { isKnown, markKnown } from "./known.js";
import { isUnuploaded, outgoingAttributes } from "./media/message.js";

/** @typedef {{messageSendResult: string, t?: number, tMs?: number, error?: number}} SendResult */
/** What has to be done before a message can be sent; gives the attributes that come of it. @typedef {() => Promise<Record<string, any>>} Upload */

/**
 * Sending. A message is handed to the database when it is handed to the server, and is `SENT` only when the server said
 * so. What a lost connection or a restart left unanswered is sent again with its id after the next login; the server
 * drops a second copy.
 */

/** Sends under way, by message id: asked for again, they give the same answer. @type {Map<string, Promise<SendResult>>} */
const underWay = new Map();
/** Those that wait for a connection. @type {Map<string, () => void>} */
const waiting = new Map();

/**
 * @param {any} chat
 * @param {any} message attributes or a model, with the id that was chosen for it
 * @returns {[Promise<any>, Promise<SendResult>]} the message in its chat; the server's answer
 */
const addAndSendMsgToChat = (chat, message) => sendWith(chat, message);

/**
 * @param {any} chat
 * @param {any} message
 * @param {Upload} [upload]
 * @returns {[Promise<any>, Promise<SendResult>]}
 */
export function sendWith(chat, message, upload) {
  const attributes = outgoingAttributes(message.isState ? message.attributes : message);
  const key = MsgKey.from(attributes.id);
  const id = key.toString();
  const held = msgs.get(key);
  if (!held && isKnown(id)) {
    const loaded = restore(id);
    return [loaded, loaded.then((msg) => repeat(msg, upload))];
  }
  if (held) return [Promise.resolve(held), repeat(held, upload)];
  const msg = msgs.isModel(message) ? message : new msgs.modelClass({ ...attributes, id: key });
  msg.set({ ack: ACK.CLOCK }, undefined, { silent: true });
  markKnown(id);
  keepMessage(msg).catch(reportError);
  msgs.add(msg);
  chat.msgs.add(msg);
  chat.set({ t: msg.t, lastReceivedKey: key });
  keepChat(chat).catch(reportError);
  return [Promise.resolve(msg), deliver(msg, upload)];
}

/** @param {string} id */
async function restore(id) {
  const msg = msgs.get(id) ?? msgs.add(reviveMessage(await storage.message(id)), { silent: true });
  chatFor(msg.id.remote).msgs.add(msg, { silent: true });
  return msg;
}

/**
 * The answer for a message that was given to send before: the one it had, or a new attempt when it failed.
 *
 * @param {any} msg
 * @param {Upload} [upload]
 * @returns {Promise<SendResult>}
 */
function repeat(msg, upload) {
  const pending = underWay.get(msg.id.toString());
  if (pending) return pending;
  if (msg.ack >= ACK.SENT) return Promise.resolve({ messageSendResult: SEND_RESULT.OK, t: msg.t });
  msg.set({ ack: ACK.CLOCK });
  return deliver(msg, upload);
}

/**
 * @param {any} msg
 * @param {Upload} [upload]
 * @returns {Promise<SendResult>}
 */
function deliver(msg, upload) {
  const id = msg.id.toString();
  const result = uploaded(msg, upload)
    .then((failed) => failed ?? attempt(msg))
    .finally(() => underWay.delete(id));
  underWay.set(id, result);
  return result;
}

/**
 * @param {any} msg
 * @param {Upload} [upload]
 * @returns {Promise<SendResult | null>} the result, where it ends here
 */
async function uploaded(msg, upload) {
  try {
    if (upload) {
      msg.set(await upload());
      keepMessage(msg).catch(reportError);
    }
    if (!isUnuploaded(msg.attributes)) return null;
    msg.set({ ack: ACK.CONTENT_UNUPLOADABLE });
  } catch (error) {
    console.warn(error instanceof Error ? error.message : error);
    msg.set({ ack: ACK.FAILED });
  }
  keepMessage(msg).catch(reportError);
  return { messageSendResult: SEND_RESULT.ERROR_UPLOAD };
}

/**
 * @param {any} msg
 * @returns {Promise<SendResult>}
 */
async function attempt(msg) {
  try {
    const result = await transmit(msg.attributes);
    if (result.messageSendResult === SEND_RESULT.OK) msg.updateAck(ACK.SENT);
    else msg.set({ ack: ACK.FAILED });
    return result;
  } catch (error) {
    msg.set({ ack: ACK.FAILED });
    throw error;
  } finally {
    keepMessage(msg).catch(reportError);
  }
}

/**
 * Gives a message to the server, however long that takes.
 *
 * @param {Record<string, any>} data the message's attributes
 * @returns {Promise<SendResult>} what the server said in the end
 */
export async function transmit(data) {
  for (;;) {
    try {
      // Through the namespace: wa-js replaces it.
      const answer = await importNamespace("WAWebSendMsgJob").encryptAndSendMsg({ type: data.type, data }, null);
      return { messageSendResult: SEND_RESULT.OK, t: answer.t, tMs: answer.tMs };
    } catch (error) {
      if (error instanceof AnswerTimeout) continue;
      if (error instanceof ServerError) return { messageSendResult: SEND_RESULT.ERROR_UNKNOWN, error: error.code };
      if (!(error instanceof ConnectionLost)) throw error;
      await connected(data.id.toString());
    }
  }
}

/** @param {string} id */
function connected(id) {
  return new Promise((resolve) => {
    waiting.set(id, () => resolve(undefined));
  });
}

/**
 * One message to the server.
 *
 * @param {{data: Record<string, any>}} message
 * @param {any} _reporter
 * @returns {Promise<{t: number, tMs: number, sync: null, phash: null, addressingMode: null, count: null, error: null}>}
 */
async function encryptAndSendMsg(message, _reporter) {
  const { data } = message;
  const frame = { t: "message", id: data.id.id, to: data.id.remote.toString(), content: contentOf(data) };
  const answer = await session.request(frame, settings.ackTimeoutMs);
  return { t: answer.ts, tMs: answer.ts_ms, sync: null, phash: null, addressingMode: null, count: null, error: null };
}

function resumeWaiting() {
  const resumed = [...waiting.values()];
  waiting.clear();
  for (const resume of resumed) resume();
}

/** Sends what an earlier run of the page stored and got no answer for. */
async function resumeStored() {
  const records = await storage.pendingMessages();
  for (const record of records) {
    if (underWay.has(record.id)) continue;
    const msg = msgs.get(record.id) ?? msgs.add(reviveMessage(record), { silent: true });
    chatFor(msg.id.remote).msgs.add(msg, { silent: true });
    deliver(msg).catch(reportError);
  }
}

/**
 * @param {any} chat
 * @param {string} text
 * @param {Record<string, any>} [options]
 */
async function sendTextMsgToChat(chat, text, options = {}) {
  const id = new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId() });
  const from = importNamespace("WAWebUserPrefsMeUser").getMePnUserOrThrow();
  const t = Math.floor(Date.now() / 1000);
  const attributes = { ...options, id, body: text, type: "chat", from, to: chat.id, self: "out", t, isNewMsg: true, local: true };
  const [, result] = addAndSendMsgToChat(chats.get(chat.id), attributes);
  return result;
}

export function defineSending() {
  let resumed = false;
  session.onLogin(() => {
    resumeWaiting();
    if (!resumed) resumeStored().catch(reportError);
    resumed = true;
  });
  define("WAWebSendMsgChatAction", { addAndSendMsgToChat });
  define("WAWebSendMsgJob", { encryptAndSendMsg });
  define("WAWebSendTextMsgChatAction", { sendTextMsgToChat });
}
