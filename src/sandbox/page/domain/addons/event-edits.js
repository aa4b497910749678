import { define, importNamespace } from "../../loader.js";
import { chatFor } from "../chat.js";
import { sendAddon } from "./outbox.js";

/** Edits of invitations to events: each gives the event anew, whole. */

/** All that an event is. */
const EVENT = [
  "eventName", "eventDescription", "eventStartTime", "eventEndTime", "eventLocation", "eventJoinLink", "isEventCanceled",
];

/**
 * What an edit makes of an event: what it lacks, the event has no more.
 *
 * @param {Record<string, any>} attributes
 */
export const editedEvent = (attributes) => Object.fromEntries(EVENT.map((name) => [name, attributes[name]]));

/**
 * @param {Record<string, any>} event `{name, description, startTime, endTime, location, callType, isEventCanceled}`, as
 *   whatsapp-web.js gives it: times in Unix seconds, the location by its name; without a call's type the link stays
 * @param {any} msg the invitation
 * @returns {Promise<import("../send.js").SendResult>}
 */
async function sendEventEditMessage(event, msg) {
  const { name, description, startTime, endTime, location, callType, isEventCanceled } = event;
  const place = location && { degreesLatitude: 0, degreesLongitude: 0, name: location };
  const called = callType === "video" || callType === "voice";
  const { createEventCallLink } = importNamespace("WAWebGenerateEventCallLink");
  const link = called ? await createEventCallLink(startTime, callType) : callType === "none" ? undefined : msg.eventJoinLink;
  return sendAddon(chatFor(msg.id.remote), {
    type: "protocol",
    subtype: "message_edit",
    protocolMessageKey: msg.id,
    editMsgType: msg.type,
    eventName: name,
    eventDescription: description || undefined,
    eventStartTime: startTime,
    eventEndTime: endTime ?? undefined,
    eventLocation: place || undefined,
    eventJoinLink: link ?? undefined,
    isEventCanceled: Boolean(isEventCanceled),
  });
}

export function defineEventEdits() {
  define("WAWebSendEventEditMsgAction", { sendEventEditMessage });
}
