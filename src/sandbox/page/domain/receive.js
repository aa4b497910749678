import { MsgKey } from "../core/msgkey.js";
import { createWid } from "../core/wid.js";
import { importNamespace } from "../loader.js";
import { session } from "../net/session.js";
import * as storage from "../storage/models.js";
import { ACK } from "./constants.js";
import { apply } from "./addons/apply.js";
import { TARGETS, formOf, keyOfWire } from "./addons/target.js";
import { applyState, chatFor, chatIdOf, keepChat } from "./chat.js";
import { learn } from "./contact.js";
import { attributesOf } from "./content.js";
import { learnPeople } from "./groups/ask.js";
import { takeFromHistory } from "./groups/news.js";
import { isKnown, markKnown } from "./known.js";
import { me } from "./me.js";
import { countsAsUnread, isNumberChange, keepMessage, msgs } from "./msg.js";
import { confirmDelivery } from "./receipts.js";

/** @typedef {import("../net/connection.js").Frame} Frame */

/** What arrives: live messages, the offline queue, the history after linking. */

/**
 * The attributes of a message from the wire.
 *
 * @param {any} wire
 * @returns {Record<string, any>}
 */
function fromWire(wire) {
  const remote = chatIdOf(createWid(wire.chat));
  const participant = wire.participant ? createWid(wire.participant) : undefined;
  const id = new MsgKey({ fromMe: wire.from_me, remote, id: wire.id, participant });
  const own = me.userPn();
  const attributes = attributesOf(wire.content);
  const numbers = isNumberChange(attributes) ? attributes.templateParams?.map(createWid) : undefined;
  if (numbers) attributes.templateParams = numbers;
  for (const name of TARGETS) if (attributes[name]) attributes[name] = keyOfWire(attributes[name], remote);
  return {
    ...attributes,
    id,
    t: wire.ts,
    from: wire.from_me ? own : remote,
    to: wire.from_me ? remote : numbers ? numbers.at(-1) : own,
    author: participant,
    notifyName: wire.push_name ?? "",
    self: wire.from_me ? "out" : "in",
    ack: wire.ack ?? ACK.SENT,
  };
}

/** @param {any} wire */
function learnFrom(wire) {
  const chat = createWid(wire.chat);
  if (chat.isGroup()) learnPeople([{ jid: wire.participant, lid: wire.peer_lid, pn: wire.peer_pn, name: wire.push_name }]);
  if (!chat.isUser()) return;
  learn({ jid: wire.chat, lid: wire.peer_lid, pn: wire.peer_pn, name: wire.from_me ? null : wire.push_name });
}

/**
 * A message of another account, or of another device of this one.
 *
 * @param {Frame} frame
 * @returns {Promise<void>} when it is stored
 */
async function receiveMessage(frame) {
  const wire = frame.msg;
  // First: whoever is known under both forms has one chat.
  learnFrom(wire);
  const attributes = fromWire(wire);
  const id = attributes.id.toString();
  let stored;
  if (formOf(attributes)) {
    stored = apply({ ...attributes, order: wire.ts_ms }, { news: true });
  } else if (isKnown(id)) {
    stored = storage.stored();
  } else {
    markKnown(id);
    stored = add(attributes, !wire.from_me);
  }
  // Said before the frame is acknowledged, so that a lost connection brings the message, and this, once more.
  await (wire.from_me ? stored : confirmDelivery(attributes.id, stored));
}

/**
 * @param {Record<string, any>} attributes
 * @param {boolean} inbound
 */
async function add(attributes, inbound) {
  const remote = attributes.id.remote;
  const chat = chatFor(remote);
  // The model is made before the collections see it, so that storing can begin at once.
  const collection = importNamespace("WAWebMsgCollection").MsgCollection;
  const added = collection.processMultipleMessages(remote, [{ ...attributes, isNewMsg: true }]);
  const [msg] = await added;
  chat.msgs.add(msg);
  const unread = inbound && countsAsUnread(msg) ? { unreadCount: Math.max(0, chat.unreadCount) + 1 } : {};
  chat.set({ t: Math.max(chat.t ?? 0, msg.t), lastReceivedKey: msg.id, ...unread });
  await Promise.all([keepMessage(msg), keepChat(chat)]);
  // whatsapp-web.js reads a changed number in a notice that changes after it has come.
  if (isNumberChange(msg)) msg.set({ isNewMsg: false });
}

/**
 * A part of the history. It is no news: nothing is announced.
 *
 * @param {Frame} frame
 */
async function receiveHistory(frame) {
  for (const person of frame.contacts) learn(person);
  const writes = [];
  for (const summary of frame.chats) {
    writes.push(takeFromHistory(summary));
    const chat = chatFor(createWid(summary.id));
    chat.set({ t: summary.ts, unreadCount: summary.unread ?? 0, endOfHistoryTransferType: summary.more ? 0 : 1 });
    applyState(chat, summary.state);
    writes.push(keepChat(chat));
  }
  for (const wire of frame.messages) {
    const attributes = fromWire(wire);
    attributes.isMdHistoryMsg = true;
    attributes.star = Boolean(wire.starred);
    const id = attributes.id.toString();
    if (isKnown(id)) continue;
    markKnown(id);
    const msg = msgs.add(attributes, { silent: true });
    const chat = chatFor(attributes.id.remote);
    chat.msgs.add(msg, { silent: true });
    chat.set({ t: Math.max(chat.t ?? 0, msg.t), lastReceivedKey: chat.msgs.last().id });
    writes.push(keepMessage(msg), keepChat(chat));
  }
  await Promise.all(writes);
  for (const wire of frame.messages) await applyHistory(wire.addons);
  session.send({ t: "history_ack", progress: frame.progress });
}

/**
 * Older messages of a chat that the phone gave when asked. They go before what is held: several of the same second are told
 * apart by their order alone.
 *
 * @param {any} chat
 * @param {any[]} wires oldest first
 * @param {boolean} more whether the phone has still older ones
 * @param {number} [first] the order of the oldest message held
 */
export async function takeOlder(chat, wires, more, first = Date.now()) {
  const news = wires.map(fromWire).filter((attributes) => !isKnown(attributes.id.toString()));
  const writes = news.map((attributes, index) => {
    markKnown(attributes.id.toString());
    const rowId = first - news.length + index;
    const msg = msgs.add({ ...attributes, rowId, isMdHistoryMsg: true }, { silent: true });
    chat.msgs.add(msg, { silent: true });
    return keepMessage(msg);
  });
  chat.set({ endOfHistoryTransferType: more ? 0 : 1, lastReceivedKey: chat.msgs.last()?.id });
  await Promise.all([...writes, keepChat(chat)]);
  for (const wire of wires) await applyHistory(wire.addons);
}

/**
 * What was done to a message of the history, in order.
 *
 * @param {any[]} wires
 */
async function applyHistory(wires) {
  for (const wire of wires) await apply({ ...fromWire(wire), order: wire.ts_ms }, { news: false });
}

/**
 * A message of type `gp2`: the people of a group read in it what was done there. Nobody is told that it has arrived.
 *
 * @param {any} wire
 * @returns {Promise<void>} when it is stored
 */
export async function receiveNotice(wire) {
  const attributes = fromWire(wire);
  attributes.recipients = attributes.recipients.map(createWid);
  const id = attributes.id.toString();
  if (isKnown(id)) return;
  markKnown(id);
  await add(attributes, false);
}

export function defineReceiving() {
  session.handle("message", receiveMessage);
  session.handle("history", receiveHistory);
}
