/** Sending: with the id that the driver chose, and success only when WhatsApp's server has the message. */

import type { ChatModel, MsgKey, MsgModel, Wid } from "./page";
import { alias, heldId, parseKey } from "./address";
import { describe } from "./channel";
import { explained, refuseBlocked } from "./contacts";
import { findMessage, inMemory, knownChat, ownKey, widOf } from "./find";
import { refusalInGroup } from "./groups";
import { normalise } from "./normalise";
import { BridgeError, type WireMessage, type WirePreview } from "./protocol";

const SENT = 1;
const PENDING = 0;
/** How long a copy that the page already holds may take to be acknowledged before it is sent again. */
const PENDING_MS = 5_000;
const NOT_ON_WHATSAPP = 404;
/** A time-out and too many at once: they say nothing for good. */
const PASSING: ReadonlySet<number> = new Set([408, 429]);

/** What every message has that is to be sent. */
export interface Addressed {
  readonly id: string;
  readonly chat: string;
  readonly replyTo?: string;
  /** It carries the mark of a message that was sent on. */
  readonly forwarded?: boolean;
}

interface Outgoing extends Addressed {
  readonly body: string;
  readonly mentions?: readonly string[];
  readonly mentionAll?: boolean;
  readonly preview?: WirePreview;
}

export type RawMessage = Parameters<typeof WPP.chat.prepareRawMessage>[1];

/** Where a message goes, and under which key. */
export interface Target {
  readonly chat: ChatModel;
  readonly key: MsgKey;
  readonly quoted: MsgModel | undefined;
}

const opening = new Map<string, Promise<ChatModel>>();
const inFlight = new Map<string, Promise<WireMessage>>();

/** Finds or makes the chat; several sends to a new one ask once. */
async function chatFor(text: string): Promise<ChatModel> {
  const wid = widOf(text);
  if (wid.server === "newsletter") throw new BridgeError("SEND_REFUSED", "sending to channels isn't implemented");
  // wa-js looks a group's members up as well; for users it would only find again what is at hand.
  const known = wid.isUser() ? knownChat(wid) : undefined;
  if (known) return known;
  const asked = opening.get(text) ?? openChat(wid).finally(() => opening.delete(text));
  opening.set(text, asked);
  return asked;
}

async function openChat(wid: Wid): Promise<ChatModel> {
  try {
    return await WPP.chat.find(wid);
  } catch (error) {
    if (!wid.isUser()) throw refusalInGroup(wid, codeOf(error)) ?? new BridgeError("CHAT_UNKNOWN", describe(error));
    const exists = await WPP.whatsapp.functions.queryWidExists(wid);
    throw exists?.wid
      ? new BridgeError("SEND_UNCONFIRMED", describe(error))
      : new BridgeError("NUMBER_NOT_ON_WHATSAPP", "no such account");
  }
}

/** Whether the answer to a send will tell of this message: its own news would say the same once more. */
export function isBeingSent(id: string): boolean {
  return inFlight.has(id);
}

export function send(args: Readonly<Record<string, unknown>>): Promise<WireMessage> {
  const message = args as unknown as Outgoing;
  return sendOnce(message, (target) => deliver(message, target));
}

/** Sends what the server doesn't have yet; asked for twice at once, it is done once. */
export function sendOnce(
  message: Addressed,
  deliver: (target: Target) => Promise<WireMessage>,
): Promise<WireMessage> {
  const running = inFlight.get(message.id);
  if (running) return running;
  const sending = sendUnlessHeld(message, deliver).finally(() => inFlight.delete(message.id));
  inFlight.set(message.id, sending);
  return sending;
}

async function sendUnlessHeld(
  message: Addressed,
  deliver: (target: Target) => Promise<WireMessage>,
): Promise<WireMessage> {
  const parts = parseKey(message.id);
  if (!parts?.fromMe) throw new BridgeError("BAD_ARGUMENT", "not an id of an own message");
  const held = inMemory(parts);
  if (held && (await acknowledged(held))) return report(held, message.id);
  const chat = await chatFor(message.chat);
  refuseBlocked(chat.id);
  const quoted = message.replyTo ? await quotedMessage(message.replyTo) : undefined;
  const key = ownKey(chat.id, parts.id);
  alias(heldId(key), message.id);
  return deliver({ chat, key, quoted });
}

/** All members of a group are mentioned (`WAWebNonJidMentionType`). */
const MENTION_ALL = 1;

function deliver(message: Outgoing, target: Target): Promise<WireMessage> {
  const raw = {
    body: message.body,
    type: "chat",
    urlText: null,
    urlNumber: null,
    ...(message.preview ? shown(message.preview) : { subtype: null }),
    ...(message.mentionAll ? { nonJidMentions: MENTION_ALL } : {}),
  };
  return deliverRaw(message, raw, target, message.mentions ?? []);
}

