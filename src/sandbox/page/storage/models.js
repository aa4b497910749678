import { completion, openDatabase, result } from "./idb.js";

/** The database `model-storage`: the page's records. Writes are gathered: one transaction at a time. */

/**
 * `addon`: the newest of each kind by each person on each message. `outgoing`: add-ons that the server hasn't answered.
 *
 * @typedef {"message" | "chat" | "contact" | "group-metadata" | "addon" | "outgoing"} StoreName
 */
/** @typedef {{store: StoreName, key: string, record?: () => any, update?: (held: any) => any}} Write */

/** How long writes are gathered: a message's first states and its acknowledgement then cost one write. */
const GATHER_MS = 5;

/** @type {IDBDatabase} */
let database;
/** What waits for the next transaction; a later write of the same record replaces an earlier one. @type {Map<string, Write>} */
let waiting = new Map();
/** @type {Promise<void> | null} */
let flushing = null;
/** @type {{promise: Promise<void>, resolve: () => void, reject: (reason: any) => void} | null} */
let next = null;

export async function openModels() {
  database = await openDatabase("model-storage", 3, (created) => {
    const held = created.objectStoreNames;
    if (!held.contains("message")) {
      const messages = created.createObjectStore("message", { keyPath: "id" });
      messages.createIndex("chat", ["chat", "t", "order"]);
      messages.createIndex("pending", "pending");
    }
    for (const name of ["chat", "contact", "group-metadata"]) {
      if (!held.contains(name)) created.createObjectStore(name, { keyPath: "id" });
    }
    if (!held.contains("addon")) {
      const addons = created.createObjectStore("addon", { keyPath: "id" });
      for (const name of ["parent", "chat", "kind"]) addons.createIndex(name, name);
      created.createObjectStore("outgoing", { keyPath: "id" });
    }
  });
}

/**
 * Stores a record with the next transaction. `record` is called when that begins, so the newest state is what is kept.
 *
 * @param {StoreName} store
 * @param {string} key
 * @param {() => any} record undefined: it has become nothing to keep
 * @returns {Promise<void>} when the transaction that holds it is complete
 */
export function put(store, key, record) {
  return enqueue({ store, key, record });
}

/**
 * Changes a stored record in place, in the next transaction.
 *
 * @param {StoreName} store
 * @param {string} key
 * @param {(held: any) => any} change gives the new record, or nothing to leave it
 */
export function update(store, key, change) {
  const before = waiting.get(`${store} ${key}`);
  if (!before) return enqueue({ store, key, update: change });
  const { record, update: earlier } = before;
  // What is about to be deleted isn't changed any more: the change would bring it back.
  if (!record && !earlier) return stored();
  if (earlier) return enqueue({ store, key, update: (held) => change(earlier(held) ?? held) });
  const changed = (/** @type {any} */ value) => (value === undefined ? value : (change(value) ?? value));
  return enqueue({ store, key, record: () => changed(record?.()) });
}

/**
 * Deletes a record with the next transaction.
 *
 * @param {StoreName} store
 * @param {string} key
 * @returns {Promise<void>}
 */
export function remove(store, key) {
  return enqueue({ store, key });
}

/** @returns {Promise<void>} when everything written so far is stored */
export function stored() {
  return next?.promise ?? flushing ?? Promise.resolve();
}

/** @param {Write} write */
function enqueue(write) {
  waiting.set(`${write.store} ${write.key}`, write);
  next ??= Promise.withResolvers();
  const { promise } = next;
  flushing ??= gathered().then(flush);
  return promise;
}

/** @returns {Promise<void>} */
function gathered() {
  return new Promise((resolve) => {
    setTimeout(resolve, GATHER_MS);
  });
}

async function flush() {
  const batch = waiting;
  const current = next;
  waiting = new Map();
  next = null;
  try {
    await write(batch);
    current?.resolve();
  } catch (error) {
    current?.reject(error);
  }
  flushing = waiting.size ? gathered().then(flush) : null;
}

/** @param {Map<string, Write>} batch */
function write(batch) {
  const names = [...new Set([...batch.values()].map((entry) => entry.store))];
  const transaction = database.transaction(names, "readwrite", { durability: "relaxed" });
  const done = completion(transaction);
  for (const { store, key, record, update: change } of batch.values()) {
    const objects = transaction.objectStore(store);
    if (record) {
      const value = record();
      if (value !== undefined) objects.put(value);
    } else if (!change) {
      objects.delete(key);
    } else {
      const request = objects.get(key);
      request.onsuccess = () => {
        const changed = request.result && change(request.result);
        if (changed) objects.put(changed);
      };
    }
  }
  return done;
}

/**
 * @param {StoreName} store
 * @returns {Promise<any[]>}
 */
export function all(store) {
  return result(database.transaction(store).objectStore(store).getAll());
}

/** @returns {Promise<IDBValidKey[]>} the ids of all stored messages */
export function messageIds() {
  return result(database.transaction("message").objectStore("message").getAllKeys());
}

/**
 * @param {string} id
 * @returns {Promise<any>}
 */
export function message(id) {
  return result(database.transaction("message").objectStore("message").get(id));
}

/**
 * @param {"parent" | "chat" | "kind"} index
 * @param {string} value
 * @returns {Promise<any[]>} the add-ons with this value
 */
export function addonsBy(index, value) {
  return result(database.transaction("addon").objectStore("addon").index(index).getAll(value));
}

/**
 * @param {string} id
 * @returns {Promise<any>}
 */
export function addon(id) {
  return result(database.transaction("addon").objectStore("addon").get(id));
}

/**
 * @param {string} beginning
 * @returns {Promise<string | undefined>} the first id of a stored message that begins so
 */
export async function messageIdFrom(beginning) {
  const [first] = await result(database.transaction("message").objectStore("message").getAllKeys(from(beginning), 1));
  return first === undefined ? undefined : String(first);
}

/**
 * @param {string} beginning
 * @returns {Promise<any>} the first add-on whose id begins so
 */
export async function addonFrom(beginning) {
  const [first] = await result(database.transaction("addon").objectStore("addon").getAll(from(beginning), 1));
  return first;
}

/** @param {string} beginning @returns {IDBKeyRange} the keys that begin so */
const from = (beginning) => IDBKeyRange.bound(beginning, `${beginning}\uffff`);

/** @returns {Promise<any[]>} messages that were given to `send` and not acknowledged by the server */
export function pendingMessages() {
  return result(database.transaction("message").objectStore("message").index("pending").getAll());
}

/**
 * @param {string} chat
 * @param {{count: number, direction?: "before" | "after", anchor?: {t: number, order: number}}} options without an
 *   anchor: from the chat's newest (before) or oldest (after)
 * @returns {Promise<any[]>} oldest first, the anchor not among them
 */
export function messagesOf(chat, { count, direction = "before", anchor }) {
  const before = direction === "before";
  const low = anchor && !before ? [chat, anchor.t, anchor.order] : [chat];
  const high = anchor && before ? [chat, anchor.t, anchor.order] : [chat, []];
  const range = IDBKeyRange.bound(low, high, Boolean(anchor && !before), Boolean(anchor && before));
  const index = database.transaction("message").objectStore("message").index("chat");
  const request = index.openCursor(range, before ? "prev" : "next");
  /** @type {any[]} */
  const records = [];
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor || records.length >= count) resolve(before ? records.reverse() : records);
      else {
        records.push(cursor.value);
        cursor.continue();
      }
    };
  });
}
