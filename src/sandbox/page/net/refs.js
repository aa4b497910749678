import { conn, socket, stream } from "../domain/conn.js";
import { SOCKET_STATE, STREAM_INFO, STREAM_MODE } from "../domain/constants.js";

/** @typedef {{ref: string, ttl_ms: number}} Ref */

/** The references of a batch, shown one after another for as long as each is valid. */
export class RefCycle {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Ref[]} refs */
  show(refs) {
    this.stop();
    const [current, ...later] = refs;
    if (!current) return;
    // The reference first: whoever learns that the page is unpaired reads it at once.
    conn.set({ ref: current.ref, refTTL: current.ttl_ms, connected: false });
    stream.set({ mode: STREAM_MODE.QR, info: STREAM_INFO.PAIRING });
    socket.set({ state: SOCKET_STATE.UNPAIRED });
    // The last one ends when the server says so.
    if (later.length) this.#timer = setTimeout(() => this.show(later), current.ttl_ms);
  }

  /** The batch is over. `Conn.ref` stays as it is: a change of it would be taken for a new code. */
  end() {
    this.stop();
    socket.set({ state: SOCKET_STATE.UNPAIRED_IDLE });
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
