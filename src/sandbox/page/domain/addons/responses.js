import { define } from "../../loader.js";
import { chatFor } from "../chat.js";
import { sendAddon } from "./outbox.js";

/** Answers to invitations to events: one per person. No published source names their type and attributes: these are the sandbox's own. */

/** The numbers that whatsapp-web.js gives: none, going, not going, maybe. */
const RESPONSES = [0, 1, 2, 3];

/** The server keeps answers and the phones show them. No published library reads them from a page: this one keeps none. */
export async function applyResponse() {
  // Nothing of it is on the page.
}

/**
 * @param {number} rsvp none takes the answer back
 * @param {any} msg the invitation
 * @returns {Promise<import("../send.js").SendResult>}
 */
async function sendEventResponseMsg(rsvp, msg) {
  if (!RESPONSES.includes(rsvp)) throw new TypeError("no answer to an event");
  return sendAddon(chatFor(msg.id.remote), { type: "rsvp", rsvpParentKey: msg.id, rsvp });
}

export function defineResponses() {
  define("WAWebSendEventResponseMsgAction", { sendEventResponseMsg });
}
