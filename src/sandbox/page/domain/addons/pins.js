import { Collection } from "../../core/collection.js";
import { now } from "../../core/clock.js";
import { BaseModel, defineModel } from "../../core/model.js";
import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { define, importNamespace } from "../../loader.js";
import * as storage from "../../storage/models.js";
import { chatFor } from "../chat.js";
import { sendAddon } from "./outbox.js";
import { claim } from "./slots.js";

/** Pinned messages: at the head of a chat for everybody in it, for a time. */

export const PIN_STATE = { INVALID: 0, PIN: 1, UNPIN: 2 };
const PinExpiryDurationOption = {
  FiveSeconds: "FiveSeconds",
  FifteenSeconds: "FifteenSeconds",
  OneMinute: "OneMinute",
  OneDay: "OneDay",
  SevenDays: "SevenDays",
  ThirtyDays: "ThirtyDays",
};
/** @type {Record<string, number>} */
const SECONDS = {
  FiveSeconds: 5, FifteenSeconds: 15, OneMinute: 60, OneDay: 86_400, SevenDays: 604_800, ThirtyDays: 2_592_000,
};

class PinModel extends BaseModel {}
defineModel(PinModel, "pin-in-chat", [
  "id", "msgKey", "parentMsgKey", "senderTimestampMs", "t", "sender", "chatId", "pinType", "pinExpiryDuration", "read",
]);

class PinInChatCollectionImpl extends Collection {
  static model = PinModel;

  /** @param {any} key */
  getByParentMsgKey(key) {
    const pin = this.findFirst((each) => String(each.parentMsgKey) === String(key));
    return pin && !isOver(pin) ? pin : undefined;
  }

  /** @param {any} key */
  getByMsgKey(key) {
    return this.get(key);
  }

  /** @param {any} chat */
  byChatId(chat) {
    return this.filter((pin) => String(pin.chatId) === String(chat) && !isOver(pin));
  }
}

/** @param {any} pin a pin whose time has run out is as if it weren't there */
const isOver = (pin) => pin.pinType === PIN_STATE.PIN && pin.t * 1000 + pin.pinExpiryDuration * 1000 <= now();

/** @type {any} */
const pins = new PinInChatCollectionImpl();

/** @param {any} record */
const modelOf = (record) => ({
  ...record,
  id: MsgKey.fromString(record.msgKey),
  msgKey: MsgKey.fromString(record.msgKey),
  parentMsgKey: MsgKey.fromString(record.parent),
  sender: createWid(record.sender),
  chatId: createWid(record.chat),
  kind: undefined, order: undefined, parent: undefined, chat: undefined,
});

/**
 * @param {import("./apply.js").Applied} addon
 * @param {import("./apply.js").Occasion} occasion
 */
export async function applyPin(addon, { news }) {
  const { target, sender, order, attributes } = addon;
  const record = await claim("pin", addon, "", {
    sender: sender.toString(), pinType: attributes.pinMessageType, pinExpiryDuration: attributes.pinExpiryDuration ?? 0,
    senderTimestampMs: attributes.senderTimestampMs ?? order, t: Math.floor(order / 1000), read: !news,
  });
  if (!record) return;
  const before = pins.findFirst((/** @type {any} */ each) => each.parentMsgKey.equals(target));
  if (before) pins.remove(before);
  pins.add(modelOf(record), { silent: !news });
}

/**
 * @param {any} msg
 * @param {number} state
 * @param {any} [duration] one of the options; what they last is asked where whatsapp-web.js says it
 * @returns {Promise<import("../send.js").SendResult>}
 */
async function sendPinInChatMsg(msg, state, duration) {
  const seconds = state === PIN_STATE.PIN ? importNamespace("WAWebPinMsgConstants").getPinExpiryDuration(duration) : undefined;
  const addon = { type: "pinned_message", pinParentKey: msg.id, pinMessageType: state, pinExpiryDuration: seconds };
  return sendAddon(chatFor(msg.id.remote), addon);
}

/** The pins as a table of the database, as far as whatsapp-web.js asks it. */
const schema = {
  /**
   * @param {string[]} _index chatId
   * @param {string} chat
   */
  equals: async (_index, chat) => {
    const records = (await storage.addonsBy("chat", chat)).filter((record) => record.kind === "pin" && !isOver(record));
    return records.map((record) => ({ ...record, chatId: record.chat, parentMsgKey: record.parent }));
  },
};

export async function loadPins() {
  for (const record of await storage.addonsBy("kind", "pin")) pins.add(modelOf(record), { silent: true });
}

export function definePins() {
  define("WAWebPinMsgConstants", {
    PIN_STATE,
    PinExpiryDurationOption,
    getPinExpiryDuration: (/** @type {string} */ option) => SECONDS[option] ?? SECONDS.SevenDays,
  });
  // Without the class beside it: wa-js would take that for the store.
  define("WAWebPinInChatCollection", { PinInChatCollection: pins });
  define("WAWebPinInChatSchema", { getTable: () => schema });
  define("WAWebSendPinMessageAction", { sendPinInChatMsg });
}
