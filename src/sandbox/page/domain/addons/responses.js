import { define, importNamespace } from "../../loader.js";
import * as storage from "../../storage/models.js";
import { chatFor } from "../chat.js";
import { oneAddress } from "./actual.js";
import { sendAddon } from "./outbox.js";
import { claim } from "./slots.js";

/** Answers to invitations to events: one per person. */

/** The numbers that whatsapp-web.js gives: none, going, not going, maybe. */
const RESPONSES = [0, 1, 2, 3];

/**
 * @param {import("./apply.js").Applied} addon
 * @param {import("./apply.js").Occasion} occasion
 */
export async function applyResponse(addon, { news }) {
  const { id, target, sender, order, ack, attributes } = addon;
  const senderTimestampMs = attributes.senderTimestampMs ?? order;
  const { eventResponse } = attributes;
  const response = { eventResponse, sender: sender.toString(), senderTimestampMs, t: Math.floor(order / 1000), ack };
  const record = await claim("response", addon, oneAddress(sender), { ...response, parentMsgKey: target.toString() });
  if (!record || !news) return;
  const { author, from } = attributes;
  const told = { ...response, id, eventResponseParentKey: target, author, from };
  await importNamespace("WAWebAddonEventResponseTableMode").eventResponseTableMode.bulkUpsert([told]);
}

/**
 * @param {number} eventResponse none takes the answer back
 * @param {any} msg the invitation
 * @returns {Promise<import("../send.js").SendResult>}
 */
async function sendEventResponseMsg(eventResponse, msg) {
  if (!RESPONSES.includes(eventResponse)) throw new TypeError("no answer to an event");
  return sendAddon(chatFor(msg.id.remote), { type: "event_response", eventResponseParentKey: msg.id, eventResponse });
}

/** The answers as a table, as far as the gateway's bridge asks it. */
const table = {
  /**
   * @param {string[]} _index parentMsgKey
   * @param {string} value
   */
  equals: async (_index, value) =>
    (await storage.addonsBy("parent", value)).filter((record) => record.kind === "response"),
};

export function defineResponses() {
  define("WAWebSendEventResponseMsgAction", { sendEventResponseMsg });
  // No published library reads answers. These two are named and formed after those of the votes, for the gateway's bridge.
  define("WAWebAddonEventResponseTableMode", {
    // The rows are stored before anybody is told: there is nothing left to do here.
    eventResponseTableMode: { bulkUpsert: async (/** @type {any[]} */ _records) => undefined },
  });
  define("WAWebEventResponsesSchema", { getTable: () => table });
}
