import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { asUserWid, createWid } from "../core/wid.js";
import { ConnectionLost, ServerError } from "../errors.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { notImplemented } from "../stubs.js";
import * as storage from "../storage/models.js";
import { isMe, me } from "./me.js";

/** @typedef {import("../core/wid.js").Wid} Wid */

/** People: what is known of them, and which LID belongs to which phone number. */

export class ContactModel extends BaseModel {
  static session = new Set(["stale", "promises", "isContactBlocked"]);

  defaults() {
    return { isBusiness: false, isEnterprise: false, isContactBlocked: false, type: "in", labels: [] };
  }

  /** The LID's phone number, where the contact is addressed by LID. */
  get phoneNumber() {
    return this.attributes?.id?.isLid() ? lidPnCache.getPhoneNumber(this.attributes.id) : undefined;
  }

  get formattedName() {
    return this.attributes ? displayName(this) : undefined;
  }
}
defineModel(ContactModel, "contact", [
  "id", "name", "pushname", "shortName", "isBusiness", "isEnterprise", "verifiedName", "type", "username",
]);

class ContactCollectionImpl extends BaseCollection {
  static model = ContactModel;

  /** @param {any} id */
  async fetch(id) {
    const wid = asUserWid(createWid(id));
    const known = await askContact(wid);
    return known ? { id: wid, ...known } : undefined;
  }

  getMeContact() {
    const own = me.userPn();
    return own ? this.gadd(own, { pushname: me.name() }) : undefined;
  }
}

/** @type {any} */
export const contacts = new ContactCollectionImpl();

// --- LID and phone number

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
 * Takes in what the server told of a person and stores what is new.
 *
 * @param {{jid: string, lid?: string | null, pushname?: string | null}} known
 * @returns {any} the contact
 */
export function learn({ jid, lid, pushname }) {
  const pn = asUserWid(createWid(jid));
  const lidWid = lid ? createWid(lid) : undefined;
  const newMapping = lidWid && !lidPnCache.getCurrentLid(pn)?.equals(lidWid);
  if (lidWid && newMapping) lidPnCache.add(lidWid, { phoneNumber: pn });
  const contact = contacts.gadd(pn);
  const renamed = pushname && contact.pushname !== pushname;
  if (renamed) contact.set({ pushname });
  if (newMapping || renamed) keep(contact);
  return contact;
}

/** @param {any} contact */
function keep(contact) {
  const id = contact.id.toString();
  const record = () => ({ id, lid: lidPnCache.getCurrentLid(contact.id)?.toString(), pushname: contact.pushname });
  storage.put("contact", id, record).catch(reportError);
}

export async function loadContacts() {
  for (const { id, lid, pushname } of await storage.all("contact")) {
    if (lid) lidPnCache.add(createWid(lid), { phoneNumber: createWid(id) });
    contacts.add({ id: createWid(id), pushname }, { silent: true });
  }
  const own = me.userPn();
  const ownLid = me.userLid();
  if (own && ownLid) lidPnCache.add(ownLid, { phoneNumber: own });
}

/**
 * Asks the server about a person.
 *
 * @param {Wid} wid phone or LID form
 * @returns {Promise<{pushname: string, jid: Wid} | undefined>} nothing when there is no such account
 */
export async function askContact(wid) {
  try {
    const answer = await session.request({ t: "iq", op: "contact", jid: wid.toString() });
    learn({ jid: answer.jid, lid: answer.lid, pushname: answer.name });
    return { pushname: answer.name, jid: createWid(answer.jid) };
  } catch (error) {
    if (error instanceof ServerError && error.code === 404) return undefined;
    throw error;
  }
}

/**
 * Like `askContact`, for what can do without the answer: nothing also when there is no connection.
 *
 * @param {Wid} wid
 */
export async function tryContact(wid) {
  try {
    return await askContact(wid);
  } catch (error) {
    if (error instanceof ConnectionLost) return undefined;
    throw error;
  }
}

/**
 * @param {any} wid
 * @returns {Promise<any>} nothing when the number is not on WhatsApp
 */
async function queryWidExists(wid) {
  const asked = asUserWid(createWid(wid));
  if (asked.isLid()) {
    const person = await askContact(asked);
    return person && { wid: asked, biz: false };
  }
  return queryPhoneExists(asked.user);
}

/** @param {string} phone */
async function queryPhoneExists(phone) {
  const answer = await session.request({ t: "iq", op: "exists", phones: [phone.replace(/\D/g, "")] });
  const [item] = answer.items;
  if (!item?.exists) return undefined;
  const wid = createWid(item.jid);
  const lid = item.lid ? createWid(item.lid) : undefined;
  if (lid) lidPnCache.add(lid, { phoneNumber: wid });
  return { wid, biz: Boolean(item.business), bizInfo: undefined, disappearingMode: undefined };
}

// --- what the libraries ask of a contact

/** @param {any} wid */
function formatPhone(wid) {
  return wid?.server === "c.us" ? `+${wid.user}` : String(wid?.user ?? "");
}

