import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { asUserWid, createWid } from "../core/wid.js";
import { define } from "../loader.js";
import { settings } from "../settings.js";
import * as storage from "../storage/models.js";
import { contacts, tryContact } from "./contact.js";
import { alternate, lidPnCache } from "./lids.js";
import { MsgModel, isLeaving, msgs, reviveMessage } from "./msg.js";
import { MuteModel } from "./mute.js";
import { presences } from "./presence.js";

/** @typedef {import("../core/wid.js").Wid} Wid */

/** Conversations: the list, the messages each holds in memory, and loading older ones from the database. */

/** The messages of a chat that are in memory, oldest first. */
export class ChatMsgsCollection extends BaseCollection {
  static model = MsgModel;
  /** @type {Promise<any> | undefined} */
  loadAroundPromise = undefined;
  msgLoadState = new BaseModel({ noEarlierMsgs: false, isLoadingEarlierMsgs: false, contextLoaded: true });

  /**
   * @param {any} left
   * @param {any} right
   */
  static comparator(left, right) {
    return left.t - right.t || left.rowId - right.rowId;
  }
}

/** The unread count of a chat that was marked as unread by hand and has no unread message. */
export const MARKED_UNREAD = -1;

export class ChatModel extends BaseModel {
  static session = new Set(["formattedTitle", "markedUnread", "active", "promises", "stale", "canSend", "pausedTimerId", "groupMetadata"]);
  static children = ["msgs"];

  /** @type {any} */
  msgs = new ChatMsgsCollection([], { parent: this });
  /** @type {any} */
  mute = new MuteModel({ id: this.attributes.id });

  defaults() {
    return {
      unreadCount: 0, archive: false, isReadOnly: false, isAnnounceGrpRestrict: false, muteExpiration: 0, notSpam: true,
      pin: 0, pendingMsgs: false, promises: {}, canSend: true, labels: [],
    };
  }

  get presence() {
    return this.attributes ? presences.gadd(this.attributes.id) : undefined;
  }

  get contact() {
    return this.attributes ? contacts.gadd(this.attributes.id) : undefined;
  }

  get formattedTitle() {
    return this.attributes ? this.attributes.name || this.contact.formattedName : undefined;
  }

  /** wa-js writes it after a group's subject. @param {string | undefined} title */
  set formattedTitle(title) {
    this.set({ name: title });
  }

  title() {
    return this.formattedTitle;
  }

  get isParentGroup() {
    return false;
  }

  getAllMsgs() {
    return this.msgs.getModelsArray();
  }

  getLastReceivedMsg() {
    return this.msgs.last();
  }

  canPin() {
    return true;
  }

  canArchive() {
    return true;
  }
}
defineModel(ChatModel, "chat", [
  "id", "t", "unreadCount", "archive", "isReadOnly", "muteExpiration", "name", "notSpam", "pin", "lastReceivedKey",
  "labels", "ephemeralDuration", "pendingMsgs", "active", "promises", "pausedTimerId", "endOfHistoryTransferType",
]);

class ChatCollectionImpl extends BaseCollection {
  static model = ChatModel;

  /**
   * @param {any} left
   * @param {any} right
   */
  static comparator(left, right) {
    return (right.pin ?? 0) - (left.pin ?? 0) || (right.t ?? 0) - (left.t ?? 0);
  }

  #sorted = true;

  /** Pinned ones, then newest first, put in order when somebody looks. */
  getModelsArray() {
    if (!this.#sorted) {
      this.#sorted = true;
      this.sort({ silent: true });
    }
    return super.getModelsArray();
  }

  /**
   * @param {string} name
   * @param {...any} args
   */
  trigger(name, ...args) {
    if (name === "change:t" || name === "change:pin") this.#sorted = false;
    return super.trigger(name, ...args);
  }

  /** @param {any} id */
  async find(id) {
    return (await findOrCreateLatestChat(createWid(id))).chat;
  }
}

/** @type {any} */
export const chats = new ChatCollectionImpl();

/**
 * The address under which a chat is kept: a person's whichever form of theirs has a chat already, so that who moves to a
 * LID stays one conversation.
 *
 * @param {Wid} wid
 */
export function chatIdOf(wid) {
  if (!wid.isUser()) return wid;
  const user = asUserWid(wid);
  if (chats.get(user)) return user;
  const other = alternate(user);
  return other && chats.get(other) ? other : user;
}

/**
 * The chat with this address, made when there is none.
 *
 * @param {Wid} wid
 */
export function chatFor(wid) {
  const id = chatIdOf(wid);
  const chat = chats.get(id);
  if (chat) return chat;
  const created = chats.add({ id });
  keepChat(created);
  return created;
}

/** @param {any} chat */
export function keepChat(chat) {
  const id = chat.id.toString();
  const record = () => ({
    id,
    t: chat.t,
    unreadCount: chat.unreadCount,
    name: chat.name,
    lastReceivedKey: chat.lastReceivedKey?.toString(),
    archive: chat.archive,
    pin: chat.pin,
    muteExpiration: chat.muteExpiration,
    markedUnread: chat.markedUnread,
    endOfHistoryTransferType: chat.endOfHistoryTransferType,
  });
  return storage.put("chat", id, record);
}

