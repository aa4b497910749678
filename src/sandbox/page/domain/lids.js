import { asUserWid, createWid } from "../core/wid.js";

/** @typedef {import("../core/wid.js").Wid} Wid */

/** Which LID belongs to which phone number, as far as this device was told. */

/** @type {Map<string, Wid>} */
const lidOf = new Map();
/** @type {Map<string, {lid: Wid, phoneNumber: Wid, phoneNumberCreatedAt: number}>} */
const entryOf = new Map();

export const lidPnCache = {
  /** @param {Wid} pn */
  getCurrentLid: (pn) => lidOf.get(asUserWid(pn).toString()),
  /** @param {Wid} lid */
  getPhoneNumber: (lid) => entryOf.get(asUserWid(lid).toString())?.phoneNumber,
  /** @param {Wid} lid */
  getLidEntry: (lid) => entryOf.get(asUserWid(lid).toString()),
  /**
   * @param {Wid} lid
   * @param {{phoneNumber: Wid}} entry
   */
  add: (lid, { phoneNumber }) => {
    const before = entryOf.get(lid.toString())?.phoneNumber;
    // Who changes their number keeps the LID: the old number is nobody's any more.
    if (before && !before.equals(phoneNumber) && lidOf.get(before.toString())?.equals(lid)) lidOf.delete(before.toString());
    lidOf.set(phoneNumber.toString(), lid);
    entryOf.set(lid.toString(), { lid, phoneNumber, phoneNumberCreatedAt: 0 });
  },
  getAllLids: () => [...entryOf.values()].map((entry) => entry.lid),
  /** @param {Wid} lid */
  remove: (lid) => {
    const entry = entryOf.get(lid.toString());
    entryOf.delete(lid.toString());
    if (entry) lidOf.delete(entry.phoneNumber.toString());
  },
  clear: () => {
    lidOf.clear();
    entryOf.clear();
  },
};

/**
 * The other form of a person's address, where it is known.
 *
 * @param {any} wid
 * @returns {Wid | undefined}
 */
export function alternate(wid) {
  const user = asUserWid(createWid(wid));
  return user.isLid() ? lidPnCache.getPhoneNumber(user) : lidPnCache.getCurrentLid(user);
}