/** A link preview as the page's own attributes. */
function shown(preview: WirePreview): Record<string, unknown> {
  return {
    subtype: "url",
    canonicalUrl: preview.url,
    matchedText: preview.url,
    title: preview.title ?? "",
    description: preview.description ?? "",
    richPreviewType: 0,
    doNotPlayInline: true,
    ...(preview.thumbnail ? { thumbnail: preview.thumbnail } : {}),
  };
}

/** How often a message went on, as far as one knows who was only told that it did. */
export const FORWARDED = { isForwarded: true, forwardingScore: 1 };

/** Sends the page's own attributes of a message, of whatever type. */
export async function deliverRaw(
  message: Addressed,
  attributes: Readonly<Record<string, unknown>>,
  { chat, key, quoted }: Target,
  mentions: readonly string[] = [],
): Promise<WireMessage> {
  const raw = await WPP.chat.prepareRawMessage(
    chat,
    { ...attributes, ...(message.forwarded ? FORWARDED : {}), id: key } as RawMessage,
    {
      messageId: key,
      detectMentioned: false,
      markIsRead: false,
      ...(quoted ? { quotedMsg: quoted } : {}),
      ...(mentions.length > 0 ? { mentionedList: mentions.map(widOf) } : {}),
    },
  );
  const [added, result] = await WPP.whatsapp.functions.addAndSendMsgToChat(chat, raw);
  const [msg, outcome] = await Promise.all([added, result.catch((error: unknown) => error)]);
  const sent = WPP.whatsapp.MsgStore.get(key) ?? msg;
  judge(sent, outcome);
  return report(sent, message.id);
}

async function quotedMessage(id: string): Promise<MsgModel> {
  const quoted = await findMessage(id);
  if (!quoted) throw new BridgeError("QUOTED_MESSAGE_UNKNOWN", "the page doesn't have it");
  if (!WPP.whatsapp.functions.canReplyMsg(quoted)) throw new BridgeError("QUOTED_MESSAGE_UNKNOWN", "can't be quoted");
  return quoted;
}

/** Whether the server has a copy that the page already holds; one that is on its way gets a moment. */
async function acknowledged(msg: MsgModel): Promise<boolean> {
  if (Number(msg.ack ?? PENDING) !== PENDING) return Number(msg.ack) >= SENT;
  await new Promise<void>((done) => {
    const timer = setTimeout(finish, PENDING_MS);
    function finish(): void {
      clearTimeout(timer);
      msg.off("change:ack", finish);
      done();
    }
    msg.on("change:ack", finish);
  });
  return Number(msg.ack ?? PENDING) >= SENT;
}

export function codeOf(outcome: unknown): number | undefined {
  if (typeof outcome !== "object" || outcome === null) return undefined;
  const fields = outcome as Readonly<Record<string, unknown>>;
  for (const name of ["errorCode", "code", "status", "error", "serverErrorCode"]) {
    const code = Number(fields[name]);
    if (Number.isInteger(code) && code >= 400) return code;
  }
  // Any other number in an error's text may be anything, and a refusal is final.
  const text = outcome instanceof Error ? /\b(463|475)\b/.exec(outcome.message) : null;
  return text ? Number(text[1]) : undefined;
}

/** Throws unless WhatsApp's server has the message: the page's promise alone proves nothing. */
export function judge(msg: MsgModel, outcome: unknown): void {
  const result = (outcome as { messageSendResult?: unknown } | null)?.messageSendResult;
  if (result === "OK" || Number(msg.ack ?? PENDING) >= SENT) return;
  const code = codeOf(outcome);
  const detail = outcome instanceof Error ? describe(outcome) : String(result);
  const inGroup = refusalInGroup(msg.id.remote, code);
  if (inGroup) throw inGroup;
  if (code === 463) throw new BridgeError("REACHOUT_TIMELOCK", detail);
  if (code === 475) throw new BridgeError("NEW_CHAT_CAP", detail);
  if (code === NOT_ON_WHATSAPP) throw new BridgeError("NUMBER_NOT_ON_WHATSAPP", detail);
  if (code !== undefined && code < 500 && !PASSING.has(code)) throw explained(new BridgeError("SEND_REFUSED", `${detail} ${code}`), msg.id.remote);
  throw new BridgeError("SEND_UNCONFIRMED", detail);
}

/** The message as sent. The server has it, even where the page's own ack comes a moment later. */
export function report(msg: MsgModel, requested: string): WireMessage {
  const message = normalise(msg);
  if (!message) throw new BridgeError("SEND_UNCONFIRMED", "the page doesn't show the message");
  return { ...message, id: requested, ack: Math.max(message.ack, SENT) };
}
