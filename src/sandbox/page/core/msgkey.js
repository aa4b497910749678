import { createWid } from "./wid.js";

/** @param {Uint8Array} bytes */
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * A message's identity. Its text form is `{fromMe}_{chat}_{id}[_{participant}]`.
 *
 * whatsapp-web.js reads `_serialized`, wa-js looks for the property that `toString` returns: both must be this one.
 */
export class MsgKey {
  /** @param {any} options `{fromMe, remote, id, participant?}` or `{from, to, selfDir, id, participant?}` */
  constructor(options) {
    if (!options) throw new Error("MsgKey error: obj is null/undefined");
    const { id, participant } = options;
    this.fromMe = options.selfDir === undefined ? Boolean(options.fromMe) : options.selfDir === "out";
    const remote = options.remote ?? (this.fromMe || options.to?.isGroup?.() ? options.to : options.from);
    if (!remote) throw new Error("MsgKey error: remote is missing");
    if (typeof id !== "string" || !id) throw new Error("MsgKey error: id is missing");
    this.remote = createWid(remote);
    this.id = id;
    if (participant) this.participant = createWid(participant);
    this._serialized = `${this.fromMe}_${this.remote}_${id}${this.participant ? `_${this.participant}` : ""}`;
  }

  toString() {
    return this._serialized;
  }

  clone() {
    return new MsgKey(this);
  }

  /** @param {any} other */
  equals(other) {
    return other instanceof MsgKey && other._serialized === this._serialized;
  }

  /**
   * @param {string} text
   * @returns {MsgKey}
   */
  static fromString(text) {
    const [fromMe, remote, id, participant, ...rest] = String(text).split("_");
    if ((fromMe !== "true" && fromMe !== "false") || !remote || !id || rest.length) {
      throw new Error("MsgKey error: not a serialized message key");
    }
    return new MsgKey({ fromMe: fromMe === "true", remote, id, participant });
  }

  /** @returns {Promise<string>} */
  static async newId() {
    return `3EB0${hex(crypto.getRandomValues(new Uint8Array(9))).toUpperCase()}`;
  }

  /** @param {any} other */
  static from(other) {
    return other instanceof MsgKey ? other : typeof other === "string" ? MsgKey.fromString(other) : new MsgKey(other);
  }
}
