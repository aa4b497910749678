/** Incoming calls. */

import type { Wid } from "./page";
import { address, alternateOf } from "./address";
import { type Channel, describe } from "./channel";
import { safely } from "./normalise";
import type { WireCall } from "./people-protocol";
import { BridgeError } from "./protocol";

const LOOK_MS = 1_000;
const MAX_REMEMBERED = 200;

type Args = Readonly<Record<string, unknown>>;

interface CallLike {
  readonly id: string;
  readonly peerJid?: Wid;
  readonly isVideo?: boolean;
  readonly isGroup?: boolean;
  readonly outgoing?: boolean;
  readonly offerTime?: number;
  getState?(): unknown;
}

/** The calls that were told to ring, by id. */
const ringing = new Map<string, WireCall>();
const rejected = new Map<string, WireCall>();

function states(): Readonly<Record<string, unknown>> {
  return WPP.whatsapp.enums.CALL_STATES as unknown as Readonly<Record<string, unknown>>;
}

/** The page has had two sets of names for the states. */
function isIncoming(state: unknown): boolean {
  const names = ["INCOMING_RING", "ReceivedCall", "ReceivedCallWithoutOffer"];
  return state !== undefined && names.some((name) => states()[name] === state);
}

function wasTaken(state: unknown): boolean {
  const names = ["HANDLED_REMOTELY", "CallActiveElseWhere", "REMOTE_CALL_IN_PROGRESS"];
  return state !== undefined && names.some((name) => states()[name] === state);
}

function find(id: string): CallLike | undefined {
  return safely(() => WPP.whatsapp.CallStore.get(id) as unknown as CallLike | undefined);
}

function wireCall(call: CallLike): WireCall {
  const peer = call.peerJid;
  const alternate = alternateOf(peer);
  return {
    id: String(call.id),
    caller: address(peer) ?? String(peer),
    ...(alternate ? { alternate } : {}),
    video: Boolean(call.isVideo),
    group: Boolean(call.isGroup),
    offeredAt: Math.trunc(Number(call.offerTime ?? Date.now() / 1000)),
  };
}

export const listCalls = (): WireCall[] => [...ringing.values()];

export async function rejectCall(args: Args): Promise<WireCall> {
  const id = String(args["id"]);
  const call = ringing.get(id);
  if (!call) {
    const before = rejected.get(id);
    if (before) return before;
    throw new BridgeError("CALL_NOT_FOUND", "it doesn't ring here");
  }
  if (rejected.size >= MAX_REMEMBERED) rejected.delete(rejected.keys().next().value ?? "");
  rejected.set(id, call);
  try {
    await WPP.call.reject(id);
  } catch (error) {
    rejected.delete(id);
    if (!find(id)) throw new BridgeError("CALL_NOT_FOUND", "it rings no more");
    throw new BridgeError("CHANGE_REFUSED", describe(error));
  }
  return call;
}

/** wa-js tells of the start alone: the end shows in the page's collection. */
export function followCalls(channel: Channel): void {
  /** The state in which a call was seen last: one that is over may be gone from the collection. */
  const last = new Map<string, unknown>();
  let timer: number | undefined;
  const stop = (id: string, state: unknown) => {
    const call = ringing.get(id);
    if (!call) return;
    ringing.delete(id);
    last.delete(id);
    const outcome = rejected.has(id) ? "rejected" : wasTaken(state) ? "accepted_elsewhere" : "missed";
    channel.tellPeople({ kind: "callStopped", call, outcome, at: Date.now() });
  };
  const look = () => {
    for (const id of [...ringing.keys()]) {
      const call = find(id);
      const state = call?.getState?.();
      if (!call) stop(id, last.get(id));
      else if (state !== undefined && !isIncoming(state)) stop(id, state);
    }
    if (ringing.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const heed = (call: CallLike) => {
    if (ringing.has(call.id)) last.set(call.id, call.getState?.());
    look();
  };
  WPP.on("call.incoming_call", ({ id }) => {
    try {
      const call = find(id);
      if (!call || call.outgoing || ringing.has(id)) return;
      const wire = wireCall(call);
      ringing.set(id, wire);
      channel.tellPeople({ kind: "call", call: wire });
      timer ??= setInterval(look, LOOK_MS);
      look();
    } catch (error) {
      channel.fault("call", error);
    }
  });
  safely(() => WPP.whatsapp.CallStore.on("change:state", heed));
  safely(() => WPP.whatsapp.CallStore.on("remove", heed));
}
