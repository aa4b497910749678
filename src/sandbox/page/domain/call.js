import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { createWid } from "../core/wid.js";
import { SandboxNotImplemented } from "../errors.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { notImplemented } from "../stubs.js";
import { chatIdOf } from "./chat.js";

/** @typedef {import("../net/connection.js").Frame} Frame */

/**
 * Incoming calls: they ring here as on the account's other devices, and can be rejected. The page carries no sound, so a
 * call can't be taken or made on it.
 */

/** The states of a call, by the numbers that wa-js declares. */
const CallState = {
  None: 0,
  Calling: 1,
  PreacceptReceived: 2,
  ReceivedCall: 3,
  AcceptSent: 4,
  AcceptReceived: 5,
  CallActive: 6,
  CallActiveElseWhere: 7,
  ReceivedCallWithoutOffer: 8,
  Rejoining: 9,
  Link: 10,
  ConnectedLonely: 11,
  PreCalling: 12,
  CallStateEnding: 13,
  CallBCallStarting: 14,
};

class CallModel extends BaseModel {
  #state = CallState.None;

  getState() {
    return this.#state;
  }

  /** @param {number} state */
  setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.trigger("change:state", this, state);
  }
}
defineModel(CallModel, "call", [
  "id", "peerJid", "isVideo", "isGroup", "outgoing", "offerTime", "canHandleLocally", "webClientShouldHandle", "participants",
]);

class CallCollection extends BaseCollection {
  static model = CallModel;
  /** whatsapp-web.js listens for calls by replacing `set` of the first map among the collection's own fields. */
  _activeCalls = new Map();
  /** @type {CallModel | null} */
  activeCall = null;

  /** @param {Record<string, any>} offer */
  processIncomingCall(offer) {
    const call = this.add(offer);
    call.setState(CallState.ReceivedCall);
    this._activeCalls.set(call.id, call);
    return call;
  }

  /** @param {CallModel | null} call */
  setActiveCall(call) {
    this.activeCall = call;
  }

  /** @param {CallModel} call */
  endCall(call) {
    this._activeCalls.delete(call.get("id"));
    if (this.activeCall === call) this.activeCall = null;
    this.remove(call);
  }
}

/** @type {any} */
const calls = new CallCollection();

/** @param {Frame} frame */
function receiveCall(frame) {
  if (frame.event === "offer") {
    ring(frame);
    return;
  }
  const call = calls.get(frame.id);
  if (!call) return;
  if (frame.event === "accepted") call.setState(CallState.CallActiveElseWhere);
  else call.setState(CallState.CallStateEnding);
  calls.endCall(call);
}

/** @param {Frame} frame */
function ring(frame) {
  if (calls.get(frame.id)) return;
  // Through the collection's own properties: wa-js replaces them.
  const call = calls.processIncomingCall({
    id: frame.id, peerJid: chatIdOf(createWid(frame.from)), offerTime: frame.ts, isVideo: frame.video, isGroup: false,
    outgoing: false, canHandleLocally: true, webClientShouldHandle: true, participants: undefined,
  });
  if (!calls.activeCall) calls.setActiveCall(call);
}

/** @param {string} id */
const reject = (id) => session.request({ t: "iq", op: "call_reject", id });

/** What rings in this window; sound and picture would be its business, too. */
const voipStack = {
  rejectCall: async () => {
    if (calls.activeCall) await reject(calls.activeCall.get("id"));
  },
  acceptCall: notImplemented("WAWebVoipStackInterface.getVoipStackInterface.acceptCall"),
  endCall: notImplemented("WAWebVoipStackInterface.getVoipStackInterface.endCall"),
};

// --- the same by what the libraries write to the wire themselves

class WapNode {
  /**
   * @param {string} tag
   * @param {Record<string, any>} [attrs]
   * @param {any} [content]
   */
  constructor(tag, attrs = {}, content = null) {
    this.tag = tag;
    this.attrs = attrs;
    this.content = content;
  }
}

/**
 * @param {string} tag
 * @param {Record<string, any>} [attrs]
 * @param {any} [content]
 */
const node = (tag, attrs, content) => new WapNode(tag, attrs, content);

/** The sandbox's wire has frames of its own: of what is written as the live one's, it carries out this much. @param {any} stanza */
async function castStanza(stanza) {
  const [child] = Array.isArray(stanza.content) ? stanza.content : [];
  if (stanza.tag !== "call" || child?.tag !== "reject") {
    throw new SandboxNotImplemented(`the stanza ${stanza.tag} ${child?.tag ?? ""}`.trim());
  }
  await reject(child.attrs["call-id"]);
}

let lastStanza = 0;

export function defineCalls() {
  session.handle("call", receiveCall);
  define("WAWebCallModel", { default: CallModel });
  define("WAWebCallCollection", { default: calls });
  define("WAWebVoipWaCallEnums", { CallState });
  define("WAWebVoipStackInterface", { getVoipStackInterface: async () => voipStack });
  define("WAWap", {
    WapNode,
    wap: node,
    DROP_ATTR: Symbol("drop"),
    generateId: () => {
      lastStanza += 1;
      return `sandbox-${lastStanza}`;
    },
  });
  define("WASmaxJsx", { smax: node });
  define("WADeprecatedSendIq", { deprecatedCastStanza: castStanza });
  define("WADeprecatedSendSmaxStanza", { sendSmaxStanza: castStanza });
  // There is no end-to-end encryption here, so there are no sessions to make.
  define("WAWebManageE2ESessionsJob", { ensureE2ESessions: async () => undefined });
}
