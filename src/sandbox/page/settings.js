/**
 * @typedef {object} Settings
 * @property {number} syncDelayMs shortest time between the login and `hasSynced`; the libraries attach in it
 * @property {number} logoutDelayMs time between the `logout` event and the navigation, so that callers get their answer
 * @property {number} loadedMessages newest messages of each chat that are held in memory after a start
 * @property {number} unavailableDelayMs time until `markUnavailable` is told to the server
 * @property {number} ackTimeoutMs time after which a message without an answer is sent again, with the same id
 * @property {number} pingIntervalMs
 * @property {number} pingTimeoutMs
 */

/** @type {Settings} */
const DEFAULTS = {
  syncDelayMs: 2000,
  logoutDelayMs: 1000,
  loadedMessages: 50,
  unavailableDelayMs: 5000,
  ackTimeoutMs: 10000,
  pingIntervalMs: 20000,
  pingTimeoutMs: 10000,
};

/**
 * Defaults, then `<meta name="sandbox-setting" data-name content>`, then the URL's query, then `window.sandboxSettings`
 * (for clients whose URL is fixed: an init script can set it).
 *
 * @returns {Settings}
 */
function read() {
  /** @type {Record<string, number>} */
  const settings = { ...DEFAULTS };
  const query = new URLSearchParams(location.search);
  const injected = /** @type {any} */ (window).sandboxSettings ?? {};
  for (const name of Object.keys(DEFAULTS)) {
    const meta = document.querySelector(`meta[name="sandbox-setting"][data-name="${name}"]`)?.getAttribute("content");
    for (const value of [meta, query.get(name), injected[name]]) {
      if (value !== null && value !== undefined && Number.isFinite(Number(value))) settings[name] = Number(value);
    }
  }
  return /** @type {any} */ (settings);
}

export const settings = read();

/** The version the page declares; `MsgKey._serialized` has its own name up to this one (renamed in 2.3000.1042401057). */
export const VERSION = "2.3000.1040000000";
