import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { asUserWid, createWid } from "../core/wid.js";
import { ConnectionLost, ServerError } from "../errors.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { notImplemented } from "../stubs.js";
import * as storage from "../storage/models.js";
import { alternate, lidPnCache } from "./lids.js";
import { isMe, me } from "./me.js";

export { lidPnCache };

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
  "isAddressBookContact", "isContactBlocked", "syncToAddressbook",
]);

class ContactCollectionImpl extends BaseCollection {
  static model = ContactModel;

  /** @param {any} id */
  async fetch(id) {
    const wid = asUserWid(createWid(id));
    const known = await askContact(wid);
    if (!known) return undefined;
    const { name, shortName, isAddressBookContact, username, isBusiness } = contacts.get(known.jid).attributes;
    return { id: wid, pushname: known.pushname, name, shortName, isAddressBookContact, username, isBusiness };
  }

  getMeContact() {
    const own = me.userPn();
    return own ? this.gadd(own, { pushname: me.name() }) : undefined;
  }
}

/** @type {any} */
export const contacts = new ContactCollectionImpl();

/**
 * @typedef {object} Person what the server tells of somebody (docs/sandbox-protocol.md, "People"); what it leaves out
 *   stays as it was
 * @property {string} jid the form by which they are told of
 * @property {string | null} [lid]
 * @property {string | null} [pn] the number's JID, where it is shown
 * @property {string | null} [name] the name they gave themselves
 * @property {{first_name: string, last_name: string} | null} [saved] null: not in the address book
 * @property {string | null} [username]
 * @property {boolean} [business]
 */

/**
 * Takes in what the server told of a person and stores what is new. Known under both forms, they are told of under both.
 *
 * @param {Person} person
 * @returns {any} the contact
 */
export function learn(person) {
  const wid = asUserWid(createWid(person.jid));
  const lid = wid.isLid() ? wid : person.lid ? createWid(person.lid) : undefined;
  const pn = wid.isLid() ? (person.pn ? createWid(person.pn) : lidPnCache.getPhoneNumber(wid)) : wid;
  const news = Boolean(lid && pn && !lidPnCache.getCurrentLid(pn)?.equals(lid));
  const before = lid && lidPnCache.getPhoneNumber(lid);
  if (lid && pn && news) lidPnCache.add(lid, { phoneNumber: pn });
  const given = before && pn && !before.equals(pn) ? contacts.get(before) : undefined;
  if (given) keep(given);
  const contact = contacts.gadd(wid);
  const other = alternate(wid);
  const known = other ? [contact, contacts.get(other)] : [contact];
  for (const each of known) if (each && (describe(each, person) || news)) keep(each);
  return contact;
}

/**
 * @param {any} contact
 * @param {Person} person
 * @returns {boolean} whether anything is new
 */
function describe(contact, { name, saved, username, business }) {
  /** @type {Record<string, any>} */
  const told = {};
  if (name) told.pushname = name;
  if (saved !== undefined) {
    told.name = saved ? `${saved.first_name} ${saved.last_name}`.trim() : undefined;
    told.shortName = saved ? saved.first_name : undefined;
    told.isAddressBookContact = saved ? 1 : 0;
  }
  if (username !== undefined) told.username = username ?? undefined;
  if (business !== undefined) told.isBusiness = business;
  const before = contact.attributes;
  const isNew = Object.keys(told).some((key) => before[key] !== told[key]);
  contact.set(told);
  return isNew;
}

const STORED = ["pushname", "name", "shortName", "isAddressBookContact", "username", "isBusiness"];

/** @param {any} contact */
function keep(contact) {
  const id = contact.id.toString();
  const record = () => ({
    id,
    other: alternate(contact.id)?.toString(),
    ...Object.fromEntries(STORED.map((name) => [name, contact.attributes[name]])),
  });
  storage.put("contact", id, record).catch(reportError);
}

