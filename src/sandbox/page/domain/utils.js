import * as base64 from "../core/base64.js";
import { now } from "../core/clock.js";
import { EventEmitter } from "../core/emitter.js";
import { BaseModel, defineModel } from "../core/model.js";
import { BaseCollection, Collection } from "../core/collection.js";
import { MsgKey } from "../core/msgkey.js";
import { Wid, createWid, widFactory } from "../core/wid.js";
import { define } from "../loader.js";

/** @typedef {{href: string, value: string, start: number, end: number, suspiciousCharacters: Set<string>}} Link */

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/giu;

/**
 * The web addresses in a text. A host with characters outside ASCII is told as suspicious, as a reader may mistake it.
 *
 * @param {any} text
 * @returns {Link[]}
 */
export function findLinks(text) {
  if (typeof text !== "string") return [];
  return [...text.matchAll(LINK)].map((match) => {
    const [value] = match;
    const host = value.replace(/^https?:\/\//i, "").split(/[/?#]/)[0] ?? "";
    const suspiciousCharacters = new Set([...host].filter((character) => character > "\u007f"));
    return { href: value, value, start: match.index, end: match.index + value.length, suspiciousCharacters };
  });
}

/** Seconds since 1970, by the server's clock. */
export const unixTime = () => Math.floor(now() / 1000);

/** The network as the browser sees it. */
class NetworkStatus extends BaseModel {
  async checkOnline() {
    this.set({ online: navigator.onLine });
    return navigator.onLine;
  }

  /** @param {{signal?: AbortSignal}} [options] */
  waitIfOffline(options = {}) {
    if (navigator.onLine) return Promise.resolve();
    return new Promise((resolve, reject) => {
      window.addEventListener("online", () => resolve(undefined), { once: true });
      options.signal?.addEventListener("abort", () => reject(options.signal?.reason));
    });
  }
}
defineModel(NetworkStatus, "network-status", ["online"]);

export const networkStatus = new NetworkStatus({ online: navigator.onLine });
window.addEventListener("online", () => networkStatus.set({ online: true }));
window.addEventListener("offline", () => networkStatus.set({ online: false }));

/** @param {number} length bytes */
const randomHex = (length) =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();

/** Feature switches: the sandbox has none on, so each has its resting value. */
const abProps = {
  /** @returns {boolean} */
  getABPropConfigValue: () => false,
};

export function defineUtils() {
  define("WAWebWid", { default: Wid });
  define("WAWebWidFactory", widFactory);
  define("WAWebMsgKey", { default: MsgKey });
  define("WAWebEventEmitter", { default: EventEmitter });
  define("WAWebBaseModel", { BaseModel, defineModel });
  define("WAWebCollection", { default: Collection });
  define("WAWebBaseCollection", { BaseCollection });
  define("WABase64", { ...base64 });
  define("WALinkify", { findLinks, findLink: (/** @type {any} */ text) => findLinks(text)[0] ?? null });
  define("WATimeUtils", { unixTime, unixTimeMs: now });
  define("WARandomHex", { randomHex });
  define("WAWebNetworkStatus", { default: networkStatus });
  define("WAWebABProps", abProps);
  define("WAJids", { STATUS_JID: "status@broadcast", toNewsletterJid: (/** @type {any} */ id) => String(id) });
  define("WAWebCommsWapMd", {
    GROUP_JID: (/** @type {any} */ wid) => createWid(String(wid)).toJid(),
    CHAT_JID: (/** @type {any} */ wid) => createWid(String(wid)).toJid(),
  });
  define("WAWebJidToWid", {
    userJidToUserWid: (/** @type {string} */ jid) => createWid(jid),
    newsletterJidToWid: (/** @type {string} */ jid) => createWid(jid),
  });
  define("WAWebWidToJid", {
    widToUserJid: (/** @type {Wid} */ wid) => wid.toJid(),
    widToGroupJid: (/** @type {Wid} */ wid) => wid.toJid(),
  });
}
