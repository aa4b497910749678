import * as storage from "../../storage/models.js";

/**
 * The newest add-on of a kind by each person on each message: what counts.
 *
 * @typedef {import("./apply.js").Applied} Applied
 */

/** Those on their way into the database. @type {Map<string, any>} */
const claimed = new Map();

/**
 * Stores an add-on unless it is known or a newer one is. What it does to its message is stored with it, or neither is: an
 * add-on that is known is passed over when it comes again, so that what a dying page left undone would stay so.
 *
 * @param {string} kind
 * @param {Applied} addon
 * @param {string} by who may have one of their own; "" where the message has one for all
 * @param {Record<string, any>} values plain data
 * @param {() => Promise<any>[]} [effect] does it, and writes what it has changed before it returns
 * @returns {Promise<any>} the record, once it is stored; nothing when it says nothing new
 */
export async function claim(kind, addon, by, values, effect = () => []) {
  const parent = addon.target.toString();
  const id = `${kind} ${parent} ${by}`;
  const msgKey = addon.id.toString();
  const stored = await storage.addon(id);
  const before = claimed.get(id) ?? stored;
  if (before && (before.order > addon.order || before.msgKey === msgKey)) return undefined;
  const record = { ...values, id, kind, msgKey, order: addon.order, parent, chat: addon.target.remote.toString() };
  claimed.set(id, record);
  await Promise.all([storage.put("addon", id, () => record), ...effect()]);
  if (claimed.get(id) === record) claimed.delete(id);
  return record;
}

/**
 * Forgets what was done to a message, but for its deletion.
 *
 * @param {string} parent
 */
export async function release(parent) {
  const records = await storage.addonsBy("parent", parent);
  for (const { id, kind } of records) if (kind !== "revoke") storage.remove("addon", id).catch(reportError);
}
