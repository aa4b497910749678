/** Chats: what there is, what changes, and what is done with them. */

import type { ChatModel, MsgModel } from "./page";
import { address, alternateOf } from "./address";
import { type Channel, describe } from "./channel";
import { findMessage, inOrder, knownChat, widOf } from "./find";
import { normalise, safely } from "./normalise";
import type { WireChat } from "./people-protocol";
import { BridgeError, type WireMessage } from "./protocol";
import { until } from "./wait";

/** WhatsApp's own limit. */
const MOST_PINNED = 3;
const FOR_GOOD = -1;
const EFFECT_MS = 10_000;
const PHONE_MS = 20_000;
const HISTORY_ON_DEMAND = 3;
const REFUSED = 400;

type Args = Readonly<Record<string, unknown>>;

function chatOf(args: Args): ChatModel {
  const chat = knownChat(widOf(String(args["jid"])));
  if (!chat) throw new BridgeError("CHAT_NOT_FOUND", "the page has no such chat");
  return chat;
}

const seconds = (value: unknown): number | undefined => {
  const number = Number(value ?? 0);
  return number > 0 ? Math.trunc(number) : undefined;
};

function mutedUntil(chat: ChatModel): number | undefined {
  // The chat's own field is what its event is about; the part that is asked to mute it may follow later.
  const { muteExpiration } = chat as unknown as { muteExpiration?: unknown };
  const until = Number(muteExpiration ?? safely(() => (chat.mute as unknown as { expiration?: unknown }).expiration) ?? 0);
  if (until === FOR_GOOD) return FOR_GOOD;
  return until > Date.now() / 1000 ? Math.trunc(until) : undefined;
}

export function wireChat(chat: ChatModel): WireChat {
  const jid = address(chat.id) ?? String(chat.id);
  const alternate = alternateOf(chat.id);
  const name = safely(() => chat.formattedTitle) as string | undefined;
  const unread = Number(chat.unreadCount ?? 0);
  const pinnedAt = seconds(chat.pin);
  const muted = mutedUntil(chat);
  const lastAt = seconds(chat.t);
  const ending = chat.endOfHistoryTransferType as unknown;
  return {
    jid,
    ...(alternate ? { alternate } : {}),
    ...(name ? { name } : {}),
    unread: Math.max(0, unread),
    markedUnread: unread < 0,
    archived: Boolean(chat.archive),
    ...(pinnedAt ? { pinnedAt } : {}),
    ...(muted ? { mutedUntil: muted } : {}),
    ...(lastAt ? { lastAt } : {}),
    ...(typeof ending === "number" ? { moreOnPhone: ending === 0 } : {}),
  };
}

export function listChats(): WireChat[] {
  return WPP.whatsapp.ChatStore.getModelsArray().map((chat) => wireChat(chat));
}

export const getChat = (args: Args): WireChat => wireChat(chatOf(args));

/** Does something and waits until it shows: some of wa-js's functions return before the page has done it. */
async function effect(work: () => unknown, holds: () => boolean): Promise<void> {
  if (holds()) return;
  try {
    await work();
  } catch (error) {
    if (holds()) return;
    throw error instanceof BridgeError ? error : new BridgeError("CHANGE_REFUSED", describe(error));
  }
  const done = await until(() => holds() || undefined, EFFECT_MS);
  if (!done) throw new BridgeError("CHANGE_UNCONFIRMED", "the page doesn't show it");
}

async function pin(chat: ChatModel, wanted: boolean): Promise<void> {
  const others = WPP.whatsapp.ChatStore.getModelsArray().filter((each) => each.pin && each !== chat);
  if (wanted && !chat.pin && others.length >= MOST_PINNED) {
    throw new BridgeError("TOO_MANY_PINNED", `${MOST_PINNED} chats are pinned`);
  }
  await effect(
    () => WPP.chat.pin(chat.id, wanted),
    () => Boolean(chat.pin) === wanted,
  );
}

async function mute(chat: ChatModel, wanted: number): Promise<void> {
  // wa-js's own function knows no muting for good.
  await effect(
    () =>
      wanted === 0
        ? chat.mute.unmute({ sendDevice: true })
        : chat.mute.mute({ expiration: wanted, isAutoMuted: false, sendDevice: true }),
    () => (mutedUntil(chat) ?? 0) === wanted,
  );
}

async function markUnread(chat: ChatModel, wanted: boolean): Promise<void> {
  await effect(
    () => (wanted ? WPP.chat.markIsUnread(chat.id) : WPP.chat.markIsRead(chat.id)),
    () => (wanted ? chat.unreadCount !== 0 : chat.unreadCount === 0),
  );
}

export async function changeChat(args: Args): Promise<WireChat> {
  const chat = chatOf(args);
  const { archived, pinned, unread, mutedUntil: muted } = args;
  if (typeof pinned === "boolean") await pin(chat, pinned);
  if (typeof archived === "boolean") {
    await effect(
      () => WPP.chat.archive(chat.id, archived),
      () => Boolean(chat.archive) === archived,
    );
  }
  if (typeof muted === "number") await mute(chat, muted);
  if (typeof unread === "boolean") await markUnread(chat, unread);
  return wireChat(chat);
}

function judge(status: number): void {
  if (status >= REFUSED) throw new BridgeError("CHANGE_REFUSED", String(status));
}

