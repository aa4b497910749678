/** Looking messages and users up. */

import type { ChatModel, MsgKey, MsgModel, Wid } from "./page";
import { address, alias, alternateOf, heldId, messageId, parseKey, type KeyParts } from "./address";
import { addonsOf, withChanges } from "./known-changes";
import { safely } from "./normalise";
import { BridgeError, type WireChange, type WireMessage } from "./protocol";

const CONCURRENT_CHATS = 8;
const CONCURRENT_KEYS = 20;

export function widOf(text: string): Wid {
  const wid = WPP.whatsapp.WidFactory.createWid(text);
  if (!wid) throw new BridgeError("BAD_ARGUMENT", "not an address");
  return wid;
}

export function otherForm(wid: Wid): Wid | undefined {
  const other = alternateOf(wid);
  return other ? widOf(other) : undefined;
}

/** The chat with this address, under whichever of its two forms the page keeps it; undefined when there is none. */
export function knownChat(wid: Wid): ChatModel | undefined {
  const direct = WPP.whatsapp.ChatStore.get(wid);
  if (direct) return direct;
  const other = otherForm(wid);
  return other ? WPP.whatsapp.ChatStore.get(other) : undefined;
}

/** The key under which the page makes own messages in this chat. */
export function ownKey(chat: Wid, id: string): MsgKey {
  const participant = chat.server === "g.us" ? WPP.conn.getMyUserLid() : undefined;
  return new WPP.whatsapp.MsgKey({ fromMe: true, remote: chat, id, ...(participant ? { participant } : {}) });
}

function candidates(parts: KeyParts): MsgKey[] {
  const remote = widOf(parts.remote);
  const remotes = [remote, otherForm(remote)].filter((wid) => wid !== undefined);
  return remotes.flatMap((wid) => {
    const bare = new WPP.whatsapp.MsgKey({ fromMe: parts.fromMe, remote: wid, id: parts.id });
    if (wid.server !== "g.us") return [bare];
    if (parts.fromMe) return [ownKey(wid, parts.id), bare];
    if (!parts.participant) return [bare];
    // Whoever does something to a message may know its writer by the other address: the page keeps what it lacks so.
    const writer = widOf(parts.participant);
    const writers = [writer, otherForm(writer)].filter((each) => each !== undefined);
    return writers.map((participant) => new WPP.whatsapp.MsgKey({ fromMe: false, remote: wid, id: parts.id, participant }));
  });
}

/** The message in the page's memory; it costs no look into the page's database. */
export function inMemory(parts: KeyParts): MsgModel | undefined {
  for (const key of candidates(parts)) {
    const msg = WPP.whatsapp.MsgStore.get(key);
    if (msg) return msg;
  }
  return undefined;
}

/** Finds a message in memory or in the page's database; undefined when the page doesn't have it. */
export async function findMessage(text: string): Promise<MsgModel | undefined> {
  const parts = parseKey(text);
  if (!parts) return undefined;
  const msg = inMemory(parts) ?? (await searched(parts));
  if (msg?.id) alias(heldId(msg.id), text);
  return msg;
}

async function searched(parts: KeyParts): Promise<MsgModel | undefined> {
  for (const key of candidates(parts)) {
    if (!WPP.whatsapp.ChatStore.get(key.remote)) continue;
    try {
      const msg = await WPP.chat.getMessageById(key);
      if (msg) return msg;
    } catch {
      // wa-js throws for an unknown id, and on some pages with a TypeError of its own: both mean "not here". A
      // message wrongly held for unknown is sent again under the same id, which WhatsApp drops.
    }
  }
  return undefined;
}

/** The type of what is left of a message that was deleted for everyone. */
export const tombstoneText = "revoked";

/** What is left of a message that was deleted for everyone: it has another id, and names the one it had. */
export function findTombstone(text: string): MsgModel | undefined {
  const parts = parseKey(text);
  const chat = parts && knownChat(widOf(parts.remote));
  return chat?.msgs.getModelsArray().find((msg: MsgModel) => {
    const key = msg.type === tombstoneText ? (msg.protocolMessageKey as MsgKey | undefined) : undefined;
    return key?.id === parts?.id && key?.fromMe === parts?.fromMe;
  });
}

