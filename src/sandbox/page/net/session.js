import { currentLogin, storeLogin } from "../domain/me.js";
import { cmd, conn, setOfflineProgress, socket, stream } from "../domain/conn.js";
import { LOGOUT_REASON, SOCKET_STATE, SOCKET_STREAM, STREAM_INFO, STREAM_MODE } from "../domain/constants.js";
import { encodeB64 } from "../core/base64.js";
import { setAhead, setWindows } from "../core/clock.js";
import { asUserWid, createWid } from "../core/wid.js";
import { ConnectionLost, ServerError } from "../errors.js";
import { settings } from "../settings.js";
import { prove, verifyMac } from "../storage/keystore.js";
import { Availability } from "./availability.js";
import { Connection } from "./connection.js";
import { endLogin } from "./leave.js";
import { RefCycle } from "./refs.js";

/** @typedef {import("./connection.js").Frame} Frame */
/** @typedef {(frame: Frame) => void | Promise<void>} FrameHandler a promise: the frame's effect is stored */
/** @typedef {{noise: import("../storage/keystore.js").NoiseInfo, signal: import("../storage/signal.js").SignalIdentity}} Keys */

const CLOSE = { LOGGED_OUT: 4401, CONFLICT: 4440, RESTART: 4515 };
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 30000;
const PLATFORM = "1";

/**
 * The life of the connection: registration with rotating references, pairing, login, the offline queue, reconnecting.
 * It keeps `Socket.state`, `Stream.mode` and `Conn` true to what is.
 */
