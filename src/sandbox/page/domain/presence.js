import { BaseCollection, Collection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { asUserWid, createWid } from "../core/wid.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { alternate } from "./lids.js";
import { stream } from "./conn.js";

/** Who is online, and who is typing. */

const CHATSTATES = { composing: "typing", recording: "recording_audio", paused: "available" };

class Chatstate extends BaseModel {}
defineModel(Chatstate, "chatstate", ["id", "type", "t", "deny"]);

class ChatstateCollectionImpl extends Collection {
  static model = Chatstate;

  /** What the one who began last is at, or that nobody is at anything. */
  get shown() {
    const busy = this.getModelsArray().filter((/** @type {any} */ each) => each.type !== CHATSTATES.paused);
    return busy.sort((left, right) => left.t - right.t).at(-1)?.type ?? CHATSTATES.paused;
  }
}

class Presence extends BaseModel {
  static session = new Set(["isOnline", "hasData", "isSubscribed", "chatActive"]);

  /** @type {any} */
  chatstates = new ChatstateCollectionImpl([], { parent: this });
  /** @type {any} */
  chatstate;

  /**
   * @param {any} attributes
   * @param {any} [options]
   */
  constructor(attributes, options) {
    super(attributes, options);
    this.chatstate = new Chatstate({ id: this.attributes.id });
    for (const name of ["type", "t"]) {
      this.chatstate.on(`change:${name}`, (/** @type {any[]} */ ...args) => this.trigger(`change:chatstate.${name}`, ...args));
    }
  }

  defaults() {
    return { isOnline: false, hasData: false, isSubscribed: false, chatActive: false };
  }

  get isUser() {
    return Boolean(this.attributes?.id?.isUser());
  }

  get isGroup() {
    return Boolean(this.attributes?.id?.isGroup());
  }

  async subscribe() {
    if (this.get("isSubscribed")) return;
    this.set({ isSubscribed: true });
    session.send({ t: "presence_subscribe", jid: this.attributes.id.toString() });
  }
}
defineModel(Presence, "presence", ["id", "isOnline", "hasData", "isSubscribed"]);

class PresenceCollectionImpl extends BaseCollection {
  static model = Presence;

  /** @param {any} id */
  async fetch(id) {
    return { id: createWid(id) };
  }
}

/** @type {any} */
export const presences = new PresenceCollectionImpl();

/**
 * @param {any} wid
 * @param {string} state
 */
function sendChatstate(wid, state) {
  session.send({ t: "chatstate", to: wid.toString(), state });
}

/**
 * Typing ends on its own after 25 s, as it does on the page.
 * @type {Map<string, ReturnType<typeof setTimeout>>}
 */
const typing = new Map();
const TYPING_MS = 25000;

/**
 * @param {any} wid
 * @param {"composing" | "recording" | "paused"} state
 */
async function mark(wid, state) {
  const key = wid.toString();
  clearTimeout(typing.get(key));
  typing.delete(key);
  sendChatstate(wid, state);
  if (state !== "paused") typing.set(key, setTimeout(() => mark(wid, "paused"), TYPING_MS));
}

/** @param {import("../net/connection.js").Frame} frame */
function receiveChatstate(frame) {
  const told = createWid(frame.chat);
  const type = CHATSTATES[/** @type {keyof typeof CHATSTATES} */ (frame.state)];
  const t = Math.floor(Date.now() / 1000);
  if (told.isGroup()) {
    const presence = presences.gadd(told);
    presence.set({ hasData: true });
    presence.chatstates.add({ id: createWid(frame.participant) }).set({ type, t });
    presence.chatstate.set({ t, type: presence.chatstates.shown });
    return;
  }
  const known = toldOf(told);
  for (const presence of known.length ? known : [presences.gadd(told)]) {
    presence.set({ hasData: true, isOnline: true });
    presence.chatstate.set({ t, type });
  }
}

/** @param {import("../net/connection.js").Frame} frame */
function receivePresence(frame) {
  const told = asUserWid(createWid(frame.jid));
  const isOnline = frame.state === "available";
  const t = isOnline ? Math.floor(Date.now() / 1000) : (frame.last_seen ?? undefined);
  const known = toldOf(told);
  for (const presence of known.length ? known : [presences.gadd(told)]) {
    presence.set({ hasData: true, isOnline });
    presence.chatstate.set({ t, deny: Boolean(frame.denied), type: isOnline ? "available" : "unavailable" });
  }
}

/**
 * The presences that are held of a person, under either form of the address.
 *
 * @param {import("../core/wid.js").Wid} wid
 * @returns {any[]}
 */
function toldOf(wid) {
  const other = alternate(wid);
  return [presences.get(wid), other && presences.get(other)].filter(Boolean);
}

function resubscribe() {
  for (const presence of presences) {
    if (presence.isSubscribed) session.send({ t: "presence_subscribe", jid: presence.id.toString() });
  }
}

export function definePresence() {
  session.handle("chatstate", receiveChatstate);
  session.handle("presence", receivePresence);
  session.onLogin(resubscribe);
  define("WAWebPresenceModel", { Presence, Chatstate, ChatstateCollection: ChatstateCollectionImpl });
  // Not the class: wa-js would take it for the collection.
  define("WAWebPresenceCollection", { PresenceCollection: presences });
  define("WAWebPresenceChatAction", {
    markComposing: (/** @type {any} */ chat) => mark(chat.id, "composing"),
    markRecording: (/** @type {any} */ chat) => mark(chat.id, "recording"),
    markPaused: (/** @type {any} */ chat) => mark(chat.id, "paused"),
    sendPresenceAvailable: () => stream.markAvailable(),
    sendPresenceUnavailable: () => stream.markUnavailable(),
  });
  define("WAWebChatStateBridge", {
    sendChatStateComposing: (/** @type {any} */ wid) => mark(wid, "composing"),
    sendChatStateRecording: (/** @type {any} */ wid) => mark(wid, "recording"),
    sendChatStatePaused: (/** @type {any} */ wid) => mark(wid, "paused"),
  });
  define("WAWebContactPresenceBridge", {
    subscribeUserPresence: (/** @type {any} */ wid) => presences.gadd(createWid(wid)).subscribe(),
    subscribeGroupPresence: (/** @type {any} */ wid) => void presences.gadd(createWid(wid)).subscribe(),
  });
}