export async function clearChat(args: Args): Promise<WireChat> {
  const chat = chatOf(args);
  judge((await WPP.chat.clear(chat.id, args["keepStarred"] === true)).status);
  tellOf?.(chat, "cleared");
  return wireChat(chat);
}

export async function deleteChat(args: Args): Promise<null> {
  const chat = knownChat(widOf(String(args["jid"])));
  if (!chat) return null;
  judge((await WPP.chat.delete(chat.id)).status);
  return null;
}

// --- history

interface PeerRequests {
  sendPeerDataOperationRequest(type: number, request: { chatId: unknown }): Promise<unknown>;
}
let peerRequests: PeerRequests | undefined;

/** The page's own module by which it asks the phone for something; wa-js has no name for it. */
export function phoneRequests(): PeerRequests | undefined {
  peerRequests ??=
    WPP.loader.search<PeerRequests>(
      (module: Partial<PeerRequests>) => typeof module.sendPeerDataOperationRequest === "function",
      false,
      "NonMessageDataRequest",
    ) ?? undefined;
  return peerRequests;
}

/** Messages before one, oldest first, or the newest; one more than wanted says that there are more. */
async function held(chat: ChatModel, before: MsgModel | undefined, count: number): Promise<WireMessage[]> {
  const anchor = before?.id ? { id: String(before.id), direction: "before" as const } : {};
  const stored = placed(await WPP.chat.getMessages(chat.id, { count, ...anchor }));
  // What has just come is in the page's memory, and not in its database yet; there it stands in its order.
  const memory = placed(inMemoryBefore(chat, before));
  const places = new Map(memory.map(({ message }, place) => [message.id, place]));
  const [first] = stored.map(({ message }) => places.get(message.id)).filter((place) => place !== undefined);
  // A full answer says nothing of what is older; one that isn't full has all that is stored.
  const newer = stored.length < count ? memory : memory.slice(first ?? 0);
  const others = stored.filter(({ message }) => !places.has(message.id));
  const all = [...others, ...newer].sort((a, b) => inOrder(a.msg, b.msg));
  return all.slice(-count).map(({ message }) => message);
}

/** A message that can be told, and the page's own, which has its place: memory has history that the phone gave, too. */
interface Placed {
  readonly message: WireMessage;
  readonly msg: MsgModel;
}

function placed(messages: readonly unknown[]): Placed[] {
  return messages.flatMap((msg) => {
    const message = safely(() => normalise(msg as never));
    return message ? [{ message, msg: msg as MsgModel }] : [];
  });
}

function inMemoryBefore(chat: ChatModel, before: MsgModel | undefined): MsgModel[] {
  const all: MsgModel[] = chat.msgs.getModelsArray();
  if (!before) return all;
  const place = all.findIndex((msg) => String(msg.id) === String(before.id));
  return place < 0 ? all.filter((msg) => Number(msg.t) < Number(before.t)) : all.slice(0, place);
}

export async function olderMessages(args: Args): Promise<{ messages: WireMessage[]; more: boolean }> {
  const chat = chatOf(args);
  const limit = Number(args["limit"]);
  let before: MsgModel | undefined;
  if (typeof args["before"] === "string") {
    before = await findMessage(args["before"]);
    if (!before) throw new BridgeError("MESSAGE_NOT_IN_PAGE", "the page doesn't have it");
  }
  let messages = await held(chat, before, limit + 1);
  while (messages.length <= limit && chat.endOfHistoryTransferType === 0) {
    const known = messages.length;
    const requests = phoneRequests();
    if (!requests) break; // `more` says so; the page lacks the way to ask.
    await requests.sendPeerDataOperationRequest(HISTORY_ON_DEMAND, { chatId: chat.id });
    const news = await until(async () => {
      const now = await held(chat, before, limit + 1);
      return now.length > known || chat.endOfHistoryTransferType !== 0 ? now : undefined;
    }, PHONE_MS);
    if (!news) throw new BridgeError("PHONE_SILENT", "the phone gave no history");
    messages = news;
  }
  return { messages: messages.slice(-limit), more: messages.length > limit || chat.endOfHistoryTransferType === 0 };
}

// --- news

const FOLLOWED: Readonly<Record<string, string>> = {
  "change:archive": "archived",
  "change:pin": "pinned",
  "change:muteExpiration": "muted",
};

type Tell = (chat: ChatModel, changed: string) => void;
/** The page has no event of its own for a chat that is emptied. */
let tellOf: Tell | undefined;

export function followChats(channel: Channel): void {
  const tell: Tell = (chat: ChatModel, changed: string) => {
    try {
      channel.tellPeople({ kind: "chat", chat: wireChat(chat), changed: [changed] });
    } catch (error) {
      channel.fault("chat", error);
    }
  };
  tellOf = tell;
  for (const [event, changed] of Object.entries(FOLLOWED)) {
    WPP.whatsapp.ChatStore.on(event, (chat: ChatModel) => tell(chat, changed));
  }
  WPP.whatsapp.ChatStore.on("change:unreadCount", (chat: ChatModel, now: number) => {
    // Each message that comes raises the count, and is news of its own.
    if (now <= 0) tell(chat, "unread");
  });
  WPP.whatsapp.ChatStore.on("remove", (chat: ChatModel) => tell(chat, "deleted"));
}