export async function find(args: Readonly<Record<string, unknown>>): Promise<WireMessage | null> {
  const id = String(args["id"]);
  const msg = (await findMessage(id)) ?? findTombstone(id);
  return msg ? ((await withChanges(msg)) ?? null) : null;
}

/** Oldest first; those of one second by the page's rows. What has no row yet has just come. */
export function inOrder(a: MsgModel, b: MsgModel): number {
  const row = (msg: MsgModel) => Number(msg.rowId ?? Infinity);
  return Number(a.t ?? 0) - Number(b.t ?? 0) || row(a) - row(b) || 0;
}

/** The page's messages from `since` (Unix seconds) on, oldest first, the newest `limit` of them. */
export async function recent(args: Readonly<Record<string, unknown>>): Promise<WireMessage[]> {
  const since = Number(args["since"]);
  const limit = Number(args["limit"]);
  const found = new Map<string, MsgModel>();
  const keep = (msg: MsgModel) => {
    const id = msg.id && Number(msg.t ?? 0) >= since ? safely(() => messageId(msg.id)) : undefined;
    if (id && !found.has(id)) found.set(id, msg);
  };
  WPP.whatsapp.MsgStore.getModelsArray().forEach(keep);
  const chats = WPP.whatsapp.ChatStore.getModelsArray().filter((chat) => Number(chat.t ?? 0) >= since);
  for (let start = 0; start < chats.length; start += CONCURRENT_CHATS) {
    const batch = chats.slice(start, start + CONCURRENT_CHATS);
    const stored = await Promise.all(batch.map((chat) => storedMessages(chat, limit)));
    stored.flat().forEach(keep);
  }
  const newest = [...found.values()].sort(inOrder).slice(-limit);
  // One that can't be told, told of when it came, mustn't hide the others.
  const told = await Promise.all(newest.map((msg) => withChanges(msg).catch(() => undefined)));
  return told.filter((message) => message !== undefined);
}

/** What was done to messages that the page may lack, by their ids: reactions and pins. An id that names none has none. */
export async function changes(args: Readonly<Record<string, unknown>>): Promise<WireChange[]> {
  const targets: unknown[] = Array.isArray(args["targets"]) ? args["targets"] : [];
  const keys = targets.map(String).flatMap((target) => safely(() => lacked(target)) ?? []);
  const found: WireChange[][] = [];
  for (let start = 0; start < keys.length; start += CONCURRENT_KEYS) {
    found.push(...(await Promise.all(keys.slice(start, start + CONCURRENT_KEYS).map(addonsOf))));
  }
  return found.flat();
}

/** The keys that a message may have in this page. What is found under any of them is told under the id that was asked. */
function lacked(text: string): MsgKey[] {
  const parts = parseKey(text);
  const keys = parts ? candidates(parts) : [];
  for (const key of keys) alias(heldId(key), text);
  return keys;
}

async function storedMessages(chat: ChatModel, count: number): Promise<MsgModel[]> {
  try {
    const stored: readonly unknown[] = await WPP.chat.getMessages(chat.id, { count });
    return stored.filter((msg): msg is MsgModel => msg instanceof WPP.whatsapp.MsgModel);
  } catch {
    return []; // What is in memory is told all the same; the next reconciliation asks again.
  }
}

/** Asks WhatsApp whether a user exists. wa-js's own query holds a failed question for "no", so the page is asked. */
export async function resolve(args: Readonly<Record<string, unknown>>): Promise<{ jid: string; lid: string | null } | null> {
  const wid = widOf(String(args["jid"]));
  const known = otherForm(wid);
  const result = known ? { wid } : await WPP.whatsapp.functions.queryWidExists(wid);
  if (!result?.wid) return null;
  const forms = [address(result.wid), alternateOf(result.wid), address(wid), known ? address(known) : undefined];
  const jid = forms.find((form) => form?.endsWith("@c.us")) ?? address(result.wid) ?? address(wid);
  const lid = forms.find((form) => form?.endsWith("@lid")) ?? null;
  return jid ? { jid, lid } : null;
}