class Session {
  /** @type {Keys} */
  #keys = /** @type {any} */ (null);
  /** @type {Connection | null} */
  #connection = null;
  #loggedIn = false;
  #ended = false;
  #attempt = 0;
  #loginAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  #refs = new RefCycle();
  #availability = new Availability((available) => {
    this.send({ t: "presence", state: available ? "available" : "unavailable" });
  });
  /** @type {Map<string, FrameHandler>} */
  #handlers = new Map();
  /** @type {(() => void)[]} */
  #onLogin = [];
  /** @type {string | null} */
  #logoutWanted = null;

  constructor() {
    this.handle("hello", (frame) => this.#introduce(frame));
    this.handle("refs", (frame) => this.#refs.show(frame.refs));
    this.handle("refs_ended", () => this.#refs.end());
    this.handle("pair_success", (frame) => this.#pair(frame));
    this.handle("success", (frame) => this.#enter(frame));
    this.handle("failure", (frame) => this.#refused(frame));
    this.handle("conflict", () => this.#conflict());
    this.handle("passkey", () => this.#askForPasskey());
    this.handle("clock", (frame) => setAhead(frame.ahead_ms));
    this.handle("hang", (frame) => hang(frame.ms));
    this.handle("navigate", () => location.assign("/elsewhere"));
    this.handle("offline_start", () => this.#startSync());
    this.handle("offline_done", () => this.#finishSync());
  }

  /** @param {Keys} keys */
  start(keys) {
    this.#keys = keys;
    window.addEventListener("online", () => this.reconnect());
    this.#connect();
  }

  /**
   * @param {string} type
   * @param {FrameHandler} handler
   */
  handle(type, handler) {
    this.#handlers.set(type, handler);
  }

  /** @param {() => void} callback called after every login, the first and each after a lost connection */
  onLogin(callback) {
    this.#onLogin.push(callback);
  }

  get loggedIn() {
    return this.#loggedIn;
  }

  /**
   * @param {Frame} frame
   * @param {number} [timeoutMs]
   * @returns {Promise<Frame>} rejects with `ServerError`, `ConnectionLost` or `AnswerTimeout`
   */
  request(frame, timeoutMs) {
    if (!this.#loggedIn || !this.#connection) return Promise.reject(new ConnectionLost());
    return this.#connection.request(frame, timeoutMs);
  }

  /** @param {Frame} frame what nobody waits for; lost when there is no connection */
  send(frame) {
    if (this.#loggedIn) this.#connection?.send(frame);
  }

  // --- what the libraries ask for (domain/conn.js)

  async refreshRefs() {
    if (currentLogin() || !this.#connection) return;
    const answer = await this.#connection.request({ t: "refresh_refs" });
    this.#refs.show(answer.refs);
  }

  reconnect() {
    if (this.#ended || this.#connection) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  takeover() {
    if (socket.state !== SOCKET_STATE.CONFLICT) return;
    // What was told of the conflict may not have closed yet; it is over all the same.
    const replaced = this.#connection;
    if (replaced) {
      this.#closed(CLOSE.CONFLICT);
      replaced.close();
    }
    this.reconnect();
  }

  /** @param {string} reason */
  async logout(reason) {
    if (!currentLogin()) return;
    this.#logoutWanted = reason;
    // Without a connection it stays wanted: the next login starts with it. Until then nothing claims a logout.
    await this.request({ t: "iq", op: "logout" });
    await this.#leave(reason);
  }

  /** @param {boolean} available */
  sendAvailability(available) {
    this.#availability.set(available);
  }

  /**
   * @param {string} phone
   * @param {string} code
   * @returns {Promise<number>} when the code ends, in milliseconds since 1970
   */
  async announcePairingCode(phone, code) {
    if (currentLogin() || !this.#connection) throw new ConnectionLost();
    const frame = { t: "pairing_code", phone, code, adv_secret: this.#keys.signal.advSecret };
    const answer = await this.#connection.request(frame);
    return answer.expires_at_ms;
  }

  // --- the connection

  #connect() {
    socket.set({ state: SOCKET_STATE.OPENING });
    stream.set({ info: STREAM_INFO.OPENING });
    const connection = new Connection({
      onFrame: (frame) => this.#dispatch(frame),
      onClose: (code) => {
        if (this.#connection === connection) this.#closed(code);
      },
      onTimeout: () => socket.set({ state: SOCKET_STATE.TIMEOUT }),
    });
    this.#connection = connection;
  }

  /** @param {number} code */
  #closed(code) {
    this.#connection = null;
    this.#loggedIn = false;
    this.#availability.reset();
    this.#refs.stop();
    socket.set({ stream: SOCKET_STREAM.DISCONNECTED });
    if (this.#ended || socket.state === SOCKET_STATE.CONFLICT) return;
    if (code === CLOSE.LOGGED_OUT && currentLogin()) {
      this.#leave(this.#logoutWanted ?? LOGOUT_REASON.UnknownCompanion).catch(reportError);
      return;
    }
    if (code === CLOSE.CONFLICT) {
      this.#conflict();
      return;
    }
    if (code === CLOSE.RESTART) {
      this.#connect();
      return;
    }
    if (socket.state !== SOCKET_STATE.TIMEOUT) socket.set({ state: SOCKET_STATE.OPENING });
    stream.set({ info: navigator.onLine ? STREAM_INFO.OPENING : STREAM_INFO.OFFLINE });
    const wait = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    // Half of it is random, so that the pages of a restarted server don't come back at once.
    this.#retryTimer = setTimeout(() => this.#connect(), wait / 2 + (Math.random() * wait) / 2);
  }

  /** @param {Frame} frame */
  #dispatch(frame) {
    const handler = this.#handlers.get(frame.t);
    if (!handler) {
      console.error(`the sandbox page knows no frame "${frame.t}"`);
      return;
    }
    const done = handler(frame);
    if (!(done instanceof Promise)) return;
    const connection = this.#connection;
    done.then(() => {
      if (frame.seq !== undefined) connection?.send({ t: "received", seq: frame.seq });
    }, reportError);
  }

  /** @param {Frame} hello */
  async #introduce(hello) {
    const { noise, signal } = this.#keys;
    const connection = this.#connection;
    const proof = await prove(noise, hello.server_key, hello.nonce);
    const noise_pub = encodeB64(noise.staticKeyPair.pubKey);
    const login = currentLogin();
    if (login) {
      connection?.send({ t: "login", noise_pub, jid: login.jid, proof });
      return;
    }
    const identity_pub = encodeB64(signal.registration.identityKeyPair.pubKey);
    const registration_id = signal.registration.registrationId;
    connection?.send({ t: "register", noise_pub, identity_pub, registration_id, platform: PLATFORM, proof });
    connection?.keepAlive();
    this.#attempt = 0;
  }

  // --- pairing

  /** @param {Frame} frame */
  async #pair(frame) {
    const connection = this.#connection;
    if (!(await verifyMac(this.#keys.signal.advSecret, frame.identity, frame.hmac))) {
      console.error("the pairing is not of the phone that was shown the secret: ignored");
      return;
    }
    const identity = JSON.parse(atob(frame.identity));
    if (identity.noise_pub !== encodeB64(this.#keys.noise.staticKeyPair.pubKey) || identity.jid !== frame.jid) {
      console.error("the pairing is of another device: ignored");
      return;
    }
    this.#refs.stop();
    socket.set({ state: SOCKET_STATE.PAIRING });
    storeLogin({ jid: frame.jid, lid: frame.lid, name: frame.name });
    connection?.send({ t: "pair_ack" });
  }

  // --- login and what follows

  /** @param {Frame} frame */
  #enter(frame) {
    setAhead(frame.ahead_ms);
    setWindows(frame.windows);
    this.#loggedIn = true;
    this.#attempt = 0;
    this.#loginAt = performance.now();
    storeLogin({ jid: frame.jid, lid: frame.lid, name: frame.name });
    this.#connection?.keepAlive();
    // The phone's platform, which the sandbox doesn't tell apart: its phones are Androids.
    conn.set({ wid: asUserWid(createWid(frame.jid)), connected: true, pushname: frame.name, platform: "android" });
    socket.set({ state: SOCKET_STATE.CONNECTED, stream: SOCKET_STREAM.SYNCING });
    stream.set(socket.hasSynced ? { info: STREAM_INFO.RESUMING } : { mode: STREAM_MODE.SYNCING, info: STREAM_INFO.SYNCING });
    if (this.#logoutWanted) {
      this.logout(this.#logoutWanted).catch(reportError);
      return;
    }
    cmd.mainLoaded();
    for (const callback of this.#onLogin) callback();
  }

  #startSync() {
    setOfflineProgress(0);
  }

  #finishSync() {
    setOfflineProgress(100);
    const wait = this.#loginAt + settings.syncDelayMs - performance.now();
    setTimeout(
      () => {
        if (!this.#loggedIn) return;
        socket.set({ stream: SOCKET_STREAM.CONNECTED, hasSynced: true });
        stream.set({ mode: STREAM_MODE.MAIN, info: STREAM_INFO.NORMAL });
      },
      socket.hasSynced ? 0 : Math.max(0, wait),
    );
  }

  #conflict() {
    socket.set({ state: SOCKET_STATE.CONFLICT });
    stream.set({ mode: STREAM_MODE.CONFLICT });
  }

  /** No more codes: the phone wants a passkey. How the live page says so isn't known; here its stream does. */
  #askForPasskey() {
    this.#refs.stop();
    stream.set({ info: STREAM_INFO.PASSKEY });
  }

  /** @param {Frame} frame */
  #refused(frame) {
    const reason = frame.reason === 403 ? LOGOUT_REASON.AccountLocked : LOGOUT_REASON.UnknownCompanion;
    if (currentLogin()) this.#leave(reason).catch(reportError);
    else console.error(new ServerError(frame.reason, frame.text));
  }

  /** @param {string} reason */
  async #leave(reason) {
    if (this.#ended) return;
    this.#ended = true;
    await endLogin(reason);
  }
}

/**
 * A fault to order: the page's thread is busy and does nothing else, as in an endless loop.
 *
 * @param {number | null} ms null: for good
 */
function hang(ms) {
  const end = ms === null ? Infinity : performance.now() + ms;
  while (performance.now() < end);
}

export const session = new Session();
