import { EventEmitter } from "../core/emitter.js";
import { BaseModel, defineModel } from "../core/model.js";
import { define } from "../loader.js";
import { notImplemented } from "../stubs.js";
import { LOGOUT_REASON, SOCKET_STATE, SOCKET_STREAM, STREAM_INFO } from "./constants.js";

/**
 * The connection as the libraries see it: `Conn`, `Socket`, `Stream`, `Cmd`. All are made at load, before anything can
 * happen to them: a library that attaches later finds the state there is.
 */

/**
 * @typedef {object} Control what the session does when a library asks for it
 * @property {() => Promise<void>} refreshRefs
 * @property {() => void} reconnect
 * @property {() => void} takeover
 * @property {(reason: string) => Promise<void>} logout
 * @property {(available: boolean) => void} sendAvailability
 */

/** @type {Control} */
let control;

/** @param {Control} session */
export function controlledBy(session) {
  control = session;
}

class ConnModel extends BaseModel {
  get isSMB() {
    return this.attributes?.platform === "smba" || this.attributes?.platform === "smbi";
  }

  canSetMyPushname() {
    return false;
  }
}
defineModel(ConnModel, "conn", ["ref", "refTTL", "wid", "connected", "pushname", "platform", "battery", "plugged"]);

class SocketModel extends BaseModel {
  static session = new Set(["hasSynced", "state", "stream"]);

  initConn() {
    control.reconnect();
  }

  reconnect() {
    control.reconnect();
  }

  poke() {
    if (this.get("state") === SOCKET_STATE.UNPAIRED_IDLE) control.refreshRefs().catch(reportError);
    else control.reconnect();
  }

  takeover() {
    control.takeover();
  }

  /**
   * Unlinks this device. wa-js listens for `logout` only after this call returned, so nothing happens before.
   *
   * @param {boolean} [_send]
   * @param {string} [reason]
   */
  async logout(_send = true, reason = LOGOUT_REASON.UserInitiated) {
    await Promise.resolve();
    await control.logout(reason);
  }
}
defineModel(SocketModel, "socket", ["state", "stream", "hasSynced"]);

class StreamModel extends BaseModel {
  static session = new Set(["mode", "info", "available", "needsUpdate"]);

  markAvailable() {
    control.sendAvailability(true);
  }

  markUnavailable() {
    control.sendAvailability(false);
  }
}
defineModel(StreamModel, "stream", ["mode", "info", "available", "needsUpdate"]);

/** Commands of the page's user interface, and the events that tell of them. */
class CmdImpl extends EventEmitter {
  isMainLoaded = false;

  mainLoaded() {
    if (this.isMainLoaded) return;
    this.isMainLoaded = true;
    this.trigger("main_loaded");
  }

  refreshQR() {
    control.refreshRefs().catch(reportError);
  }
}
for (const name of [
  "muteChat", "clearChat",
  "openChatAt", "openChatBottom", "openChatFromUnread", "closeChat", "openDrawerMid",
  "chatSearch", "msgInfoDrawer", "upgradeToMDProd", "downgradeWebclient",
]) {
  const value = notImplemented(`WAWebCmd.Cmd.${name}`);
  Object.defineProperty(CmdImpl.prototype, name, { value, writable: true, configurable: true });
}

/** @type {any} */
export const conn = new ConnModel({ id: "1", connected: false });
/** @type {any} */
export const socket = new SocketModel({ state: SOCKET_STATE.UNLAUNCHED, stream: SOCKET_STREAM.DISCONNECTED, hasSynced: false });
/** @type {any} */
export const stream = new StreamModel({ mode: undefined, info: STREAM_INFO.OFFLINE, needsUpdate: false });
export const cmd = new CmdImpl();

export const backendEventBus = new EventEmitter();

let offlineProgress = 0;

/** @param {number} percent of the offline queue that has been delivered */
export function setOfflineProgress(percent) {
  offlineProgress = percent;
  cmd.trigger("offline_progress_update_from_bridge", percent);
}

/** @type {{code: any, message: any}} */
const previousLogout = { code: undefined, message: undefined };

/** The number a logout reason has in the page's address after the logout; 0 for what has none of its own. */
export const logoutReason = {
  /** @param {string} reason */
  getErrorCodeFromLogoutReason: (reason) => (reason === LOGOUT_REASON.AccountLocked ? "3" : "0"),
  /** @param {any} code */
  setPrevLogoutReasonCode: (code) => {
    previousLogout.code = code;
  },
  /** @param {any} message */
  setPrevCustomLogoutMessage: (message) => {
    previousLogout.message = message;
  },
  getPrevLogoutReasonCode: () => previousLogout.code,
  getPrevCustomLogoutMessage: () => previousLogout.message,
};

export function defineConn() {
  define("WAWebConnModel", { Conn: conn, ConnImpl: ConnModel });
  define("WAWebSocketModel", { Socket: socket });
  define("WAWebStreamModel", { Stream: stream });
  define("WAWebCmd", { Cmd: cmd, CmdImpl });
  define("WAWebBackendEventBus", { BackendEventBus: backendEventBus, BackendEvent: { MAIN_STREAM_READY: "main_stream_ready" } });
  define("WAWebOfflineHandler", { OfflineMessageHandler: { getOfflineDeliveryProgress: () => offlineProgress } });
  define("WAWebLaunchSocketUtils", { refreshQR: () => control.refreshRefs() });
  return define("WAWebLogoutReason", logoutReason);
}
