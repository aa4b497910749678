/** What was done to messages, as plain JSON, from what the page holds of it. */

import type { MsgKey, MsgModel, Wid } from "./page";
import { address, addresses, alternateOf, messageId } from "./address";
import { eventOf } from "./content-facts";
import { tombstoneText } from "./find";
import type { ChangeKind, WireChange } from "./protocol";

type Fields = Readonly<Record<string, unknown>>;
type Detail = Partial<Omit<WireChange, "kind" | "target" | "chat" | "sender" | "fromMe" | "at" | "alternate">>;

/** Below this a time is in seconds: the page's names say milliseconds more often than its values do. */
const LEAST_MS = 100_000_000_000;
export const PINNED = 1;
export const UNPINNED = 2;
const MAX_TEXT = 65_536;
/** How far another one's clock may be ahead: the newest of two changes counts, and one of next year would count till then. */
const MAX_AHEAD_MS = 5 * 60_000;

export const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

/** A time in Unix milliseconds; undefined for what is none. */
export function milliseconds(value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  if (!Number.isFinite(number) || number <= 0) return undefined;
  return Math.trunc(number < LEAST_MS ? number * 1000 : number);
}

/** A key as an object, from one or from its text. */
export function keyOf(value: unknown): MsgKey | undefined {
  try {
    if (typeof value === "string") return WPP.whatsapp.MsgKey.fromString(value);
    return typeof fieldsOf(value)["id"] === "string" ? (value as MsgKey) : undefined;
  } catch {
    return undefined;
  }
}

function widOf(value: unknown): Wid | undefined {
  if (typeof value === "object" && value !== null) return value as Wid;
  try {
    return typeof value === "string" ? WPP.whatsapp.WidFactory.createWid(value) : undefined;
  } catch {
    return undefined;
  }
}

export function isMe(value: unknown): boolean {
  const who = address(value as Wid | string);
  if (!who) return false;
  return who === address(WPP.conn.getMyUserId()) || who === address(WPP.conn.getMyUserLid());
}

/** A change by somebody to the message with this key; undefined where the page doesn't say which or who. */
export function change(
  kind: ChangeKind,
  key: MsgKey | undefined,
  by: unknown,
  at: number | undefined,
  detail: Detail = {},
): WireChange | undefined {
  const target = key && messageId(key);
  const chat = key && address(key.remote);
  const fromMe = isMe(by);
  // This account has one address in all that is told, whichever of the two it has in the chat.
  const sender = fromMe ? address(WPP.conn.getMyUserId()) : address(by as Wid | string);
  if (!target || !chat || !sender) return undefined;
  const alternate = alternateOf(fromMe ? WPP.conn.getMyUserId() : widOf(by));
  const time = fromMe || at === undefined ? (at ?? Date.now()) : Math.min(at, Date.now() + MAX_AHEAD_MS);
  return { kind, target, chat, sender, fromMe, at: time, ...(alternate ? { alternate } : {}), ...detail };
}

/** Whoever wrote a message. */
export function authorOf(msg: MsgModel): unknown {
  if (msg.id.fromMe) return WPP.conn.getMyUserId();
  return msg.author ?? msg.id.participant ?? msg.id.remote;
}

// --- edits

export function editedText(msg: MsgModel): string {
  return String((msg.type === "chat" ? msg.body : msg.caption) ?? "").slice(0, MAX_TEXT);
}

export function mentionsOf(msg: MsgModel): string[] {
  return addresses(msg.mentionedJidList);
}

export function editOf(msg: MsgModel): WireChange | undefined {
  const fields = fieldsOf(msg);
  if (!fields["latestEditMsgKey"]) return undefined;
  const mentions = mentionsOf(msg);
  const at = milliseconds(fields["latestEditSenderTimestampMs"]);
  if (msg.type === "event_creation") {
    const event = eventOf(fields);
    return event && change("edit", msg.id, authorOf(msg), at, { body: String(event["name"]), event });
  }
  return change("edit", msg.id, authorOf(msg), at, { body: editedText(msg), ...(mentions.length ? { mentions } : {}) });
}

// --- deletions

/** When this document learnt of each: what is left of a message doesn't say when it was deleted. */
const revokedAt = new Map<string, number>();
const MAX_REVOKED = 20_000;

/** The time at which a message is known to have been deleted; remembered from the first call on. */
export function timeOfRevoke(target: string, at?: number): number {
  const known = revokedAt.get(target);
  if (known !== undefined) return known;
  if (revokedAt.size >= MAX_REVOKED) revokedAt.clear();
  const time = at ?? Date.now();
  revokedAt.set(target, time);
  return time;
}

/** What a message that was deleted for everyone tells of that; its key is that of the message that deleted it. */
export function revokeOf(msg: MsgModel): WireChange | undefined {
  const key = keyOf(msg.protocolMessageKey);
  const target = key && messageId(key);
  if (msg.type !== tombstoneText || !key || !target) return undefined;
  const by = msg.subtype === "admin" ? fieldsOf(msg)["revokeSender"] : authorOf(msg);
  return change("revoke", key, by ?? authorOf(msg), timeOfRevoke(target));
}

// --- reactions, votes, pins, stars

export function reactionOf(key: unknown, by: unknown, emoji: unknown, at: unknown): WireChange | undefined {
  return change("reaction", keyOf(key), by, milliseconds(at), { emoji: String(emoji ?? "") });
}

/** The names of a poll's options by their places. */
export function optionNames(poll: MsgModel): Map<number, string> {
  const options: unknown = fieldsOf(poll)["pollOptions"];
  const list = Array.isArray(options) ? options.map(fieldsOf) : [];
  return new Map(list.map((option) => [Number(option["localId"]), String(option["name"])]));
}

export function voteOf(poll: MsgModel, by: unknown, chosen: Iterable<unknown>, at: unknown): WireChange | undefined {
  const names = optionNames(poll);
  const options = [...chosen].map((place) => names.get(Number(place))).filter((name) => name !== undefined);
  return change("vote", poll.id, by, milliseconds(at), { options });
}

export function pinOf(pin: unknown): WireChange | undefined {
  const fields = fieldsOf(pin);
  const at = milliseconds(fields["senderTimestampMs"]) ?? milliseconds(fields["t"]);
  const pinned = Number(fields["pinType"]) === PINNED;
  const lasts = Number(fields["pinExpiryDuration"] ?? 0) * 1000;
  const until = pinned && at !== undefined && lasts > 0 ? { until: at + lasts } : {};
  if (pinned && !("until" in until)) return undefined;
  return change("pin", keyOf(fields["parentMsgKey"]), fields["sender"], at, { pinned, ...until });
}

export function starOf(msg: MsgModel, at: number = Date.now()): WireChange | undefined {
  return change("star", msg.id, WPP.conn.getMyUserId(), at, { starred: Boolean(msg.star) });
}
