import { isWithin } from "../../core/clock.js";
import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { importNamespace } from "../../loader.js";
import { session } from "../../net/session.js";
import * as storage from "../../storage/models.js";
import { chatFor } from "../chat.js";
import { cmd } from "../conn.js";
import { ACK } from "../constants.js";
import { markKnown } from "../known.js";
import { forgetMessage, keepMessage, msgs, protocols } from "../msg.js";
import { actualKey } from "./actual.js";
import { held } from "./apply.js";
import { sendAddon } from "./outbox.js";
import { reactions } from "./reactions.js";
import { claim, release } from "./slots.js";
import { keyOfWire, wireKey } from "./target.js";

/** @typedef {import("./apply.js").Applied} Applied */

/**
 * Deleting: for everyone, and on the account's own devices alone.
 *
 * What is left of a message that was deleted for everyone has the id of the message that deleted it, and names its old one
 * as `protocolMessageKey` (whatsapp-web.js, pull request 3715).
 */

/** What every message has, whatever it says. */
const KEPT = new Set([
  "id", "t", "from", "to", "author", "self", "ack", "rowId", "isNewMsg", "notifyName", "star", "broadcast", "isMdHistoryMsg",
]);

/** @param {any} msg */
export const canSenderRevokeMsg = (msg) =>
  Boolean(msg?.id?.fromMe) && msg.ack >= ACK.SENT && msg.type !== "revoked" && !msg.isNotification && isWithin(msg.t, "revoke");

/** @param {any} msg */
export function canAdminRevokeMsg(msg) {
  if (!msg?.id?.remote.isGroup() || msg.id.fromMe || msg.type === "revoked" || !isWithin(msg.t, "revoke")) return false;
  return Boolean(chatFor(msg.id.remote).groupMetadata?.participants?.iAmAdmin?.());
}

/**
 * @param {Applied} addon
 * @param {import("./apply.js").Occasion} occasion
 */
export async function applyRevoke(addon, { news, own = false }) {
  // From outside it goes the way of messages, where wa-js listens; the collection brings it back to `revoke`.
  if (!news || own) {
    await revoke(addon);
    return;
  }
  const { attributes, id, target } = addon;
  const collection = importNamespace("WAWebMsgCollection").MsgCollection;
  const message = { ...attributes, id, protocolMessageKey: target, isNewMsg: true, order: addon.order };
  await collection.processMultipleMessages(id.remote, [message]);
}

/**
 * A deletion as the collection of messages gets it.
 *
 * @param {Record<string, any>} attributes
 */
const processRevoke = (attributes) =>
  revoke({
    id: attributes.id,
    target: attributes.protocolMessageKey,
    sender: attributes.author ?? attributes.from,
    order: attributes.order ?? attributes.t * 1000,
    ack: 0,
    attributes,
  });

/**
 * @param {Applied} addon
 * @returns {Promise<any>} what is left of the message; nothing when this device hasn't got it, or knew
 */
async function revoke({ id, target, sender, order, attributes }) {
  const original = target.toString();
  const msg = await held(target);
  const by = sender.toString();
  const record = await claim("revoke", { id, target, sender, order, ack: 0, attributes }, "", { by }, () => {
    markKnown(id.toString());
    if (!msg) return [];
    const chat = chatFor(target.remote);
    const emptied = Object.keys(msg.attributes).filter((name) => !KEPT.has(name));
    for (const collection of [msgs, chat.msgs]) collection.rekey(target, id);
    msg.set({
      ...Object.fromEntries(emptied.map((name) => [name, undefined])),
      id, type: "revoked", subtype: attributes.subtype === "admin_revoke" ? "admin" : "sender", body: "",
      protocolMessageKey: target, revokeSender: sender, star: false,
    });
    reactions.deleteReactionsByParentMessageKey(original);
    if (chat.lastReceivedKey?.equals(target)) chat.set({ lastReceivedKey: id });
    return [storage.remove("message", original), keepMessage(msg)];
  });
  if (!record || !msg) return undefined;
  await release(original);
  return msg;
}

/** What the libraries give: `{list, type: "message"}`, or the list itself. @param {any} given @returns {any[]} */
const listOf = (given) => (Array.isArray(given) ? given : given.list);

/**
 * Deletes messages for everyone. Like the live page's, it says nothing of what came of it.
 *
 * @param {any} chat
 * @param {any} given
 * @param {any} [_options]
 */
async function sendRevokeMsgs(chat, given, _options) {
  const sent = listOf(given).map((msg) => {
    const subtype = msg.id.fromMe ? "sender_revoke" : "admin_revoke";
    return sendAddon(chat, { type: "protocol", subtype, protocolMessageKey: msg.id });
  });
  await Promise.all(sent);
}

/**
 * Deletes messages on this account's devices alone.
 *
 * @param {any} chat
 * @param {any} given
 * @param {any} [_clearMedia]
 */
async function sendDeleteMsgs(chat, given, _clearMedia) {
  const list = listOf(given);
  // Of one that was deleted for everyone, the server knows the id it had.
  const messages = list.map((msg) => wireKey(msg.protocolMessageKey ?? msg.id));
  await session.request({ t: "iq", op: "delete_messages", chat: chat.id.toString(), messages });
  for (const msg of list) await forget(msg.id, chat);
}

/**
 * @param {import("../../core/msgkey.js").MsgKey} key
 * @param {any} chat
 */
async function forget(key, chat) {
  const id = key.toString();
  const last = chat.lastReceivedKey?.equals(key);
  forgetMessage(id, chat);
  reactions.deleteReactionsByParentMessageKey(id);
  if (last) chat.set({ lastReceivedKey: chat.msgs.last()?.id });
  await release(id);
  await storage.stored();
}

/** @param {import("../../net/connection.js").Frame} frame messages that this account deleted on another device */
async function receiveDeletion(frame) {
  const chat = chatFor(createWid(frame.chat));
  for (const told of frame.messages) {
    const named = keyOfWire(told, chat.id);
    if (!named) continue;
    const key = await actualKey(named);
    // What is left of one that was deleted for everyone has another id.
    const revoked = await storage.addon(`revoke ${key} `);
    await forget(revoked ? MsgKey.fromString(revoked.msgKey) : key, chat);
  }
}

/** The old ids of messages that were deleted for everyone: when one of them comes again, it stays deleted. */
export async function loadRevoked() {
  for (const record of await storage.addonsBy("kind", "revoke")) markKnown(record.parent);
}

export function defineRevokes() {
  session.handle("delete_messages", receiveDeletion);
  for (const subtype of ["sender_revoke", "admin_revoke"]) protocols.set(subtype, processRevoke);
  Object.assign(cmd, { sendRevokeMsgs, sendDeleteMsgs });
}
