/** @typedef {(...args: any[]) => any} Listener */
/** @typedef {{callback: Listener, context: any, once: boolean}} Entry */

/**
 * The event emitter of all models and collections: several names in one string, `all`, listeners called in order with
 * what is registered when the event starts. A listener that throws is reported and doesn't stop the others, because
 * listeners are third-party code and delivery must go on.
 */
export class EventEmitter {
  /** @type {Map<string, Entry[]> | null} */
  #listeners = null;

  /**
   * @param {string} names
   * @param {Listener} callback
   * @param {any} [context]
   */
  on(names, callback, context) {
    return this.#add(names, callback, context, false);
  }

  /**
   * @param {string} names
   * @param {Listener} callback
   * @param {any} [context]
   */
  once(names, callback, context) {
    return this.#add(names, callback, context, true);
  }

  /**
   * @param {string} [names]
   * @param {Listener} [callback]
   * @param {any} [context]
   */
  off(names, callback, context) {
    if (!this.#listeners) return this;
    for (const name of names ? names.split(/\s+/) : [...this.#listeners.keys()]) {
      const kept = (this.#listeners.get(name) ?? []).filter(
        (entry) => (callback && entry.callback !== callback) || (context !== undefined && entry.context !== context),
      );
      if (kept.length) this.#listeners.set(name, kept);
      else this.#listeners.delete(name);
    }
    return this;
  }

  /**
   * @param {string} name
   * @param {...any} args
   */
  trigger(name, ...args) {
    if (!this.#listeners) return this;
    this.#call(name, this.#listeners.get(name), args);
    this.#call("all", this.#listeners.get("all"), [name, ...args]);
    return this;
  }

  /** @param {string} name */
  isListening(name) {
    return Boolean(this.#listeners?.get(name)?.length);
  }

  /**
   * @param {EventEmitter} other
   * @param {string} names
   * @param {Listener} callback
   */
  listenTo(other, names, callback) {
    other.on(names, callback, this);
    return this;
  }

  /**
   * @param {EventEmitter} other
   * @param {string} names
   * @param {Listener} callback
   */
  listenToOnce(other, names, callback) {
    other.once(names, callback, this);
    return this;
  }

  /**
   * @param {EventEmitter} other
   * @param {string} names
   * @param {Listener} callback
   */
  listenToAndRun(other, names, callback) {
    this.listenTo(other, names, callback);
    callback.call(this);
    return this;
  }

  /**
   * @param {EventEmitter} [other]
   * @param {string} [names]
   * @param {Listener} [callback]
   */
  stopListening(other, names, callback) {
    other?.off(names, callback, this);
    return this;
  }

  removeAllListeners() {
    this.#listeners = null;
    return this;
  }

  /**
   * @param {string} names
   * @param {Listener} callback
   */
  bind(names, callback) {
    return this.on(names, callback);
  }

  /**
   * @param {string} [names]
   * @param {Listener} [callback]
   */
  unbind(names, callback) {
    return this.off(names, callback);
  }

  /**
   * @param {string} [names]
   * @param {Listener} [callback]
   */
  removeListener(names, callback) {
    return this.off(names, callback);
  }

  /**
   * @param {string} name
   * @param {...any} args
   */
  emit(name, ...args) {
    return this.trigger(name, ...args);
  }

  /**
   * @param {string} names
   * @param {Listener} callback
   * @param {any} context
   * @param {boolean} once
   */
  #add(names, callback, context, once) {
    if (typeof callback !== "function") throw new TypeError("Callback parameter passed is not a function");
    this.#listeners ??= new Map();
    for (const name of names.split(/\s+/)) {
      // A new array each time: one that is being called must not change under the loop.
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), { callback, context, once }]);
    }
    return this;
  }

  /**
   * @param {string} name
   * @param {Entry[] | undefined} entries
   * @param {any[]} args
   */
  #call(name, entries, args) {
    if (!entries) return;
    for (const entry of entries) {
      if (entry.once) this.off(name, entry.callback, entry.context);
      try {
        entry.callback.apply(entry.context ?? this, args);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
