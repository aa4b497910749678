import { decodeB64ToUint8Array, encodeB64 } from "../core/base64.js";
import { MsgKey } from "../core/msgkey.js";
import { Wid, createWid } from "../core/wid.js";
import { TARGETS, wireKey } from "./addons/target.js";
import { reviveButtons } from "./contents/buttons.js";

/** Between a message's attributes and the content that travels (docs/sandbox-protocol.md). */

/** What describes this copy of a message, or the wishes of the library that sent it, and is no content. */
const LOCAL = new Set([
  "id", "ack", "from", "to", "author", "self", "t", "local", "isNewMsg", "star", "rowId", "notifyName", "broadcast",
  "quotedMsg", "quotedStanzaID", "quotedParticipant", "quotedRemoteJid", "mentionedJidList", "invis", "recvFresh",
  "isMdHistoryMsg", "isSendFailure", "sendAudioAsVoice", "sendVideoAsGif", "sendMediaAsSticker", "sendMediaAsDocument",
  "sendMediaAsHd", "latestEditMsgKey", "latestEditSenderTimestampMs", "hasReaction", "parseVCards", "waitUntilMsgSent", "isUnsentMedia", "mediaData", "mediaObject", "mediaBlob",
]);
/** Attributes that are bytes: base64 on the wire. */
const BINARY = ["messageSecret", "botMessageSecret", "waveform"];

/**
 * @param {Record<string, any>} attributes
 * @returns {Record<string, any>}
 */
export function contentOf(attributes) {
  const content = strip(attributes);
  const { mentionedJidList, quotedStanzaID, quotedParticipant, quotedMsg } = attributes;
  for (const name of TARGETS) if (attributes[name]) content[name] = wireKey(MsgKey.from(attributes[name]));
  if (mentionedJidList?.length) content.mentions = mentionedJidList.map(String);
  if (quotedStanzaID) {
    const quoted = quotedMsg ? strip(quotedMsg) : { type: "chat" };
    content.quoted = { id: quotedStanzaID, participant: String(quotedParticipant ?? ""), content: quoted };
  }
  return content;
}

/** @param {Record<string, any>} attributes */
function strip(attributes) {
  /** @type {Record<string, any>} */
  const content = {};
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value !== null && value !== undefined && !LOCAL.has(name)) content[name] = wire(value);
  }
  return content;
}

/**
 * @param {any} value
 * @returns {any}
 */
function wire(value) {
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  if (value instanceof Wid || value instanceof MsgKey) return value.toString();
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return encodeB64(value);
  if (Array.isArray(value)) return value.map(wire);
  if (typeof value.toJSON === "function") return wire(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, wire(item)]));
}

/**
 * @param {string} text
 * @returns {Uint8Array | undefined} nothing where it isn't base64: a sender may write anything there
 */
function bytesOf(text) {
  try {
    return decodeB64ToUint8Array(text);
  } catch {
    return undefined;
  }
}

/**
 * The attributes that a content gives a message; what isn't known is kept as it came.
 *
 * @param {Record<string, any>} content
 * @returns {Record<string, any>}
 */
export function attributesOf(content) {
  const { mentions, groupMentions, quoted, ...attributes } = content;
  for (const name of BINARY) {
    if (typeof attributes[name] === "string") attributes[name] = bytesOf(attributes[name]);
  }
  if (attributes.buttons) attributes.buttons = reviveButtons(attributes.buttons);
  if (Array.isArray(mentions)) attributes.mentionedJidList = mentions.map(createWid);
  if (Array.isArray(groupMentions)) {
    const named = groupMentions.filter((each) => Wid.canBeWid(each?.groupJid));
    attributes.groupMentions = named.map((each) => ({ ...each, groupJid: createWid(each.groupJid) }));
  }
  if (quoted) {
    attributes.quotedStanzaID = quoted.id;
    if (quoted.participant) attributes.quotedParticipant = createWid(quoted.participant);
    attributes.quotedMsg = quoted.content ? attributesOf(quoted.content) : { type: "chat" };
  }
  return attributes;
}
