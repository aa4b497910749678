import { now } from "../../core/clock.js";
import { define, importNamespace } from "../../loader.js";
import { newKey } from "../addons/outbox.js";
import { me } from "../me.js";

/** Forwarding: the same content in another chat, with the mark of it. */

/** What belongs to the copy that is forwarded, and not to the next. */
const LEFT = new Set([
  "id", "t", "from", "to", "author", "self", "ack", "rowId", "isNewMsg", "star", "notifyName", "broadcast", "local",
  "quotedMsg", "quotedStanzaID", "quotedParticipant", "quotedRemoteJid", "mentionedJidList", "nonJidMentions", "hasReaction",
  "latestEditMsgKey", "latestEditSenderTimestampMs", "latestEditOrder", "isMdHistoryMsg", "isForwarded", "forwardingScore",
]);
const CAPTIONED = ["image", "video", "document"];

/**
 * @param {any} chat
 * @param {Record<string, any>} attributes
 */
async function send(chat, attributes) {
  const id = await newKey(chat);
  const t = Math.floor(now() / 1000);
  const message = { ...attributes, id, t, from: id.participant ?? me.userPn(), to: chat.id, self: "out", isNewMsg: true, local: true };
  return importNamespace("WAWebSendMsgChatAction").addAndSendMsgToChat(chat, message);
}

/**
 * @param {{chat: any, msgs: any[], multicast?: boolean, includeCaption?: boolean, appendedText?: any}} request
 * @returns {Promise<any[]>} what the server said of each
 */
async function forwardMessages({ chat, msgs, includeCaption = true, appendedText }) {
  const results = [];
  for (const msg of msgs) {
    const copied = Object.entries(msg.attributes).filter(([name, value]) => value !== undefined && !LEFT.has(name));
    const attributes = Object.fromEntries(copied);
    if (!includeCaption && CAPTIONED.includes(msg.type)) delete attributes.caption;
    // Everything but what one wrote oneself and never forwarded counts how often it went on.
    const forwardingScore = (msg.forwardingScore ?? 0) + 1;
    const [, result] = await send(chat, { ...attributes, isForwarded: true, forwardingScore });
    results.push(result);
  }
  if (typeof appendedText === "string" && appendedText) {
    const [, result] = await send(chat, { type: "chat", body: appendedText });
    results.push(result);
  }
  return Promise.all(results);
}

/**
 * @param {any[]} msgs
 * @param {any[]} chats
 * @param {boolean} [includeCaption]
 */
async function forwardMessagesToChats(msgs, chats, includeCaption = true) {
  const { forwardMessages: forward } = importNamespace("WAWebChatForwardMessage");
  for (const chat of chats) await forward({ chat, msgs, includeCaption });
  return true;
}

export function defineForwarding() {
  define("WAWebChatForwardMessage", { forwardMessages });
  define("WAWebForwardMessagesToChat", { forwardMessagesToChats });
}
