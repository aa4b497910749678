import { BaseCollection } from "../../core/collection.js";
import { createWid } from "../../core/wid.js";
import { define } from "../../loader.js";
import { session } from "../../net/session.js";
import { chatFor } from "../chat.js";
import { cmd } from "../conn.js";
import { MsgModel, keepMessage, msgs } from "../msg.js";
import { actualKey } from "./actual.js";
import { held } from "./apply.js";
import { keyOfWire, wireKey } from "./target.js";

/** Stars: an account's own marks on messages, which nobody else sees. */

class StarredMsgCollection extends BaseCollection {
  static model = MsgModel;
}

/** @type {any} */
const starred = new StarredMsgCollection();

/** @param {any} msg */
export const canStarMsg = (msg) => Boolean(msg) && !msg.isNotification && msg.type !== "revoked";

/**
 * @param {any} msg
 * @param {boolean} star
 */
async function mark(msg, star) {
  msg.set({ star });
  if (star) starred.add(msg);
  else starred.remove(msg);
  await keepMessage(msg);
}

/**
 * @param {any} chat
 * @param {any} given `{list}` or a list of messages
 * @param {boolean} star
 */
function change(chat, given, star) {
  /** @type {any[]} */
  const list = Array.isArray(given) ? given : given.list;
  const frame = { t: "iq", op: "star", chat: chat.id.toString(), messages: list.map((msg) => wireKey(msg.id)), starred: star };
  const done = session.request(frame).then(() => Promise.all(list.map((msg) => mark(msg, star))));
  // wa-js waits for this promise and nothing else.
  chat.promises.sendStarMsgs = done.finally(() => delete chat.promises.sendStarMsgs);
  return chat.promises.sendStarMsgs;
}

/** @param {import("../../net/connection.js").Frame} frame what this account did on another device */
async function receiveStar(frame) {
  const chat = chatFor(createWid(frame.chat));
  for (const told of frame.messages) {
    const key = keyOfWire(told, chat.id);
    const msg = key && (await held(await actualKey(key)));
    if (msg) await mark(msg, frame.starred);
  }
}

export function loadStars() {
  for (const msg of msgs) if (msg.star) starred.add(msg, { silent: true });
}

export function defineStars() {
  session.handle("star", receiveStar);
  msgs.on("remove", (/** @type {any} */ msg) => starred.remove(msg));
  Object.assign(cmd, {
    sendStarMsgs: (/** @type {any} */ chat, /** @type {any} */ list) => change(chat, list, true),
    sendUnstarMsgs: (/** @type {any} */ chat, /** @type {any} */ list) => change(chat, list, false),
  });
  define("WAWebStarredMsgCollection", { StarredMsgCollection, AllStarredMsgsCollection: starred });
}
