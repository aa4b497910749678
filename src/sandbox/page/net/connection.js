import { AnswerTimeout, ConnectionLost, ServerError } from "../errors.js";
import { settings } from "../settings.js";

/** @typedef {Record<string, any> & {t: string}} Frame */
/** @typedef {{onFrame: (frame: Frame) => void, onClose: (code: number) => void, onTimeout: () => void}} Handlers */
/** @typedef {ReturnType<typeof setTimeout>} Timer */
/** @typedef {{resolve: (frame: Frame) => void, reject: (reason: Error) => void, timer?: Timer}} Waiting */

/** One WebSocket: frames out, answers matched to requests, everything else to the handlers, in order. */
export class Connection {
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #lastRid = 0;
  #closed = false;
  /** @type {WebSocket} */
  #socket;
  /** @type {Handlers} */
  #handlers;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pingTimer;

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    const url = new URL("/ws/chat", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = "";
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    this.#socket.onclose = (event) => this.#end(event.code);
  }

  get open() {
    return !this.#closed && this.#socket.readyState === WebSocket.OPEN;
  }

  /** @param {Frame} frame */
  send(frame) {
    if (this.open) this.#socket.send(JSON.stringify(frame));
  }

  /**
   * @param {Frame} frame
   * @param {number} [timeoutMs] without it, an answer is waited for as long as the connection lives
   * @returns {Promise<Frame>} the answer; rejects with `ServerError`, `ConnectionLost` or `AnswerTimeout`
   */
  request(frame, timeoutMs) {
    if (!this.open) return Promise.reject(new ConnectionLost());
    const rid = (this.#lastRid += 1);
    return new Promise((resolve, reject) => {
      const giveUp = () => this.#take(rid)?.reject(new AnswerTimeout());
      const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
      this.#waiting.set(rid, { resolve, reject, timer });
      this.send({ ...frame, rid });
    });
  }

  /** Pings until the connection ends. A connection that doesn't answer is dead, whatever the network says. */
  keepAlive() {
    this.#pingTimer = setTimeout(async () => {
      const timer = setTimeout(() => {
        this.#handlers.onTimeout();
        this.close();
      }, settings.pingTimeoutMs);
      try {
        await this.request({ t: "ping" });
        this.keepAlive();
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      } finally {
        clearTimeout(timer);
      }
    }, settings.pingIntervalMs);
  }

  /** Ends the connection at once; the close handshake of a dead peer would take minutes. */
  close() {
    this.#socket.close();
    this.#end(1006);
  }

  /** @param {Frame} frame */
  #receive(frame) {
    if (this.#closed) return;
    if (frame.rid === undefined) {
      this.#handlers.onFrame(frame);
      return;
    }
    const waiting = this.#take(frame.rid);
    if (frame.t === "error") waiting?.reject(new ServerError(frame.code, frame.text));
    else waiting?.resolve(frame);
  }

  /**
   * @param {number} rid
   * @returns {Waiting | undefined}
   */
  #take(rid) {
    const waiting = this.#waiting.get(rid);
    this.#waiting.delete(rid);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  /** @param {number} code */
  #end(code) {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#pingTimer);
    for (const rid of [...this.#waiting.keys()]) this.#take(rid)?.reject(new ConnectionLost());
    this.#handlers.onClose(code);
  }
}
