import { MsgKey } from "../../core/msgkey.js";
import { now } from "../../core/clock.js";
import { createWid } from "../../core/wid.js";
import { session } from "../../net/session.js";
import * as storage from "../../storage/models.js";
import { ACK, SEND_RESULT } from "../constants.js";
import { me } from "../me.js";
import { transmit } from "../send.js";
import { apply } from "./apply.js";
import { TARGETS } from "./target.js";

/** @typedef {import("../send.js").SendResult} SendResult */

/**
 * Sending of add-ons. One is in the database before the server gets it, and shows only once the server has said that it
 * took it: what is refused never happened. One without an answer is sent again after a restart, with its id.
 */

/** Those under way, by id: asked for again, they give the same answer. @type {Map<string, Promise<SendResult>>} */
const underWay = new Map();

/**
 * @param {any} chat
 * @returns {Promise<MsgKey>} the key of a new message of this account in a chat
 */
export async function newKey(chat) {
  const participant = chat.id.isGroup() ? ownWid(chat) : undefined;
  return new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId(), participant });
}

/**
 * The address under which this account writes in a chat.
 *
 * @param {any} chat
 */
function ownWid(chat) {
  const lid = chat.id.isLid() || chat.groupMetadata?.isLidAddressingMode;
  return lid ? (me.userLid() ?? me.userPn()) : me.userPn();
}

/**
 * @param {any} chat
 * @param {Record<string, any>} addon type and what it says; its `id`, if it has one already
 * @returns {Promise<SendResult>} what the server said
 */
export async function sendAddon(chat, addon) {
  const id = addon.id ?? (await newKey(chat));
  const from = ownWid(chat);
  const sent = { ...addon, id, from, to: chat.id, self: "out", senderTimestampMs: now(), t: Math.floor(now() / 1000) };
  return deliver(sent);
}

/**
 * @param {Record<string, any>} addon
 * @returns {Promise<SendResult>}
 */
function deliver(addon) {
  const id = addon.id.toString();
  const result = underWay.get(id) ?? attempt(addon).finally(() => underWay.delete(id));
  underWay.set(id, result);
  return result;
}

/**
 * @param {Record<string, any>} addon
 * @returns {Promise<SendResult>}
 */
async function attempt(addon) {
  const id = addon.id.toString();
  /** @type {Record<string, any>} */
  const record = {};
  for (const [name, value] of Object.entries(addon)) record[name] = plain(value);
  await storage.put("outgoing", id, () => record);
  const result = await transmit(addon);
  if (result.messageSendResult === SEND_RESULT.OK) {
    await apply({ ...addon, ack: ACK.SENT, order: result.tMs ?? addon.senderTimestampMs }, { own: true, news: true });
  }
  await storage.remove("outgoing", id);
  return result;
}

/**
 * @param {any} value
 * @returns {any} what the database takes
 */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  return typeof value?.toJSON === "function" || value instanceof MsgKey ? value.toString() : value;
}

const WIDS = ["from", "to"];

async function resume() {
  for (const record of await storage.all("outgoing")) {
    const addon = { ...record, id: MsgKey.fromString(record.id) };
    for (const name of WIDS) addon[name] = createWid(addon[name]);
    for (const name of TARGETS) if (addon[name]) addon[name] = MsgKey.fromString(addon[name]);
    if (addon.mentionedJidList) addon.mentionedJidList = addon.mentionedJidList.map(createWid);
    deliver(addon).catch(reportError);
  }
}

export function resumeAddons() {
  let resumed = false;
  session.onLogin(() => {
    if (!resumed) resume().catch(reportError);
    resumed = true;
  });
}
