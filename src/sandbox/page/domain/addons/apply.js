import { MsgKey } from "../../core/msgkey.js";
import { chats } from "../chat.js";
import * as storage from "../../storage/models.js";
import { msgs, reviveMessage } from "../msg.js";
import { actualKey } from "./actual.js";
import { applyEdit } from "./edits.js";
import { applyPin } from "./pins.js";
import { applyReaction } from "./reactions.js";
import { applyResponse } from "./responses.js";
import { applyRevoke } from "./revokes.js";
import { formOf } from "./target.js";
import { applyVote } from "./votes.js";

/**
 * What an add-on does, wherever it comes from: the server, the history, or this page once the server has taken it.
 *
 * @typedef {object} Applied
 * @property {MsgKey} id its own key
 * @property {MsgKey} target the key of the message it is about
 * @property {any} sender who sent it
 * @property {number} order its place among the others, in milliseconds of the server's time
 * @property {number} ack
 * @property {Record<string, any>} attributes
 *
 * @typedef {object} Occasion
 * @property {boolean} news whether it happens now, and the libraries are to hear of it
 * @property {boolean} [own] whether this page sent it
 */

/** @type {Record<import("./target.js").Kind, (addon: Applied, occasion: Occasion) => Promise<void>>} */
const APPLY = {
  reaction: applyReaction, edit: applyEdit, revoke: applyRevoke, vote: applyVote, response: applyResponse, pin: applyPin,
};

/**
 * @param {Record<string, any>} attributes an add-on's, with its message's key where its type has it
 * @param {Occasion} occasion
 * @returns {Promise<void>} when its effect is stored
 */
export async function apply(attributes, occasion) {
  const form = formOf(attributes);
  const named = form && attributes[form.attribute];
  if (!form || !(named instanceof MsgKey)) return;
  const target = await actualKey(named);
  const { id, author, from } = attributes;
  const order = attributes.order ?? attributes.t * 1000;
  const addon = { id, target, sender: author ?? from, order, ack: attributes.ack ?? 0, attributes };
  await APPLY[form.kind](addon, occasion);
}

/**
 * The message with this key, brought into memory if need be.
 *
 * @param {MsgKey} key
 * @returns {Promise<any>} nothing when this device doesn't have it
 */
export async function held(key) {
  const msg = msgs.get(key);
  if (msg) return msg;
  const record = await storage.message(key.toString());
  if (!record) return undefined;
  const loaded = msgs.add(reviveMessage(record), { silent: true });
  return chats.get(key.remote)?.msgs.add(loaded, { silent: true }) ?? loaded;
}