export async function loadContacts() {
  for (const { id, other, ...attributes } of await storage.all("contact")) {
    const [lid, pn] = id.endsWith("@lid") ? [id, other] : [other, id];
    if (lid && pn) lidPnCache.add(createWid(lid), { phoneNumber: createWid(pn) });
    contacts.add({ ...attributes, id: createWid(id) }, { silent: true });
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
    const person = /** @type {any} */ (await session.request({ t: "iq", op: "contact", jid: wid.toString() }));
    learn(person);
    return { pushname: person.name, jid: createWid(person.jid) };
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
    if (!person) return undefined;
    const { isBusiness, username } = contacts.get(person.jid);
    return { wid: asked, biz: Boolean(isBusiness), username };
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

/**
 * Who has a username. None of the sandbox's accounts protects theirs by a key.
 *
 * @param {string} username without the leading @
 * @returns {Promise<any>} nothing when nobody has
 */
async function queryUsernameExists(username) {
  const found = await session.request({ t: "iq", op: "username", username });
  if (!found.exists) return null;
  const known = contacts.get(found.lid);
  const wasUpdated = known?.username !== found.username;
  learn({ jid: found.jid, lid: found.lid, pn: found.pn, username: found.username });
  return { wid: createWid(found.lid), biz: false, username: found.username, wasUpdated, isUsernameSearch: true };
}

/** @param {any} lid */
async function queryWidUsernameExists(lid) {
  const wid = createWid(lid);
  const before = contacts.get(wid)?.username;
  if (!(await askContact(wid))) return undefined;
  const now = (contacts.get(wid) ?? contacts.get(alternate(wid)))?.username;
  return {
    username: now,
    usernameChanged: before !== now,
    wasPreviouslyKnown: before !== undefined,
    isPhoneNumberKnown: lidPnCache.getPhoneNumber(wid) !== undefined,
    oldUsername: before === now ? undefined : before,
  };
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
  /** The name in the address book. */
  getName: (/** @type {any} */ contact) => contact.name,
  getShortName: (/** @type {any} */ contact) => contact.shortName ?? anyName(contact)?.split(" ")[0],
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

/** @param {any} contact @returns {string | undefined} */
const anyName = (contact) => contact.name || contact.pushname || contact.verifiedName;
/** @param {any} contact */
const displayName = (contact) => anyName(contact) || phoneText(contact);
/** @param {any} contact */
const phoneText = (contact) => formatPhone(contact.id.isLid() ? contact.phoneNumber : contact.id);
/** @param {any} contact */
const usernameOrPhone = (contact) => (contact.username ? `@${contact.username}` : phoneText(contact));

const frontendGetters = {
  getIsMyContact: (/** @type {any} */ contact) => contact.isAddressBookContact === 1,
  getDisplayName: displayName,
  getFormattedName: displayName,
  getFormattedShortName: (/** @type {any} */ contact) => getters.getShortName(contact) ?? phoneText(contact),
  getFormattedShortNameWithNonBreakingSpaces: (/** @type {any} */ contact) =>
    String(frontendGetters.getFormattedShortName(contact)).replace(/ /g, "\u00a0"),
  getFormattedUser: phoneText,
  getFormattedUsernameOrPhone: usernameOrPhone,
  getUserDisplayNameForLid: displayName,
  getPnForLid: (/** @type {any} */ contact) => contact.phoneNumber,
  getPhoneNumber: (/** @type {any} */ contact) => (contact.id.isLid() ? contact.phoneNumber : contact.id),
  getTextStatusString: notImplemented("WAWebFrontendContactGetters.getTextStatusString"),
  getSearchName: (/** @type {any} */ contact) => String(displayName(contact)).toLowerCase(),
  getSearchVerifiedName: (/** @type {any} */ contact) => contact.verifiedName?.toLowerCase(),
  getHeader: (/** @type {any} */ contact) => String(displayName(contact)).charAt(0).toUpperCase(),
};

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
  define("WAWebQueryExistsJob", { queryWidExists, queryPhoneExists, queryUsernameExists, queryWidUsernameExists });
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
