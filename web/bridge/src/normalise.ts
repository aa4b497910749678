/** The page's messages as plain JSON. */

import type { MsgModel, Wid } from "./page";
import { address, alternateOf, messageId } from "./address";
import { isMediaType, mediaOf } from "./media-facts";
import type { WireMessage } from "./protocol";
import { rawAttributes } from "./raw";

const TEXT = "chat";
/** Not decrypted yet: the page tells of it again under its real type. */
const CIPHERTEXT = "ciphertext";

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

/** Undefined for what isn't a message to tell of: no address, or not decrypted yet. */
export function normalise(msg: MsgModel): WireMessage | undefined {
  const id = msg.id ? messageId(msg.id) : undefined;
  const chat = address(msg.id?.remote);
  const type = msg.type ?? "unknown";
  if (!id || !chat || type === CIPHERTEXT) return undefined;
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
    ...(type === TEXT ? textOf(msg) : isMediaType(type) ? { media: mediaOf(msg) } : { raw: rawAttributes(msg) }),
    ...(replyTo ? { replyTo } : {}),
    ...(typeof msg.notifyName === "string" && msg.notifyName ? { pushName: msg.notifyName } : {}),
    ...(alternate ? { alternate } : {}),
  };
}

function textOf(msg: MsgModel): { body: string; mentions?: string[] } {
  const listed: unknown = msg.mentionedJidList;
  const wids = Array.isArray(listed) ? (listed as Wid[]) : [];
  const mentions = wids.map((wid) => safely(() => address(wid))).filter((jid) => jid !== undefined);
  return { body: String(msg.body ?? ""), ...(mentions.length > 0 ? { mentions } : {}) };
}
