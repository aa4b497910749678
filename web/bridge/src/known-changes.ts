/** What the page knows of what was done to a message before anybody asked. */

import type { MsgKey, MsgModel } from "./page";
import { editOf, fieldsOf, isMe, pinOf, reactionOf, revokeOf, starOf, voteOf } from "./changes";
import { normalise } from "./normalise";
import type { WireChange, WireMessage } from "./protocol";

const POLL = "poll_creation";
const SENT = 1;

export interface OwnReaction {
  readonly emoji: string;
  readonly at: unknown;
}

/** Whether the server has it, as far as the page says. */
const isSent = (fields: Readonly<Record<string, unknown>>) => fields["ack"] === undefined || Number(fields["ack"]) >= SENT;

/** This account's own reaction to a message. */
export async function ownReaction(msg: MsgModel): Promise<OwnReaction | undefined> {
  const { reactionByMe } = await WPP.whatsapp.functions.getReactions(msg.id.toString());
  const fields = fieldsOf(reactionByMe);
  return reactionByMe && isSent(fields) ? { emoji: String(fields["reactionText"] ?? ""), at: fields["timestamp"] } : undefined;
}

interface Vote {
  readonly by: unknown;
  readonly chosen: readonly unknown[];
  readonly at: unknown;
}

async function votesOn(msg: MsgModel): Promise<Vote[]> {
  const rows = (await WPP.whatsapp.functions.getVotes([msg.id])) as unknown[];
  return rows
    .map(fieldsOf)
    .filter(isSent)
    .map((row) => ({
      by: row["sender"],
      chosen: [...new Uint8Array(row["selectedOptionLocalIds"] as ArrayLike<number>)],
      at: row["senderTimestampMs"],
    }));
}

/** This account's own vote in a poll. */
export async function ownVote(msg: MsgModel): Promise<Vote | undefined> {
  return (await votesOn(msg)).find((vote) => isMe(vote.by));
}

async function reactionsTo(key: MsgKey): Promise<(WireChange | undefined)[]> {
  const { reactions } = await WPP.whatsapp.functions.getReactions(key.toString());
  return reactions.flatMap(({ senders }) =>
    [...senders].map((row) => reactionOf(key, row.senderUserJid, row.reactionText, row.timestamp)),
  );
}

const pinTo = (key: MsgKey): unknown => WPP.whatsapp.PinInChatStore.getByParentMsgKey(key);

export function pinOn(msg: MsgModel): unknown {
  return pinTo(msg.id);
}

/** A part of the page that fails leaves the other parts standing. */
async function tried<T>(find: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch {
    return undefined;
  }
}

async function changesTo(msg: MsgModel): Promise<WireChange[]> {
  const revoke = revokeOf(msg);
  if (revoke) return [revoke];
  const found = [
    editOf(msg),
    ...((fieldsOf(msg)["hasReaction"] ? await tried(() => reactionsTo(msg.id)) : undefined) ?? []),
    ...((msg.type === POLL ? await tried(() => votesOn(msg)) : undefined) ?? []).map(({ by, chosen, at }) =>
      voteOf(msg, by, chosen, at),
    ),
    await tried(() => pinOf(pinOn(msg))),
    // The page doesn't say since when: as early as can be, so that it never goes before what was told.
    msg.star ? starOf(msg, Number(msg.t) * 1000) : undefined,
  ];
  return found.filter((each) => each !== undefined);
}

/** A message with what was done to it. */
export async function withChanges(msg: MsgModel): Promise<WireMessage | undefined> {
  const message = normalise(msg);
  if (!message) return undefined;
  const changes = await changesTo(msg);
  return changes.length > 0 ? { ...message, changes } : message;
}

/**
 * The reactions to a message and its pin, by a key; the page may lack the message itself.
 *
 * Throws what the page's database throws, so that nobody takes a failure for "none".
 */
export async function addonsOf(key: MsgKey): Promise<WireChange[]> {
  const found = [...(await reactionsTo(key)), await tried(() => pinOf(pinTo(key)))];
  return found.filter((each) => each !== undefined);
}
