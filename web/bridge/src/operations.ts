/** What is done to messages for everybody: done once, and only said to be done when WhatsApp's server has it. */

import type { ChatModel, MsgKey, MsgModel } from "./page";
import { messageId, parseKey } from "./address";
import { certain, type Refusals } from "./answers";
import {
  PINNED,
  UNPINNED,
  editedText,
  fieldsOf,
  keyOf,
  mentionsOf,
  milliseconds,
  optionNames,
  revokeOf,
} from "./changes";
import { explained } from "./contacts";
import { findMessage, findTombstone, ownKey, widOf } from "./find";
import { ownReaction, ownVote, pinOn } from "./known-changes";
import { functionOf } from "./modules";
import { BridgeError } from "./protocol";
import type { RawMessage } from "./send";

type Args = Readonly<Record<string, unknown>>;

interface Operation {
  /** The id of the operation's own message, where the page lets it be chosen. */
  readonly id: string;
  readonly target: string;
  readonly emoji?: string;
  readonly body?: string;
  readonly mentions?: readonly string[];
  readonly options?: readonly string[];
  readonly pinned?: boolean;
  readonly seconds?: number;
}

/** When it was done, in Unix milliseconds: as the news of it says. */
interface Done {
  readonly at: number;
}

type Kind = "react" | "edit" | "revoke" | "vote" | "pin";

const POLL = "poll_creation";
const CAPTIONED: ReadonlySet<string> = new Set(["image", "video", "document"]);
const UNKNOWN: Refusals = { 404: "TARGET_UNKNOWN" };
/** By seconds: the page knows durations by their names (wa-js, `PinExpiryDurationOption`). */
const DURATIONS: ReadonlyMap<number, string> = new Map([
  [86_400, "OneDay"],
  [604_800, "SevenDays"],
  [2_592_000, "ThirtyDays"],
]);

// --- whether the effect is there

const EFFECTS: Readonly<Record<Kind, (msg: MsgModel, operation: Operation) => Promise<number | undefined>>> = {
  async react(msg, { emoji }) {
    const mine = await ownReaction(msg);
    // That there is none is no proof that one was taken back.
    return mine && mine.emoji !== "" && mine.emoji === emoji ? milliseconds(mine.at) : undefined;
  },
  async edit(msg, { id, body, mentions = [] }) {
    const fields = fieldsOf(msg);
    const latest = keyOf(fields["latestEditMsgKey"]);
    if (!latest) return undefined;
    const same = editedText(msg) === body && mentionsOf(msg).sort().join() === [...mentions].sort().join();
    return latest.id === parseKey(id)?.id || same ? milliseconds(fields["latestEditSenderTimestampMs"]) : undefined;
  },
  async revoke() {
    return undefined; // Of a message that is there it isn't.
  },
  async vote(msg, { options = [] }) {
    const mine = msg.type === POLL ? await ownVote(msg) : undefined;
    if (!mine) return undefined;
    const names = optionNames(msg);
    const chosen = mine.chosen.map((place) => names.get(Number(place)));
    return chosen.length > 0 && chosen.sort().join("\n") === [...options].sort().join("\n") ? milliseconds(mine.at) : undefined;
  },
  async pin(msg, { pinned, seconds }) {
    const pin = fieldsOf(pinOn(msg));
    const same = pinned
      ? Number(pin["pinType"]) === PINNED && Number(pin["pinExpiryDuration"]) === seconds
      : Number(pin["pinType"]) === UNPINNED;
    return same ? milliseconds(pin["senderTimestampMs"]) : undefined;
  },
};

async function effectAt(kind: Kind, operation: Operation): Promise<number | undefined> {
  const msg = await findMessage(operation.target);
  if (msg) return EFFECTS[kind](msg, operation);
  const left = kind === "revoke" ? findTombstone(operation.target) : undefined;
  return left ? revokeOf(left)?.at : undefined;
}

/** Whether an operation's effect is there, and since when; null: it isn't, or nobody can tell. */
export async function effect(args: Args): Promise<Done | null> {
  const at = await effectAt(args["kind"] as Kind, args as unknown as Operation);
  return at === undefined ? null : { at };
}

// --- doing it

const inFlight = new Map<string, Promise<Done>>();

/** Does what isn't there yet; asked for twice at once, it is done once. */
function operation(
  kind: Kind,
  act: (msg: MsgModel, chat: ChatModel, operation: Operation) => Promise<void>,
): (args: Args) => Promise<Done> {
  return (args) => {
    const asked = args as unknown as Operation;
    const running = inFlight.get(asked.id);
    if (running) return running;
    const doing = perform(kind, asked, act).finally(() => inFlight.delete(asked.id));
    inFlight.set(asked.id, doing);
    return doing;
  };
}

async function perform(
  kind: Kind,
  asked: Operation,
  act: (msg: MsgModel, chat: ChatModel, operation: Operation) => Promise<void>,
): Promise<Done> {
  const before = await effectAt(kind, asked);
  if (before !== undefined) return { at: before };
  const msg = await findMessage(asked.target);
  if (!msg) {
    if (findTombstone(asked.target)) throw new BridgeError("SEND_REFUSED", "the message was deleted for everyone");
    throw new BridgeError("TARGET_UNKNOWN", "the page doesn't have it");
  }
  const chat = WPP.whatsapp.ChatStore.get(msg.id.remote);
  if (!chat) throw new BridgeError("TARGET_UNKNOWN", "the page doesn't have its chat");
  try {
    await act(msg, chat, asked);
  } catch (error) {
    throw explained(error, chat.id);
  }
  return { at: (await effectAt(kind, asked)) ?? Date.now() };
}

