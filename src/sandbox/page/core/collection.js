import { EventEmitter } from "./emitter.js";

/**
 * The key under which a collection holds a model: of a model its id's, of an address or a message key its text.
 *
 * @param {any} value
 * @returns {string | undefined}
 */
export function keyOf(value) {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (value.isState) return keyOf(value.id);
  if (typeof value._serialized === "string") return value._serialized;
  if ("id" in value) return keyOf(value.id);
  return String(value);
}

/** Models by id, in order, with the events `add`, `remove`, `reset` and whatever its models trigger. */
export class Collection extends EventEmitter {
  /** @type {any} */
  static model = null;

  /** @type {any[]} */
  #models = [];
  /** @type {Map<string, any>} */
  #index = new Map();

  /**
   * @param {any[]} [models]
   * @param {{parent?: any}} [options]
   */
  constructor(models, options = {}) {
    super();
    if (!(/** @type {any} */ (this.constructor).model)) throw new Error("Collection initialized without model");
    Object.defineProperty(this, "parent", { value: options.parent, writable: true, configurable: true });
    if (models) this.add(models, { silent: true });
  }

  get modelClass() {
    return /** @type {any} */ (this.constructor).model;
  }

  get length() {
    return this.#models.length;
  }

  /**
   * @param {any} value a model, attributes, or an array of them
   * @param {{merge?: boolean, silent?: boolean}} [options]
   * @returns {any} what is now in the collection: one or an array, as given
   */
  add(value, options = {}) {
    if (Array.isArray(value)) return value.map((item) => this.add(item, options));
    const key = keyOf(value);
    const held = key === undefined ? undefined : this.#index.get(key);
    if (held) {
      if (options.merge && held !== value) held.set(value.isState ? value.attributes : value);
      return held;
    }
    const model = this.isModel(value) ? value : new this.modelClass(value, { collection: this });
    this.#insert(model);
    if (key !== undefined) this.#index.set(key, model);
    model.heldBy?.(this);
    if (!options.silent) this.trigger("add", model, this);
    return model;
  }

  /**
   * @param {any} value
   * @param {{merge?: boolean, silent?: boolean}} [options]
   */
  set(value, options = {}) {
    return this.add(value, { merge: true, ...options });
  }

  /**
   * @param {any} value
   * @param {{silent?: boolean}} [options]
   */
  remove(value, options = {}) {
    const removed = [];
    for (const item of Array.isArray(value) ? value : [value]) {
      const key = keyOf(item);
      const model = key === undefined ? undefined : this.#index.get(key);
      if (!model || key === undefined) continue;
      this.#index.delete(key);
      this.#models.splice(this.#models.indexOf(model), 1);
      model.releasedBy?.(this);
      removed.push(model);
      if (!options.silent) this.trigger("remove", model, this);
    }
    return removed;
  }

  /**
   * Holds a member under another id from now on; whoever calls this gives the member that id next.
   *
   * @param {any} from
   * @param {any} to
   */
  rekey(from, to) {
    const before = keyOf(from);
    const after = keyOf(to);
    const model = before === undefined ? undefined : this.#index.get(before);
    if (!model || before === undefined || after === undefined) return;
    this.#index.delete(before);
    this.#index.set(after, model);
  }

