import { EventEmitter } from "./emitter.js";

/**
 * Two values a `set` must not call a change: the same, or equal by their own `equals` (addresses, message keys).
 *
 * @param {any} left
 * @param {any} right
 */
function same(left, right) {
  if (Object.is(left, right)) return true;
  return typeof left?.equals === "function" && left.equals(right);
}

/**
 * A record with change events. Attributes live in `attributes`; each is also a property (an accessor on the class, made
 * when the name is first seen), so `model.ack = 2` and `model.set({ack: 2})` are the same thing. Construction is silent.
 * Events bubble to the collections that hold the model. `serialize()` gives the attributes that aren't session state,
 * and those of child collections, never a parent: it has no cycles.
 */
export class BaseModel extends EventEmitter {
  /** Names that `serialize` leaves out: state of this page, not of the record. @type {Set<string>} */
  static session = new Set();
  /** Child collections that `serialize` includes. @type {string[]} */
  static children = [];

  /** @type {Record<string, any>} */
  attributes = {};
  /** @type {any[]} */
  #holders = [];

  /**
   * @param {Record<string, any>} [attributes]
   * @param {{collection?: any, parent?: any}} [options]
   */
  constructor(attributes = {}, options = {}) {
    super();
    Object.defineProperty(this, "collection", { value: options.collection, writable: true, configurable: true });
    Object.defineProperty(this, "parent", { value: options.parent, writable: true, configurable: true });
    this.set({ ...this.defaults(), ...attributes }, { silent: true });
    this.initialize();
  }

  get isState() {
    return true;
  }

  /** @returns {Record<string, any>} */
  defaults() {
    return {};
  }

  initialize() {}

  /** @param {string} name */
  get(name) {
    return /** @type {any} */ (this)[name];
  }

  /**
   * @param {string | Record<string, any>} name
   * @param {any} [value]
   * @param {{silent?: boolean}} [options]
   * @returns {this}
   */
  set(name, value, options) {
    if (typeof name === "string") return this.#assign({ [name]: value }, options);
    return this.#assign(name, value);
  }

  /** @param {string | string[]} names */
  unset(names) {
    for (const name of Array.isArray(names) ? names : [names]) this.set({ [name]: undefined });
  }

  clear() {
    this.set(Object.fromEntries(Object.keys(this.attributes).map((name) => [name, undefined])));
  }

  reset() {
    this.set({ ...Object.fromEntries(Object.keys(this.attributes).map((name) => [name, undefined])), ...this.defaults() });
  }

  delete() {
    for (const holder of [...this.#holders]) holder.remove(this);
  }

  safe() {
    return this;
  }

  unsafe() {
    return this;
  }

  serialize() {
    const type = /** @type {typeof BaseModel} */ (this.constructor);
    /** @type {Record<string, any>} */
    const result = {};
    for (const name of Object.keys(this.attributes)) {
      const value = this.attributes[name];
      if (value !== undefined && !type.session.has(name)) result[name] = value;
    }
    for (const name of type.children) {
      const child = /** @type {any} */ (this)[name];
      if (child) result[name] = child.serialize();
    }
    return result;
  }

  toJSON() {
    return this.serialize();
  }

  /**
   * @param {string} name
   * @param {...any} args
   */
  trigger(name, ...args) {
    super.trigger(name, ...args);
    for (const holder of this.#holders) holder.trigger(name, ...args);
    return this;
  }

  /** @param {any} collection */
  heldBy(collection) {
    if (!this.#holders.includes(collection)) this.#holders.push(collection);
    /** @type {any} */ (this).collection ??= collection;
  }

  /** @param {any} collection */
  releasedBy(collection) {
    this.#holders = this.#holders.filter((holder) => holder !== collection);
  }

  /**
   * @param {Record<string, any>} values
   * @param {{silent?: boolean}} [options]
   */
  #assign(values, options) {
    /** @type {[string, any, any][]} */
    const changes = [];
    const attributes = this.attributes;
    for (const name of Object.keys(values)) {
      const value = values[name];
      const old = attributes[name];
      if (value === old || same(old, value)) continue;
      if (!(name in this)) defineAttribute(Object.getPrototypeOf(this), name);
      attributes[name] = value;
      changes.push([name, value, old]);
    }
    if (options?.silent || !changes.length) return this;
    for (const [name, value, old] of changes) this.trigger(`change:${name}`, this, value, old);
    this.trigger("change", this);
    return this;
  }
}

/**
 * Makes `name` a property of a model class. A class's own accessors and methods win: they are derived.
 *
 * @param {any} prototype
 * @param {string} name
 */
export function defineAttribute(prototype, name) {
  if (name in prototype) return;
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    /** @this {any} */
    get() {
      return this.attributes?.[name];
    },
    /**
     * @this {any}
     * @param {any} value
     */
    set(value) {
      this.set({ [name]: value });
    },
  });
}

/**
 * Gives a model class the name by which the libraries find it, and accessors for the attributes it declares.
 *
 * @template {typeof BaseModel} T
 * @param {T} type
 * @param {string} proxyName
 * @param {string[]} [names]
 * @returns {T}
 */
export function defineModel(type, proxyName, names = []) {
  Object.defineProperty(type.prototype, "proxyName", { value: proxyName, configurable: true, writable: true });
  const declared = names.filter((name) => !type.session.has(name));
  Object.defineProperty(type.prototype, "__props", { value: declared, configurable: true, writable: true });
  for (const name of names) defineAttribute(type.prototype, name);
  return type;
}