const getters = {
  getIsMe: (/** @type {any} */ contact) => isMe(contact.id),
  getIsUser: (/** @type {any} */ contact) => contact.id.isUser(),
  getIsGroup: (/** @type {any} */ contact) => contact.id.isGroup(),
  getIsBroadcast: (/** @type {any} */ contact) => contact.id.isBroadcast(),
  getIsNewsletter: (/** @type {any} */ contact) => contact.id.isNewsletter(),
  getIsPSA: (/** @type {any} */ contact) => contact.id.isPSA(),
  getIsIAS: () => false,
  getIsSupportAccount: () => false,
  getIsWAContact: (/** @type {any} */ contact) => contact.id.isUser(),
  getUserid: (/** @type {any} */ contact) => contact.id.user,
  getName: (/** @type {any} */ contact) => contact.name || contact.pushname || contact.verifiedName,
  getShortName: (/** @type {any} */ contact) => contact.shortName ?? getters.getName(contact)?.split(" ")[0],
  getPushname: (/** @type {any} */ contact) => contact.pushname,
  getNotifyName: (/** @type {any} */ contact) => contact.pushname ?? "",
  getPremiumMessageName: () => undefined,
  getVerifiedName: (/** @type {any} */ contact) => contact.verifiedName,
  getVerifiedLevel: (/** @type {any} */ contact) => contact.verifiedLevel,
  getStatusMute: (/** @type {any} */ contact) => contact.statusMute,
  getIsEnterprise: (/** @type {any} */ contact) => contact.isEnterprise,
  getCanRequestPhoneNumber: () => false,
  getShowBusinessCheckmarkAsPrimary: () => false,
  getShowBusinessCheckmarkAsSecondary: () => false,
  getShowBusinessCheckmarkInChatlist: () => false,
  getIsDisplayNameApproved: () => false,
  getShouldForceBusinessUpdate: () => false,
};

/** @param {any} contact */
const displayName = (contact) => getters.getName(contact) || phoneText(contact);
/** @param {any} contact */
const phoneText = (contact) => formatPhone(contact.id.isLid() ? contact.phoneNumber : contact.id);

const frontendGetters = {
  // The sandbox's phones have no address book: nobody is a saved contact.
  getIsMyContact: () => false,
  getDisplayName: displayName,
  getFormattedName: displayName,
  getFormattedShortName: (/** @type {any} */ contact) => getters.getShortName(contact) ?? phoneText(contact),
  getFormattedShortNameWithNonBreakingSpaces: (/** @type {any} */ contact) =>
    String(frontendGetters.getFormattedShortName(contact)).replace(/ /g, "\u00a0"),
  getFormattedUser: phoneText,
  getFormattedUsernameOrPhone: phoneText,
  getUserDisplayNameForLid: displayName,
  getPnForLid: (/** @type {any} */ contact) => contact.phoneNumber,
  getPhoneNumber: (/** @type {any} */ contact) => (contact.id.isLid() ? contact.phoneNumber : contact.id),
  getTextStatusString: notImplemented("WAWebFrontendContactGetters.getTextStatusString"),
  getSearchName: (/** @type {any} */ contact) => String(displayName(contact)).toLowerCase(),
  getSearchVerifiedName: (/** @type {any} */ contact) => contact.verifiedName?.toLowerCase(),
  getHeader: (/** @type {any} */ contact) => String(displayName(contact)).charAt(0).toUpperCase(),
};

/** @param {any} wid */
function alternate(wid) {
  const user = asUserWid(createWid(wid));
  return user.isLid() ? lidPnCache.getPhoneNumber(user) : lidPnCache.getCurrentLid(user);
}

export function defineContacts() {
  define("WAWebContactModel", { default: ContactModel });
  define("WAWebContactCollection", {
    ContactCollectionImpl,
    ContactCollection: contacts,
    getMeContact: () => contacts.getMeContact(),
  });
  // Before the getters, which export a `getPhoneNumber` too: wa-js takes the first it meets.
  define("WAWebApiContact", {
    lidPnCache,
    getCurrentLid: (/** @type {any} */ wid) => lidPnCache.getCurrentLid(createWid(wid)),
    getLatestLid: (/** @type {any} */ wid) => lidPnCache.getCurrentLid(createWid(wid)),
    getPhoneNumber: (/** @type {any} */ wid) => lidPnCache.getPhoneNumber(createWid(wid)),
    getAlternateUserWid: alternate,
    hasLidMapping: (/** @type {any} */ wid) => alternate(wid) !== undefined,
    getAllLidContacts: () => lidPnCache.getAllLids(),
  });
  define("WAWebContactGetters", getters);
  define("WAWebFrontendContactGetters", frontendGetters);
  define("WAWebQueryExistsJob", { queryWidExists, queryPhoneExists });
  define("WAWebLidMigrationUtils", {
    toPn: (/** @type {any} */ wid) => (wid.isLid() ? lidPnCache.getPhoneNumber(wid) : wid),
    toLid: (/** @type {any} */ wid) => (wid.isLid() ? wid : lidPnCache.getCurrentLid(wid)),
    toUserLid: (/** @type {any} */ wid) => (wid.isLid() ? asUserWid(wid) : lidPnCache.getCurrentLid(wid)),
    toUserLidOrThrow: (/** @type {any} */ wid) => {
      const lid = wid.isLid() ? asUserWid(wid) : lidPnCache.getCurrentLid(wid);
      if (!lid) throw new Error("no LID is known for this user");
      return lid;
    },
    shouldHaveAccountLid: (/** @type {any} */ wid) => wid.isUser(),
  });
  // Chats between two people are kept under the phone number.
  define("WAWebLid1X1MigrationGating", { Lid1X1MigrationUtils: { isLidMigrated: () => false } });
  define("WAWebPhoneUtils", { formattedPhoneNumber: (/** @type {string} */ text) => formatPhone(createWid(text)) });
}