  /** @param {any[]} [models] */
  reset(models = []) {
    for (const model of this.#models) model.releasedBy?.(this);
    this.#models = [];
    this.#index.clear();
    this.add(models, { silent: true });
    this.trigger("reset", this);
  }

  /**
   * @param {any} id
   * @returns {any}
   */
  get(id) {
    const key = keyOf(id);
    return key === undefined ? undefined : this.#index.get(key);
  }

  /** @param {any} id */
  assertGet(id) {
    const model = this.get(id);
    if (!model) throw new Error(`${this.constructor.name} holds no ${keyOf(id)}`);
    return model;
  }

  /** @param {number} position */
  at(position) {
    return this.getModelsArray().at(position);
  }

  /** @param {{silent?: boolean}} [options] */
  sort(options = {}) {
    const compare = /** @type {any} */ (this.constructor).comparator;
    if (compare) this.#models.sort(compare);
    if (!options.silent) this.trigger("sort", this);
    return this;
  }

  serialize() {
    return this.getModelsArray().map((model) => model.serialize());
  }

  toJSON() {
    return this.serialize();
  }

  /** @param {any} value */
  isModel(value) {
    return value instanceof this.modelClass;
  }

  /** @param {any} model */
  includes(model) {
    return this.#models.includes(model);
  }

  /** @param {(model: any) => boolean} test */
  findFirst(test) {
    return this.getModelsArray().find(test);
  }

  /** @param {Record<string, any>} values */
  where(values) {
    return this.filter((model) => Object.entries(values).every(([name, value]) => model[name] === value));
  }

  head() {
    return this.at(0);
  }

  last() {
    return this.at(-1);
  }

  toArray() {
    return this.getModelsArray();
  }

  /** The models in order. The array is the collection's own: copy it before changing it. */
  getModelsArray() {
    return this.#models;
  }

  /** @param {any} model */
  indexOf(model) {
    return this.getModelsArray().indexOf(model);
  }

  /** @param {(model: any, index: number, all: any[]) => any} callback */
  every(callback) {
    return this.getModelsArray().every(callback);
  }

  /** @param {(model: any, index: number, all: any[]) => any} callback */
  some(callback) {
    return this.getModelsArray().some(callback);
  }

  /** @param {(model: any, index: number, all: any[]) => any} callback */
  forEach(callback) {
    this.getModelsArray().forEach(callback);
  }

  /** @param {(model: any, index: number, all: any[]) => any} callback */
  map(callback) {
    return this.getModelsArray().map(callback);
  }

  /** @param {(model: any, index: number, all: any[]) => any} callback */
  filter(callback) {
    return this.getModelsArray().filter(callback);
  }

  /**
   * @param {(result: any, model: any, index: number) => any} callback
   * @param {any} initial
   */
  reduce(callback, initial) {
    return this.getModelsArray().reduce(callback, initial);
  }

  /**
   * @param {number} [start]
   * @param {number} [end]
   */
  slice(start, end) {
    return this.getModelsArray().slice(start, end);
  }

  [Symbol.iterator]() {
    return this.getModelsArray()[Symbol.iterator]();
  }

  /** @param {any} model */
  #insert(model) {
    const compare = /** @type {any} */ (this.constructor).comparator;
    let position = this.#models.length;
    // What arrives is nearly always the newest, so the place is found from the end.
    if (compare) while (position > 0 && compare(this.#models[position - 1], model) > 0) position -= 1;
    if (position === this.#models.length) this.#models.push(model);
    else this.#models.splice(position, 0, model);
  }
}

/** A collection whose missing members can be asked of the server by a subclass's `fetch`. */
export class BaseCollection extends Collection {
  /**
   * @param {any} id
   * @returns {Promise<any>} the attributes, or nothing when there is no such thing
   */
  async fetch(id) {
    throw new Error(`${this.constructor.name} cannot look up ${keyOf(id)}`);
  }

  /**
   * @param {any} id
   * @returns {Promise<any>}
   */
  async find(id) {
    return this.get(id) ?? (await this.update(id));
  }

  /**
   * @param {any} id
   * @returns {Promise<any>}
   */
  async update(id) {
    const attributes = await this.fetch(id);
    return attributes ? this.add(attributes, { merge: true }) : undefined;
  }

  /**
   * The member with this id, made empty when there is none.
   *
   * @param {any} id
   * @param {Record<string, any>} [values]
   */
  gadd(id, values = {}) {
    const model = this.get(id);
    if (model) return model.set(values);
    return this.add(id?.isState ? id : { id, ...values });
  }

  /** @param {any} id */
  gaddUp(id) {
    return this.gadd(id);
  }
}
