import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { isMe, me } from "../me.js";

/**
 * Add-ons: messages that say something of another one. On the wire they name it by its id and its writer, which everybody
 * understands; in a page by its key, which differs from account to account.
 */

/** @typedef {"reaction" | "edit" | "revoke" | "vote" | "response" | "pin"} Kind */
/** @typedef {{kind: Kind, attribute: string}} Form */

/** @type {Record<string, Form>} */
const FORMS = {
  reaction: { kind: "reaction", attribute: "reactionParentKey" },
  poll_update: { kind: "vote", attribute: "pollUpdateParentKey" },
  rsvp: { kind: "response", attribute: "rsvpParentKey" },
  pinned_message: { kind: "pin", attribute: "pinParentKey" },
};
/** @type {Record<string, Kind>} */
const PROTOCOL = { message_edit: "edit", sender_revoke: "revoke", admin_revoke: "revoke" };

/** The attributes that hold the key of another message. */
export const TARGETS = ["reactionParentKey", "pollUpdateParentKey", "rsvpParentKey", "pinParentKey", "protocolMessageKey"];

/**
 * What an add-on of these attributes does, and which of them names its message; nothing for other messages.
 *
 * @param {Record<string, any>} attributes
 * @returns {Form | undefined}
 */
export function formOf(attributes) {
  if (attributes.type !== "protocol") return Object.hasOwn(FORMS, attributes.type) ? FORMS[attributes.type] : undefined;
  const kind = PROTOCOL[attributes.subtype];
  return kind && { kind, attribute: "protocolMessageKey" };
}

/** @param {MsgKey} key */
export function authorOf(key) {
  if (key.fromMe) return me.userPn();
  return key.participant ?? key.remote;
}

/**
 * A key as it goes over the wire.
 *
 * @param {MsgKey} key
 */
export const wireKey = (key) => ({ id: key.id, participant: String(authorOf(key) ?? "") });

/**
 * The key of a message of this chat that the wire names.
 *
 * @param {any} told `{id, participant}`
 * @param {import("../../core/wid.js").Wid} remote the chat
 * @returns {MsgKey | undefined} nothing for what names none
 */
export function keyOfWire(told, remote) {
  if (typeof told?.id !== "string" || typeof told.participant !== "string") return undefined;
  const participant = createWid(told.participant);
  const fromMe = isMe(participant);
  return new MsgKey({ fromMe, remote, id: told.id, participant: remote.isGroup() ? participant : undefined });
}
