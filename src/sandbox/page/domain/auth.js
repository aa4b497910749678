import { EventEmitter } from "../core/emitter.js";
import { SandboxNotImplemented } from "../errors.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { isLoggedIn } from "./me.js";

/** @typedef {import("../net/session.js").Keys} Keys */

/** Crockford's base32 without the characters that are mistaken for others: 0, I, O, U. */
const CODE_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const CODE_LENGTH = 8;
const REFRESH = "link_device_events:refresh_alt_linking_code";

class LinkDeviceEvents extends EventEmitter {
  triggerRefreshAltLinkingCode() {
    this.trigger(REFRESH);
  }
}

const linkDeviceEvents = new LinkDeviceEvents();
let pairingType = "QR";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let codeTimer;

/** @returns {string} */
function newCode() {
  const bytes = crypto.getRandomValues(new Uint8Array(CODE_LENGTH));
  return Array.from(bytes, (byte) => CODE_ALPHABET[byte % CODE_ALPHABET.length]).join("");
}

/**
 * Makes a code and tells the server which account may enter it. When it ends, the libraries are told to ask anew.
 *
 * @param {string} phone international, digits (others are dropped)
 * @param {boolean} [_notify] whether the phone shows a notification; the sandbox's phones show none
 * @returns {Promise<string>} eight characters
 */
async function startCode(phone, _notify = true) {
  const code = newCode();
  const expiresAt = await session.announcePairingCode(phone.replace(/\D/g, ""), code);
  clearTimeout(codeTimer);
  codeTimer = setTimeout(() => {
    if (!isLoggedIn()) linkDeviceEvents.triggerRefreshAltLinkingCode();
  }, expiresAt - Date.now());
  return code;
}

/** @param {Keys} keys */
export function defineAuth(keys) {
  const registered = { getADVSecretKey: () => keys.signal.advSecret, isRegistered: isLoggedIn };
  define("WAWebUserPrefsInfoStore", { waNoiseInfo: { get: async () => keys.noise } });
  define("WAWebSignalStoreApi", { waSignalStore: { getRegistrationInfo: async () => keys.signal.registration } });
  define("WAWebAdvSignatureApi", {
    getADVSecretKey: async () => keys.signal.advSecret,
    setADVSignedIdentity: () => {
      throw new SandboxNotImplemented("WAWebAdvSignatureApi.setADVSignedIdentity");
    },
  });
  define("WAWebUserPrefsMultiDevice", registered);
  define("WAWebCompanionRegClientUtils", { DEVICE_PLATFORM: "1" });
  define("WAWebLinkDeviceEvents", { WAWebLinkDeviceEvents: linkDeviceEvents });
  define("WAWebLinkDeviceAction", { genLinkDeviceCodeForPhoneNumber: startCode });
  define("WAWebAltDeviceLinkingApi", {
    /** @param {string} type */
    setPairingType: (type) => {
      pairingType = type;
    },
    getPairingType: () => pairingType,
    initializeAltDeviceLinking: async () => {
      pairingType = "ALT_DEVICE_LINKING";
    },
    initializeQRLinking: async () => {
      pairingType = "QR";
      clearTimeout(codeTimer);
    },
    startAltLinkingFlow: startCode,
  });
  // Named apart: the page's own device information, which a client may replace to choose the name it links under.
  define("WAWebMiscBrowserUtils", {
    default: {
      id: "chrome",
      startDownloading: () => {
        throw new SandboxNotImplemented("WAWebMiscBrowserUtils.startDownloading");
      },
      info: () => ({ os: navigator.platform, name: "Chrome", version: navigator.userAgent }),
    },
  });
}
