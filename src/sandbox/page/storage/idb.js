/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>} when it is complete, that is, handed to the disk
 */
export function completion(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("transaction aborted"));
  });
}

/** @type {Set<IDBDatabase>} */
const open = new Set();

/**
 * @param {string} name
 * @param {number} version
 * @param {(database: IDBDatabase) => void} upgrade
 * @returns {Promise<IDBDatabase>}
 */
export async function openDatabase(name, version, upgrade) {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => upgrade(request.result);
  const database = await result(request);
  database.onversionchange = () => {
    database.close();
    open.delete(database);
  };
  open.add(database);
  return database;
}

/** Closes and deletes every database of the page: what a logout leaves is a new browser. */
export async function deleteDatabases() {
  for (const database of open) database.close();
  open.clear();
  const names = (await indexedDB.databases()).map((info) => info.name ?? "");
  await Promise.all(names.map((name) => result(indexedDB.deleteDatabase(name))));
}
