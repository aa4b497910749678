import { MsgKey } from "../../core/msgkey.js";
import { isWithin } from "../../core/clock.js";
import { createWid } from "../../core/wid.js";
import { define } from "../../loader.js";
import { chatFor } from "../chat.js";
import { ACK } from "../constants.js";
import { keepMessage } from "../msg.js";
import { held } from "./apply.js";
import { editedEvent } from "./event-edits.js";
import { newKey, sendAddon } from "./outbox.js";

/** Edits: another text, or another caption, for a message of one's own. */

const CAPTIONED = ["image", "video", "document"];
/** What a text shows of a link, which goes with the text. */
const PREVIEW = [
  "title", "description", "canonicalUrl", "matchedText", "thumbnail", "thumbnailHeight", "thumbnailWidth", "richPreviewType",
  "preview", "doNotPlayInline",
];

/** @param {any} msg */
const isEditable = (msg) => Boolean(msg?.id?.fromMe) && msg.ack >= ACK.SENT && isWithin(msg.t, "edit");

/** @param {any} msg */
export const canEditText = (msg) => isEditable(msg) && msg.type === "chat";

/** @param {any} msg */
export const canEditCaption = (msg) => isEditable(msg) && CAPTIONED.includes(msg.type);

/**
 * @param {import("./apply.js").Applied} addon
 * @param {import("./apply.js").Occasion} _occasion
 */
export async function applyEdit({ id, target, order, attributes }, _occasion) {
  const msg = await held(target);
  if (!msg || msg.type === "revoked" || msg.latestEditMsgKey?.equals(id) || (msg.latestEditOrder ?? 0) > order) return;
  const text = newContent(msg.type, attributes);
  const preview = msg.type === "chat" ? Object.fromEntries(PREVIEW.map((name) => [name, attributes[name]])) : {};
  const mentionedJidList = attributes.mentionedJidList?.map(createWid);
  const when = { latestEditMsgKey: id, latestEditSenderTimestampMs: attributes.senderTimestampMs ?? order };
  msg.set({ ...text, ...preview, mentionedJidList, ...when, latestEditOrder: order });
  await keepMessage(msg);
}

/**
 * @param {string} type of the message
 * @param {Record<string, any>} attributes of the edit
 */
function newContent(type, attributes) {
  if (type === "event_creation") return editedEvent(attributes);
  return type === "chat" ? { body: attributes.body } : { caption: attributes.caption };
}

/**
 * @param {any} msg
 * @param {Record<string, any>} edit attributes of the protocol message, as wa-js makes them
 */
async function addAndSendMessageEdit(msg, edit) {
  const id = edit.id && MsgKey.from(edit.id);
  const content = Object.fromEntries(
    ["body", "caption", "mentionedJidList", "nonJidMentions", ...PREVIEW].map((name) => [name, edit[name]]),
  );
  if (msg.type === "chat") delete content.caption;
  else delete content.body;
  const chat = chatFor(msg.id.remote);
  const addon = { ...content, type: "protocol", subtype: "message_edit", protocolMessageKey: msg.id, editMsgType: msg.type };
  await sendAddon(chat, { ...addon, id: id ?? (await newKey(chat)) });
}

/**
 * @param {any} msg
 * @param {string} text
 * @param {Record<string, any>} [options]
 */
async function sendMessageEdit(msg, text, options = {}) {
  await addAndSendMessageEdit(msg, { ...options, body: text, caption: text });
}

export function defineEdits() {
  define("WAWebSendMessageEditAction", { addAndSendMessageEdit, sendMessageEdit });
}
