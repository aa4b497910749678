import { encodeB64UrlSafe } from "../../core/base64.js";
import { define } from "../../loader.js";
import { defineButtons } from "./buttons.js";
import { defineForwarding } from "./forward.js";
import { defineInvites } from "./invites.js";
import { defineLinks } from "./links.js";
import { definePlayed } from "./played.js";
import { defineVcards } from "./vcard.js";

/**
 * A link under which those who were invited to an event meet in a call.
 *
 * @param {number} _startTime
 * @param {string} callType "voice" or "video"
 */
async function createEventCallLink(_startTime, callType) {
  const token = encodeB64UrlSafe(crypto.getRandomValues(new Uint8Array(16))).replace(/=/g, "");
  return `https://call.whatsapp.com/${callType}/${token}`;
}

export function defineContents() {
  defineButtons();
  defineForwarding();
  defineInvites();
  defineLinks();
  definePlayed();
  defineVcards();
  define("WAWebGenerateEventCallLink", { createEventCallLink });
}
