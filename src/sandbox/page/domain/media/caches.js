import { completion, openDatabase, result } from "../../storage/idb.js";

/** Files that were sent or downloaded: in memory, and the small ones in a database. Both hold the newest, up to a limit. */

const MEMORY_BYTES = 64 * 1024 * 1024;
const DATABASE_BYTES = 16 * 1024 * 1024;
const LARGEST_RECORD = 1024 * 1024;

export class InMemoryMediaBlobCacheImpl {
  /** Oldest first. @type {Map<string, Blob>} */
  #blobs = new Map();
  /** @type {Map<string, string>} */
  #urls = new Map();
  is24h = false;

  /**
   * @param {string} filehash
   * @param {Blob} blob
   */
  put(filehash, blob) {
    this.#blobs.delete(filehash);
    this.#blobs.set(filehash, blob);
    let total = 0;
    for (const held of this.#blobs.values()) total += held.size;
    for (const [key, held] of this.#blobs) {
      // The newest stays, however large.
      if (total <= MEMORY_BYTES || key === filehash) break;
      total -= held.size;
      this.#remove(key);
    }
  }

  /** @param {string} filehash */
  get(filehash) {
    this.touch(filehash);
    return this.#blobs.get(filehash);
  }

  /** @param {string} filehash */
  has(filehash) {
    return this.#blobs.has(filehash);
  }

  /** @param {string} filehash */
  touch(filehash) {
    const blob = this.#blobs.get(filehash);
    if (!blob) return;
    this.#blobs.delete(filehash);
    this.#blobs.set(filehash, blob);
  }

  /** @param {string} filehash */
  getOrCreateURL(filehash) {
    const blob = this.get(filehash);
    if (!blob) return undefined;
    const url = this.#urls.get(filehash) ?? URL.createObjectURL(blob);
    this.#urls.set(filehash, url);
    return url;
  }

  /** @param {string} filehash */
  revokeURL(filehash) {
    const url = this.#urls.get(filehash);
    if (url) URL.revokeObjectURL(url);
    this.#urls.delete(filehash);
  }

  clear() {
    for (const key of [...this.#blobs.keys()]) this.#remove(key);
  }

  /** @param {string} filehash */
  #remove(filehash) {
    this.revokeURL(filehash);
    this.#blobs.delete(filehash);
  }
}

export const memoryCache = new InMemoryMediaBlobCacheImpl();

/** The database `lru-media-storage-idb`: files under their hash, the least recently used go first. */
class LruMediaStore {
  /** @type {Promise<IDBDatabase> | null} */
  #opening = null;

  #database() {
    this.#opening ??= openDatabase("lru-media-storage-idb", 1, (created) => {
      // The size is part of the index's key, so that nothing is read to be counted.
      created.createObjectStore("media", { keyPath: "key" }).createIndex("used", ["used", "size"]);
    });
    return this.#opening;
  }

  /**
   * @param {string} key
   * @returns {Promise<ArrayBuffer | null>}
   */
  async get(key) {
    const database = await this.#database();
    const transaction = database.transaction("media", "readwrite");
    const store = transaction.objectStore("media");
    const record = await result(store.get(key));
    if (record) store.put({ ...record, used: Date.now() });
    return record?.data ?? null;
  }

  /**
   * @param {string} key
   * @param {ArrayBuffer | Uint8Array} value larger ones than 1 MiB aren't kept
   */
  async put(key, value) {
    const data = value instanceof Uint8Array ? value.slice().buffer : value;
    if (data.byteLength > LARGEST_RECORD) return;
    const transaction = (await this.#database()).transaction("media", "readwrite");
    const done = completion(transaction);
    const store = transaction.objectStore("media");
    store.put({ key, data, size: data.byteLength, used: Date.now() });
    let total = 0;
    const request = store.index("used").openKeyCursor(null, "prev");
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor) return;
      total += /** @type {[number, number]} */ (cursor.key)[1];
      if (total > DATABASE_BYTES) store.delete(cursor.primaryKey);
      cursor.continue();
    };
    await done;
  }

  /** @param {string} key */
  async del(key) {
    const transaction = (await this.#database()).transaction("media", "readwrite");
    const done = completion(transaction);
    transaction.objectStore("media").delete(key);
    await done;
  }

  async clear() {
    const transaction = (await this.#database()).transaction("media", "readwrite");
    const done = completion(transaction);
    transaction.objectStore("media").clear();
    await done;
  }

  async count() {
    return result((await this.#database()).transaction("media").objectStore("media").count());
  }

  /** @param {string} key */
  async has(key) {
    return (await result((await this.#database()).transaction("media").objectStore("media").count(key))) > 0;
  }
}

export const mediaStore = new LruMediaStore();
