import * as storage from "../storage/models.js";

/**
 * The ids of all messages this device holds, in memory or only in the database: what comes again is dropped.
 *
 * @type {Set<string>}
 */
const known = new Set();

export async function loadKnown() {
  for (const id of await storage.messageIds()) known.add(String(id));
}

/** @param {string} id */
export const isKnown = (id) => known.has(id);

/** @param {string} id */
export const markKnown = (id) => {
  known.add(id);
};
