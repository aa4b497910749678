import { BaseCollection, Collection } from "../../core/collection.js";
import { BaseModel, defineModel } from "../../core/model.js";
import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { define, importNamespace } from "../../loader.js";
import * as storage from "../../storage/models.js";
import { chatFor } from "../chat.js";
import { isMe } from "../me.js";
import { keepMessage } from "../msg.js";
import { held } from "./apply.js";
import { oneAddress } from "./actual.js";
import { sendAddon } from "./outbox.js";
import { claim } from "./slots.js";

/** Reactions: one per person and message, gathered by what they show. */

/**
 * @typedef {object} Row a reaction as it is told and stored
 * @property {string} msgKey
 * @property {string} parentMsgKey
 * @property {string} senderUserJid
 * @property {string} reactionText empty: taken back
 * @property {number} timestamp milliseconds
 * @property {number} t seconds
 * @property {number} orphan
 * @property {boolean} read
 * @property {number} ack
 */

class SenderModel extends BaseModel {}
defineModel(SenderModel, "reactions-senders", [
  "id", "msgKey", "parentMsgKey", "senderUserJid", "reactionText", "timestamp", "orphan", "read", "ack", "isSendFailure",
]);

class SendersCollection extends Collection {
  static model = SenderModel;
}

class AggReactionsModel extends BaseModel {
  static children = ["senders"];
  /** @type {any} */
  senders = new SendersCollection();
}
defineModel(AggReactionsModel, "agg-reactions", ["id", "aggregateEmoji", "hasReactionByMe"]);

class AggReactionsCollection extends Collection {
  static model = AggReactionsModel;
}

/** All reactions to one message. */
class ReactionsModel extends BaseModel {
  static children = ["reactions"];
  /** @type {any} */
  reactions = new AggReactionsCollection();

  /** @param {Row} row */
  put(row) {
    for (const each of [...this.reactions.getModelsArray()]) {
      each.senders.remove(row.senderUserJid);
      if (!each.senders.length) this.reactions.remove(each);
      else each.set({ hasReactionByMe: each.senders.some((/** @type {any} */ sender) => isMe(createWid(sender.senderUserJid))) });
    }
    const mine = isMe(createWid(row.senderUserJid));
    const sender = row.reactionText ? new SenderModel({ ...row, id: row.senderUserJid }) : undefined;
    if (mine) this.set({ reactionByMe: sender });
    if (!sender) return;
    const id = aggregate(row.reactionText);
    const group = this.reactions.add({ id, aggregateEmoji: id, hasReactionByMe: false });
    group.senders.add(sender);
    if (mine) group.set({ hasReactionByMe: true });
  }
}
defineModel(ReactionsModel, "reactions", ["id", "reactionByMe"]);

/** Skin tones are shown together. @param {string} emoji */
const aggregate = (emoji) => emoji.replace(/[\u{1f3fb}-\u{1f3ff}]/gu, "") || emoji;

class ReactionsCollectionImpl extends BaseCollection {
  static model = ReactionsModel;

  /**
   * The reactions to a message, made when there are none.
   *
   * @param {any} id
   */
  async find(id) {
    const key = String(id);
    const known = this.get(key);
    if (known) return known;
    const rows = await rowsOf(key);
    return this.get(key) ?? this.#fill(key, rows);
  }

  /** @param {Row} row */
  addOrUpdateReaction(row) {
    this.get(row.parentMsgKey)?.put(row);
  }

  /** @param {any} id */
  deleteReactionsByParentMessageKey(id) {
    this.remove(String(id));
  }

  /**
   * @param {string} key
   * @param {Row[]} rows
   */
  #fill(key, rows) {
    const model = this.add({ id: key }, { silent: true });
    for (const row of rows) model.put(row);
    return model;
  }
}

/** @type {any} */
export const reactions = new ReactionsCollectionImpl();

/**
 * @param {string} parent
 * @returns {Promise<Row[]>} those that weren't taken back
 */
