/** The page's messages as plain JSON. */

import type { MsgKey, MsgModel, Wid } from "./page";
import { address, alternateOf, messageId } from "./address";
import { mentionsOf } from "./changes";
import { factsOf, previewOf } from "./content-facts";
import { NOTICE, noticeOf } from "./group-notice";
import { numberChangeOf } from "./number-change";
import { isMediaType, mediaOf } from "./media-facts";
import type { WireMessage } from "./protocol";
import { rawAttributes } from "./raw";

const TEXT = "chat";
/** Not decrypted yet: the page tells of it again under its real type. */
const CIPHERTEXT = "ciphertext";
const REVOKED = "revoked";
/** All members of a group are mentioned. */
const MENTION_ALL = 1;
/** What is done to a message shows on that message, and isn't one; nor are these pages' own dealings with each other. */
const ADDONS: ReadonlySet<string> = new Set(["reaction", "poll_update", "pinned_message", "keep_in_chat"]);
const PROTOCOL_ADDONS: ReadonlySet<string> = new Set(["revoke", "sender_revoke", "admin_revoke", "message_edit"]);

function isAddon(msg: MsgModel, type: string): boolean {
  return ADDONS.has(type) || (type === "protocol" && PROTOCOL_ADDONS.has(String(msg.subtype)));
}

/** The key that a message was told by: what is left of one that was deleted for everyone has got another. */
function ownKeyOf(msg: MsgModel): MsgKey {
  return msg.type === REVOKED && msg.protocolMessageKey ? (msg.protocolMessageKey as MsgKey) : msg.id;
}

function myAddress(): string | undefined {
  return address(WPP.conn.getMyUserId());
}

function quotedId(msg: MsgModel): string | undefined {
  const id: unknown = msg.quotedStanzaID;
  if (typeof id !== "string" || !id) return undefined;
  const author = msg.quotedParticipant as Wid | string | undefined;
  const remote = (msg.quotedRemoteJid as Wid | string | undefined) ?? msg.id.remote;
  const own = [myAddress(), address(safely(() => WPP.conn.getMyUserLid()))];
  const fromMe = own.includes(address(author)) && author !== undefined;
  const wid = typeof remote === "string" ? WPP.whatsapp.WidFactory.createWid(remote) : remote;
  const group = address(wid)?.endsWith("@g.us") === true;
  return messageId(
    new WPP.whatsapp.MsgKey({ fromMe, remote: wid, id, ...(group && !fromMe ? { participant: author } : {}) }),
  );
}

export function safely<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

/** Undefined for what isn't a message to tell of: no address, not decrypted yet, or something done to a message. */
export function normalise(msg: MsgModel): WireMessage | undefined {
  const id = msg.id ? messageId(ownKeyOf(msg)) : undefined;
  const chat = address(msg.id?.remote);
  const type = msg.type ?? "unknown";
  if (!id || !chat || type === CIPHERTEXT || isAddon(msg, type)) return undefined;
  const fromMe = msg.id.fromMe;
  const group = chat.endsWith("@g.us") || chat.endsWith("@broadcast");
  const author = group && !fromMe ? (msg.author ?? (msg.id.participant as Wid | undefined) ?? msg.from) : msg.from;
  const other = group ? (fromMe ? undefined : author) : msg.id.remote;
  const me = myAddress();
  const replyTo = safely(() => quotedId(msg));
  const alternate = alternateOf(other);
  return {
    id,
    chat,
    sender: address(author) ?? (fromMe ? me : chat) ?? chat,
    recipient: (group ? chat : (address(msg.to) ?? (fromMe ? chat : me))) ?? chat,
    fromMe,
    t: Math.trunc(Number(msg.t ?? 0)),
    ack: Number(msg.ack ?? 0),
    type,
    ...contentOf(msg, type),
    ...(msg.isForwarded === true ? { forwarded: true } : {}),
    ...(replyTo ? { replyTo } : {}),
    ...(typeof msg.notifyName === "string" && msg.notifyName ? { pushName: msg.notifyName } : {}),
    ...(alternate ? { alternate } : {}),
    ...numberChangeOf(msg, type),
  };
}

function contentOf(msg: MsgModel, type: string): Partial<WireMessage> {
  if (isMediaType(type)) return { media: mediaOf(msg) };
  if (type === NOTICE) return noticeOf(msg);
  const facts = safely(() => factsOf(msg, type));
  if (facts) return facts;
  return type === TEXT ? textOf(msg) : { raw: rawAttributes(msg) };
}

function textOf(msg: MsgModel): Partial<WireMessage> {
  const mentions = safely(() => mentionsOf(msg)) ?? [];
  const preview = safely(() => previewOf(msg));
  return {
    body: String(msg.body ?? ""),
    ...(mentions.length > 0 ? { mentions } : {}),
    ...((Number(msg.nonJidMentions ?? 0) & MENTION_ALL) !== 0 ? { mentionAll: true } : {}),
    ...(preview ? { preview } : {}),
  };
}
