const FORM = /^(?:([^@:]*)(?::(\d+))?@)?([a-z.]+)$/;
const USER_SERVERS = new Set(["c.us", "lid", "bot", "hosted", "hosted.lid"]);
const SERVERS = new Set([...USER_SERVERS, "g.us", "broadcast", "newsletter", "call", "interop", "msgr"]);

/** @param {string} server */
const canonicalServer = (server) => (server === "s.whatsapp.net" ? "c.us" : server);

/**
 * A parsed address. `server`, `user` and `_serialized` are plain properties, because the libraries send addresses
 * through serializers that see nothing else; `JSON.stringify` gives the text form.
 */
export class Wid {
  /**
   * @param {string} id
   * @param {{intentionallyUsePrivateConstructor?: boolean}} [options]
   */
  constructor(id, options) {
    if (!options?.intentionallyUsePrivateConstructor) throw new Error("wid error: use createWid");
    const parts = FORM.exec(id);
    if (!parts || !SERVERS.has(canonicalServer(parts[3] ?? ""))) throw new Error(`wid error: invalid wid ${redact(id)}`);
    const [, user = "", device, server = ""] = parts;
    this.server = canonicalServer(server);
    this.user = user;
    this._serialized = `${user}${device ? `:${device}` : ""}@${this.server}`;
    if (device) this.device = Number(device);
  }

  toString() {
    return this._serialized;
  }

  toJSON() {
    return this._serialized;
  }

  toJid() {
    return this.server === "c.us" ? `${this.user}@s.whatsapp.net` : this._serialized;
  }

  toLogString() {
    return redact(this._serialized);
  }

  getSignalAddress() {
    return `${this.user}${this.server === "lid" ? "_1" : ""}.${this.getDeviceId()}`;
  }

  getDeviceId() {
    return this.device ?? 0;
  }

  /** @param {any} other */
  equals(other) {
    return other instanceof Wid && other._serialized === this._serialized;
  }

  /** @param {any} other */
  isSameAccount(other) {
    return other instanceof Wid && other.user === this.user && other.server === this.server;
  }

  /** @param {any} other */
  isLessThan(other) {
    return this._serialized < String(other);
  }

  /** @param {any} other */
  isGreaterThan(other) {
    return this._serialized > String(other);
  }

  isUser() {
    return USER_SERVERS.has(this.server);
  }

  isRegularUser() {
    return (this.server === "c.us" || this.server === "lid") && !this.isPSA() && !this.isServer();
  }

  isRegularUserPn() {
    return this.server === "c.us" && this.isRegularUser();
  }

  isLid() {
    return this.server === "lid" || this.server === "hosted.lid";
  }

  isGroup() {
    return this.server === "g.us";
  }

  isGroupCall() {
    return this.server === "call";
  }

  isBroadcast() {
    return this.server === "broadcast" && !this.isStatus();
  }

  isStatus() {
    return this._serialized === "status@broadcast";
  }

  isStatusV3() {
    return this.isStatus();
  }

  isNewsletter() {
    return this.server === "newsletter";
  }

  isBot() {
    return this.server === "bot";
  }

  isHosted() {
    return this.server === "hosted" || this.server === "hosted.lid";
  }

  isInterop() {
    return this.server === "interop";
  }

  isServer() {
    return this._serialized === "server@c.us";
  }

  isPSA() {
    return this._serialized === "0@c.us";
  }

  isOfficialBizAccount() {
    return this._serialized === "16505361212@c.us";
  }

  isUserNotPSA() {
    return this.isUser() && !this.isPSA();
  }

  isCompanion() {
    return this.getDeviceId() !== 0;
  }

  isEligibleForUSync() {
    return this.isRegularUser();
  }

  /** @param {any} value */
  static isWid(value) {
    return value instanceof Wid || (typeof value === "string" && canBeWid(value));
  }

  /** @param {any} value */
  static canBeWid(value) {
    return typeof value === "string" && canBeWid(value);
  }

  /**
   * @param {string} server
   * @param {any} value
   */
  static isXWid(server, value) {
    return canBeWid(String(value)) && createWid(String(value)).server === server;
  }

  /**
   * @param {any} left
   * @param {any} right
   */
  static equals(left, right) {
    return String(left) === String(right);
  }

  /**
   * @param {any} left
   * @param {any} right
   */
  static isLessThan(left, right) {
    return String(left) < String(right);
  }

  /**
   * @param {any} left
   * @param {any} right
   */
  static isGreaterThan(left, right) {
    return String(left) > String(right);
  }

  /** @param {any} value */
  static user(value) {
    return createWid(String(value)).user;
  }
}

const TESTS = /** @type {const} */ ([
  "isUser", "isLid", "isGroup", "isGroupCall", "isBroadcast", "isStatus", "isStatusV3", "isNewsletter", "isBot",
  "isServer", "isPSA", "isOfficialBizAccount",
]);
for (const name of TESTS) {
  /** @param {any} value */
  const test = (value) => Wid.isWid(value) && createWid(String(value))[name]();
  Object.defineProperty(Wid, name, { value: test, writable: true, configurable: true });
}

/** @param {string} value */
function canBeWid(value) {
  const parts = FORM.exec(value);
  return Boolean(parts && SERVERS.has(canonicalServer(parts[3] ?? "")));
}

/** @param {string} id */
function redact(id) {
  return id.replace(/\d(?=\d{4})/g, "*");
}

/** Addresses don't change, so one object serves all uses of a text. @type {Map<string, Wid>} */
const known = new Map();

/**
 * @param {string | Wid} id
 * @returns {Wid}
 */
export function createWid(id) {
  if (id instanceof Wid) return id;
  let wid = known.get(id);
  if (!wid) {
    wid = new Wid(id, { intentionallyUsePrivateConstructor: true });
    known.set(id, wid);
  }
  return wid;
}

/** @param {any} value */
export function isWidlike(value) {
  return value instanceof Wid || (typeof value?._serialized === "string" && canBeWid(value._serialized));
}

/** @param {any} value */
export function createWidFromWidLike(value) {
  if (isWidlike(value)) return createWid(value._serialized);
  return createWid(value);
}

/**
 * The address of the account that owns a device.
 *
 * @param {Wid} wid
 */
export function asUserWid(wid) {
  if (!wid.isUser()) throw new Error("wid error: not a user");
  return wid.device ? createWid(`${wid.user}@${wid.server}`) : wid;
}

/**
 * wa-js gives whole addresses too, and the users of other servers.
 *
 * @param {string} user
 * @param {string} [server]
 */
function fromUser(user, server = "c.us") {
  return createWid(user.includes("@") ? user : `${user}@${server}`);
}

export const widFactory = {
  createWid,
  isWidlike,
  createWidFromWidLike,
  asUserWidOrThrow: asUserWid,
  toUserWidOrThrow: asUserWid,
  toUserWid: asUserWid,
  /** @param {Wid} wid */
  toChatWid: (wid) => (wid.isUser() ? asUserWid(wid) : wid),
  createUserWid: fromUser,
  createUserWidOrThrow: fromUser,
  /** @param {string} id */
  createDeviceWid: (id) => createWid(id),
  /**
   * @param {string} user
   * @param {string | number} device
   */
  createDeviceWidFromUserAndDevice: (user, device) => createWid(`${user}:${device}@c.us`),
  /** @param {string} jid */
  userJidToUserWidOrThrow: (jid) => asUserWid(createWid(jid)),
};