async function rowsOf(parent) {
  const records = await storage.addonsBy("parent", parent);
  return records.filter((record) => record.kind === "reaction" && record.reactionText);
}

/**
 * @param {import("./apply.js").Applied} addon
 * @param {import("./apply.js").Occasion} occasion
 */
export async function applyReaction(addon, { news, own = false }) {
  const { id, target, sender, order, ack, attributes } = addon;
  const reactionText = String(attributes.reactionText ?? "");
  const t = Math.floor(order / 1000);
  const timestamp = attributes.senderTimestampMs ?? order;
  const senderUserJid = sender.toString();
  const msg = await held(target);
  const row = {
    msgKey: id.toString(), parentMsgKey: target.toString(), senderUserJid, reactionText, timestamp, t,
    orphan: msg ? 0 : 1, read: !news || own, ack,
  };
  const record = await claim("reaction", addon, oneAddress(sender), row, () => {
    if (!msg || !reactionText) return [];
    msg.set({ hasReaction: true });
    return [keepMessage(msg)];
  });
  if (!record) return;
  if (news) {
    // The records that the table takes: whatsapp-web.js listens there.
    const { author, from } = attributes;
    const table = importNamespace("WAWebAddonReactionTableMode").reactionTableMode;
    await table.bulkUpsert([
      { id, reactionParentKey: target, reactionText, reactionTimestamp: timestamp, author, from, t, orphan: row.orphan, read: row.read, ack },
    ]);
    // wa-js listens here; it tells of what is said to be news.
    await importNamespace("WAWebReactionsMsgAction").addOrUpdateReactionsModelCollection(row, !own);
  } else {
    reactions.addOrUpdateReaction(row);
  }
  if (!msg || reactionText) return;
  msg.set({ hasReaction: (await rowsOf(row.parentMsgKey)).length > 0 });
  await keepMessage(msg);
}

/**
 * @param {any} msg
 * @param {string | null | undefined} emoji nothing: the reaction is taken back
 * @returns {Promise<string>} "OK" when the server took it
 */
async function sendReactionToMsg(msg, emoji) {
  const chat = chatFor(msg.id.remote);
  const addon = { type: "reaction", reactionParentKey: msg.id, reactionText: emoji ?? "" };
  return (await sendAddon(chat, addon)).messageSendResult;
}

/** @param {any} id */
async function getReactions(id) {
  const { reactionByMe, reactions: groups } = await reactions.find(id);
  return {
    reactionByMe: reactionByMe?.attributes,
    reactions: groups.map((/** @type {any} */ group) => ({
      ...group.attributes,
      senders: group.senders.map((/** @type {any} */ { attributes }) => ({
        ...attributes,
        msgKey: MsgKey.fromString(attributes.msgKey),
        parentMsgKey: MsgKey.fromString(attributes.parentMsgKey),
      })),
    })),
  };
}

export function defineReactions() {
  define("WAWebReactionsModel", { default: ReactionsModel });
  define("WAWebReactionsSendersModel", { default: SenderModel });
  define("WAWebAggReactionsModel", { default: AggReactionsModel });
  define("WAWebReactionsSendersCollection", { ReactionsSendersCollection: SendersCollection });
  define("WAWebAggReactionsCollection", { AggReactionsCollection });
  // Without the class beside it: wa-js would take that for the store.
  define("WAWebReactionsCollection", { ReactionsCollection: reactions });
  define("WAWebSendReactionMsgAction", { sendReactionToMsg });
  define("WAWebDBGetReactions", { getReactions });
  define("WAWebAddonReactionTableMode", {
    // The rows are stored before anybody is told: there is nothing left to do here.
    reactionTableMode: { bulkUpsert: async (/** @type {any[]} */ _records) => undefined },
  });
  define("WAWebReactionsMsgAction", {
    addOrUpdateReactionsModelCollection: async (/** @type {Row} */ row, /** @type {boolean} */ _news) =>
      reactions.addOrUpdateReaction(row),
  });
}