/** Whether a message that leaves the page is about this one. */
function about(attribute: string, target: MsgKey): (data: Args) => boolean {
  const wanted = messageId(target);
  return (data) => {
    const key = keyOf(data[attribute]);
    return key !== undefined && messageId(key) === wanted;
  };
}

const shows = (kind: Kind, asked: Operation) => async () => (await effectAt(kind, asked)) !== undefined;

export const react = operation("react", async (msg, _chat, asked) => {
  const send = () => WPP.whatsapp.functions.sendReactionToMsg(msg, asked.emoji ?? "");
  await certain(send, about("reactionParentKey", msg.id), shows("react", asked), UNKNOWN);
});

export const edit = operation("edit", async (msg, chat, asked) => {
  const { canEditMsg, canEditCaption, addAndSendMessageEdit } = WPP.whatsapp.functions;
  if (!msg.id.fromMe) throw new BridgeError("NOT_AN_OWN_MESSAGE", "somebody else's");
  const captioned = CAPTIONED.has(String(msg.type));
  if (msg.type !== "chat" && !captioned) throw new BridgeError("SEND_REFUSED", `a message of type ${msg.type} isn't edited`);
  if (!canEditMsg(msg) && !canEditCaption(msg)) throw new BridgeError("EDIT_TOO_LATE", "the page doesn't let it be edited");
  const key = ownKey(chat.id, parseKey(asked.id)?.id ?? "");
  const attributes = {
    type: "protocol",
    subtype: "message_edit",
    protocolMessageKey: msg.id,
    body: asked.body,
    caption: asked.body,
    editMsgType: msg.type,
  };
  const raw = await WPP.chat.prepareRawMessage(chat, attributes as RawMessage, {
    messageId: key,
    detectMentioned: false,
    markIsRead: false,
    mentionedList: (asked.mentions ?? []).map(widOf),
  });
  Object.assign(raw, { latestEditMsgKey: raw.id, latestEditSenderTimestampMs: Date.now() });
  const send = () => addAndSendMessageEdit(msg, raw as Parameters<typeof addAndSendMessageEdit>[1]);
  const mine = (data: Args) => keyOf(data["id"])?.id === key.id;
  await certain(send, mine, shows("edit", asked), { ...UNKNOWN, 403: "NOT_AN_OWN_MESSAGE", 410: "EDIT_TOO_LATE" });
});

export const revoke = operation("revoke", async (msg, chat, asked) => {
  const group = msg.id.remote.server === "g.us";
  const own = msg.id.fromMe;
  if (!own && !group) throw new BridgeError("NOT_AN_OWN_MESSAGE", "somebody else's");
  const capable = functionOf("WAWebMsgActionCapability", own ? "canSenderRevokeMsg" : "canAdminRevokeMsg");
  if (capable && !capable(msg)) {
    throw new BridgeError(own ? "REVOKE_TOO_LATE" : "NOT_GROUP_ADMIN", "the page doesn't let it be deleted for everyone");
  }
  const given = { type: "message", list: [msg] } as unknown as Parameters<typeof WPP.whatsapp.Cmd.sendRevokeMsgs>[1];
  const send = () => WPP.whatsapp.Cmd.sendRevokeMsgs(chat, given, { clearMedia: true });
  const refusals = { ...UNKNOWN, 403: own ? "NOT_AN_OWN_MESSAGE" : "NOT_GROUP_ADMIN", 410: "REVOKE_TOO_LATE" };
  await certain(send, about("protocolMessageKey", msg.id), shows("revoke", asked), refusals);
});

export const vote = operation("vote", async (msg, _chat, asked) => {
  if (msg.type !== POLL) throw new BridgeError("SEND_REFUSED", "not a poll");
  const places = new Map([...optionNames(msg)].map(([place, name]) => [name, place]));
  const chosen = (asked.options ?? []).map((name) => places.get(name));
  if (chosen.includes(undefined)) throw new BridgeError("SEND_REFUSED", "the poll has no such option");
  const send = functionOf("WAWebPollsSendVoteMsgAction", "sendVote");
  if (!send) throw new BridgeError("PAGE_FAULT", "the page can't vote");
  await certain(
    () => send(msg, new Set(chosen)),
    about("pollUpdateParentKey", msg.id),
    shows("vote", asked),
    UNKNOWN,
  );
});

export const pin = operation("pin", async (msg, _chat, asked) => {
  const duration = asked.pinned ? DURATIONS.get(asked.seconds ?? 0) : undefined;
  if (asked.pinned && !duration) throw new BridgeError("BAD_ARGUMENT", "no such duration");
  const { sendPinInChatMsg } = WPP.whatsapp.functions;
  const state = asked.pinned ? PINNED : UNPINNED;
  const send = () => sendPinInChatMsg(msg, state, duration as Parameters<typeof sendPinInChatMsg>[2]);
  await certain(send, about("pinParentKey", msg.id), shows("pin", asked), { ...UNKNOWN, 403: "NOT_GROUP_ADMIN" });
});
