/** Presence: the account's own, and that of others. */

import type { Wid } from "./page";
import { address, alternateOf } from "./address";
import type { Channel } from "./channel";
import { knownChat, widOf } from "./find";
import type { WirePresence } from "./people-protocol";
import { BridgeError } from "./protocol";
import { until } from "./wait";

const ANSWER_MS = 2_000;

type Args = Readonly<Record<string, unknown>>;

const ACTIVITIES: Readonly<Record<string, WirePresence["activity"]>> = {
  typing: "composing",
  recording_audio: "recording",
};

export async function bePresent(args: Args): Promise<null> {
  await WPP.conn.markAvailable(args["online"] === true);
  return null;
}

export async function act(args: Args): Promise<null> {
  const chat = knownChat(widOf(String(args["jid"])));
  if (!chat) throw new BridgeError("CHAT_NOT_FOUND", "the page has no such chat");
  switch (args["activity"]) {
    case "composing":
      await WPP.chat.markIsComposing(chat.id);
      break;
    case "recording":
      await WPP.chat.markIsRecording(chat.id);
      break;
    default:
      await WPP.chat.markIsPaused(chat.id);
  }
  return null;
}

interface PresenceLike {
  readonly id: Wid;
  readonly isOnline?: boolean;
  readonly hasData?: boolean;
  readonly chatstate?: { readonly type?: unknown; readonly t?: unknown; readonly deny?: unknown };
}

function wirePresence(presence: PresenceLike): WirePresence {
  const alternate = alternateOf(presence.id);
  const { type, t, deny } = presence.chatstate ?? {};
  // A group isn't somewhere: what is held of it is what its members are at.
  const online = presence.hasData && !presence.id.isGroup() ? Boolean(presence.isOnline) : undefined;
  const lastSeen = online === false && !deny && Number(t) > 0 ? Number(t) : undefined;
  return {
    chat: address(presence.id) ?? String(presence.id),
    ...(alternate ? { alternate } : {}),
    ...(online === undefined ? {} : { online }),
    activity: ACTIVITIES[String(type)] ?? "paused",
    ...(lastSeen ? { lastSeen } : {}),
  };
}

/** Whose presence was asked for. wa-js subscribes to every chat by itself: what nobody asked for isn't told. */
const wanted = new Set<string>();

/** Tells a presence that isn't told yet, once the page is followed. */
let tell = (_presence: WirePresence): void => undefined;

interface MemberState {
  readonly id: Wid;
  readonly type?: unknown;
}

const heeded = new WeakSet<object>();

/** wa-js tells of a group only when it shows something else, which it doesn't when a second member types as well. */
function heedMembers(group: Wid): void {
  const members = WPP.whatsapp.PresenceStore.get(group)?.chatstates;
  if (!members || heeded.has(members)) return;
  heeded.add(members);
  const heed = ({ id, type }: MemberState) => {
    const participant = address(id);
    if (participant && type) tell(memberPresence(group, participant, String(type)));
  };
  for (const member of members.getModelsArray() as unknown as readonly MemberState[]) {
    if (ACTIVITIES[String(member.type)]) heed(member);
  }
  members.on("add change:type", heed);
}

function memberPresence(group: Wid, participant: string, state: string): WirePresence {
  return { chat: address(group) ?? String(group), participant, activity: ACTIVITIES[state] ?? "paused" };
}

export async function subscribePresence(args: Args): Promise<WirePresence> {
  const asked = widOf(String(args["jid"]));
  const wid = knownChat(asked)?.id ?? asked;
  for (const form of [address(wid), alternateOf(wid), address(asked)]) if (form) wanted.add(form);
  await WPP.contact.subscribePresence(String(address(wid)));
  const held = () => WPP.whatsapp.PresenceStore.get(wid) as unknown as PresenceLike | undefined;
  if (wid.isGroup()) {
    heedMembers(wid);
    return wirePresence(held() ?? { id: wid });
  }
  await until(() => (held()?.hasData ? true : undefined), ANSWER_MS);
  const presence = wirePresence(held() ?? { id: wid });
  // Where the page held it before, by wa-js's own subscription, nothing changes that would be told.
  if (presence.online !== undefined) tell(presence);
  return presence;
}

interface GroupPresence {
  readonly id: string;
  readonly state: string;
}

export function followPresence(channel: Channel): void {
  /** What was told last, per chat and person: the page tells of many a change that shows nothing new. */
  const told = new Map<string, string>();
  tell = (presence) => {
    if (!wanted.has(presence.chat) && !wanted.has(presence.alternate ?? "")) return;
    const key = `${presence.chat} ${presence.participant ?? ""}`;
    const mark = JSON.stringify(presence);
    if (told.get(key) === mark) return;
    told.set(key, mark);
    channel.tellPeople({ kind: "presence", presence });
  };
  WPP.on("chat.presence_change", (change) => {
    try {
      const held = WPP.whatsapp.PresenceStore.get(change.id) as unknown as PresenceLike | undefined;
      if (!change.isGroup) {
        tell(wirePresence(held ?? { id: change.id }));
        return;
      }
      for (const { id, state } of (change.participants ?? []) as readonly GroupPresence[]) {
        const participant = address(id);
        if (participant) tell(memberPresence(change.id, participant, state));
      }
    } catch (error) {
      channel.fault("presence", error);
    }
  });
}