/**
 * @param {Wid} wid
 * @returns {Promise<{chat: any, created: boolean}>}
 */
async function findOrCreateLatestChat(wid) {
  let id = chatIdOf(wid);
  const chat = chats.get(id);
  if (chat) return { chat, created: false };
  if (id.isUser()) {
    // A new chat goes under the form by which the person is told of; without a connection, under the number if known.
    const person = await tryContact(id);
    id = person?.jid ?? lidPnCache.getPhoneNumber(id) ?? id;
  }
  const created = !chats.get(id);
  return { chat: chatFor(id), created };
}

export async function loadChats() {
  for (const record of await storage.all("chat")) {
    const { id, lastReceivedKey, ...rest } = record;
    const chat = chats.add({ ...rest, id: createWid(id) }, { silent: true });
    const records = await storage.messagesOf(id, { count: settings.loadedMessages });
    for (const message of records) chat.msgs.add(msgs.add(reviveMessage(message), { silent: true }), { silent: true });
    chat.set({ lastReceivedKey: chat.msgs.last()?.id }, undefined, { silent: true });
    chat.mute.set({ expiration: chat.muteExpiration });
  }
}

/**
 * Takes in what the account's devices share of a chat; what `change` doesn't name stays.
 *
 * @param {any} chat
 * @param {{archived?: boolean, pinned_s?: number, muted_until_s?: number, marked_unread?: boolean}} change
 */
export function applyState(chat, change) {
  if (change.archived !== undefined) chat.set({ archive: change.archived });
  if (change.pinned_s !== undefined) chat.set({ pin: change.pinned_s });
  if (change.muted_until_s !== undefined) {
    chat.set({ muteExpiration: change.muted_until_s });
    chat.mute.set({ expiration: change.muted_until_s });
  }
  if (change.marked_unread === undefined) return;
  chat.set({ markedUnread: change.marked_unread });
  if (change.marked_unread && chat.unreadCount === 0) chat.set({ unreadCount: MARKED_UNREAD });
  if (!change.marked_unread && chat.unreadCount === MARKED_UNREAD) chat.set({ unreadCount: 0 });
}

/**
 * Loads the messages before the oldest one in memory.
 *
 * @param {any} request `{chat}` or the chat
 * @returns {Promise<any[] | undefined>} nothing when there are none
 */
async function loadEarlierMsgs(request) {
  const chat = request.chat ?? request;
  const oldest = chat.msgs.head();
  const anchor = oldest && { t: oldest.t, order: oldest.rowId };
  const records = await storage.messagesOf(chat.id.toString(), { count: settings.loadedMessages, anchor });
  if (!records.length) chat.msgs.msgLoadState.set({ noEarlierMsgs: true });
  return records.length ? records.map((record) => hold(chat, record)).filter(Boolean) : undefined;
}

/**
 * @param {any} chat
 * @param {any} record
 * @returns {any} nothing where it was deleted while the database answered
 */
function hold(chat, record) {
  if (isLeaving(record.id)) return undefined;
  return chat.msgs.add(msgs.get(record.id) ?? msgs.add(reviveMessage(record), { silent: true }), { silent: true });
}

/**
 * Where a message is in its chat. It is loaded from the database; whoever needs it waits for `loadAroundPromise`.
 *
 * @param {{chat: any, msgKey: any}} options
 */
function getSearchContext({ chat, msgKey }) {
  const collection = new ChatMsgsCollection([], { parent: chat });
  collection.loadAroundPromise = storage.message(msgKey.toString()).then((record) => {
    const msg = record && hold(chat, record);
    if (msg) collection.add(msg, { silent: true });
  });
  return { collection, key: msgKey, highlightMsg: true };
}

export function defineChats() {
  define("WAWebChatModel", { Chat: ChatModel });
  define("WAWebChatCollection", { ChatCollectionImpl, ChatCollection: chats });
  define("WAWebChatMsgsCollection", { ChatMsgsCollection });
  define("WAWebFindChatAction", { findOrCreateLatestChat });
  define("WAWebFindChat", { findExistingChat: async (/** @type {any} */ wid) => chats.get(chatIdOf(createWid(wid))) });
  define("WAWebChatLoadMessages", { loadEarlierMsgs });
  define("WAWebChatMessageSearch", { getSearchContext });
  define("WAWebChatGetters", {
    getHasUnread: (/** @type {any} */ chat) => chat.unreadCount !== 0,
    getIsNewsletter: (/** @type {any} */ chat) => chat.id.isNewsletter(),
    getIsBroadcast: (/** @type {any} */ chat) => chat.id.isBroadcast() || chat.id.isStatus(),
  });
  define("WAWebFrontendChatGetters", {
    getShouldAppearInList: () => true,
    getPreviewMessage: (/** @type {any} */ chat) => chat.msgs.last(),
    getShowChangeNumberNotification: () => false,
    getShouldShowUnreadDivider: (/** @type {any} */ chat) => chat.unreadCount > 0,
  });
}
