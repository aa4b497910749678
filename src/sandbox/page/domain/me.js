import { encodeB64 } from "../core/base64.js";
import { asUserWid, createWid } from "../core/wid.js";
import { define } from "../loader.js";

/** Who this device is linked to, in the localStorage entries in which the real page keeps it. */

const DEVICE = "last-wid-md";
const LID = "WALid";
const NAME = "me-display-name";
const BROWSER = "WABrowserId";

/** @typedef {{jid: string, lid: string, name: string}} Login */

/** @type {Login | null} */
let login = null;

/** @param {string} name */
function read(name) {
  const text = localStorage.getItem(name);
  return text === null ? null : JSON.parse(text);
}

/** @returns {Login | null} */
export function currentLogin() {
  return login;
}

/** Reads the stored login. @param {boolean} keysAreFresh keys made at this start have no login, whatever is stored */
export function loadLogin(keysAreFresh) {
  if (!read(BROWSER)) localStorage.setItem(BROWSER, JSON.stringify(encodeB64(crypto.getRandomValues(new Uint8Array(16)))));
  const jid = read(DEVICE);
  if (keysAreFresh || !jid) for (const name of [DEVICE, LID, NAME]) localStorage.removeItem(name);
  else login = { jid, lid: read(LID), name: read(NAME) };
  return login;
}

/** @param {Login} linked */
export function storeLogin(linked) {
  localStorage.setItem(DEVICE, JSON.stringify(linked.jid));
  localStorage.setItem(LID, JSON.stringify(linked.lid));
  localStorage.setItem(NAME, JSON.stringify(linked.name));
  login = linked;
}

export function forgetLogin() {
  login = null;
  localStorage.clear();
}

export const isLoggedIn = () => login !== null;

const devicePn = () => (login ? createWid(login.jid) : undefined);
const userPn = () => (login ? asUserWid(createWid(login.jid)) : undefined);
const userLid = () => (login?.lid ? asUserWid(createWid(login.lid)) : undefined);
const deviceLid = () => (login?.lid ? createWid(`${createWid(login.lid).user}:${devicePn()?.getDeviceId()}@lid`) : undefined);

/**
 * @template T
 * @param {() => T | undefined} getter
 * @returns {() => T}
 */
const orThrow = (getter) => () => {
  const value = getter();
  if (value === undefined) throw new Error("this device is not linked");
  return value;
};

/** @param {any} wid */
export const isMe = (wid) => Boolean(wid && (userPn()?.isSameAccount(wid) || userLid()?.isSameAccount(wid)));

export const me = { userPn, userLid, devicePn, name: () => login?.name };

export function defineMe() {
  define("WAWebUserPrefsMeUser", {
    getMaybeMePnUser: userPn,
    getMaybeMeLidUser: userLid,
    getMaybeMeDevicePn: devicePn,
    getMaybeMeDeviceLid: deviceLid,
    getMaybeMeDisplayName: () => login?.name,
    getMePnUserOrThrow: orThrow(userPn),
    getMeLidUserOrThrow: orThrow(userLid),
    getMeDevicePnOrThrow: orThrow(devicePn),
    getMeDeviceLidOrThrow: orThrow(deviceLid),
    getMeDisplayNameOrThrow: orThrow(() => login?.name),
    getMePNandLIDWids: () => [userPn(), userLid()],
    isMeAccount: isMe,
    isMeUser: isMe,
    isMeDevice: (/** @type {any} */ wid) => Boolean(devicePn()?.equals(wid) || deviceLid()?.equals(wid)),
    isMePrimary: (/** @type {any} */ wid) => isMe(wid) && wid.getDeviceId() === 0,
    isSerializedWidMe: (/** @type {string} */ text) => isMe(createWid(text)),
  });
  define("WAWebUserPrefsIsLoggedIn", { isLoggedIn });
}
