import { BaseCollection, Collection } from "../../core/collection.js";
import { BaseModel, defineModel } from "../../core/model.js";
import { createWid } from "../../core/wid.js";
import { ServerStatusCodeError } from "../../errors.js";
import { notImplemented } from "../../stubs.js";
import * as storage from "../../storage/models.js";
import { ChatModel, chatFor, chats, keepChat } from "../chat.js";
import { contacts } from "../contact.js";
import { isMe } from "../me.js";
import { ask, learnPeople } from "./ask.js";

/** @typedef {import("../../net/connection.js").Frame} Frame */

/** Groups as this page knows them: what each shows of itself, who is in it, and what this account may do there. */

export class Participant extends BaseModel {
  static session = new Set(["contact", "stale", "hasSenderKey"]);

  defaults() {
    return { isAdmin: false, isSuperAdmin: false };
  }

  get contact() {
    return this.attributes ? contacts.gadd(this.attributes.id) : undefined;
  }
}
defineModel(Participant, "participant", ["id", "isAdmin", "isSuperAdmin"]);

export class ParticipantCollection extends Collection {
  static model = Participant;

  /** @returns {any} */
  get #group() {
    return /** @type {any} */ (this).parent;
  }

  /** @returns {any} */
  #own() {
    return this.findFirst((each) => isMe(each.id));
  }

  iAmMember() {
    return Boolean(this.#own());
  }

  iAmAdmin() {
    return Boolean(this.#own()?.isAdmin);
  }

  iAmSuperAdmin() {
    return Boolean(this.#own()?.isSuperAdmin);
  }

  /** In the group, and not allowed to change what it shows of itself. */
  iAmRestrictedMember() {
    return Boolean(this.iAmMember() && this.#group?.restrict && !this.iAmAdmin());
  }

  canAdd() {
    return this.iAmAdmin() || (this.iAmMember() && this.#group?.memberAddMode === "all_member_add");
  }

  /** @param {any} participant */
  canPromote(participant) {
    return this.iAmAdmin() && Boolean(this.get(participant)) && !participant.isAdmin;
  }

  /** @param {any} participant */
  canDemote(participant) {
    return this.iAmAdmin() && participant.isAdmin && !participant.isSuperAdmin;
  }

  /** @param {any} participant */
  canRemove(participant) {
    return this.iAmAdmin() && Boolean(this.get(participant)) && !participant.isSuperAdmin && !isMe(participant.id);
  }

  canVerifyIdentity() {
    return false;
  }

  getAdmins() {
    return this.filter((each) => each.isAdmin);
  }

  getSuperAdmin() {
    return this.findFirst((each) => each.isSuperAdmin);
  }
}

class PastParticipant extends BaseModel {}
defineModel(PastParticipant, "past-participant", ["id", "leaveTs", "leaveReason"]);

class PastParticipantCollection extends Collection {
  static model = PastParticipant;
}

class MembershipRequest extends BaseModel {}
defineModel(MembershipRequest, "membership-approval-request", ["id", "addedBy", "requestMethod", "parentGroupId", "t"]);

class MembershipRequestCollection extends Collection {
  static model = MembershipRequest;

  /** Under this name whatsapp-web.js reads them. */
  get _models() {
    return this.getModelsArray();
  }
}

export class GroupMetadata extends BaseModel {
  static session = new Set(["stale", "deviceStale", "trusted", "inviteCode", "displayedDesc", "version", "picture"]);
  static children = ["participants", "pastParticipants"];

  /** @type {any} */
  participants = new ParticipantCollection([], { parent: this });
  /** @type {any} */
  pastParticipants = new PastParticipantCollection([], { parent: this });
  /** @type {any} */
  membershipApprovalRequests = new MembershipRequestCollection([], { parent: this });

  defaults() {
    return { stale: true, isParentGroup: false, isParentGroupClosed: false, defaultSubgroup: false, size: 0 };
  }

  initialize() {
    this.on("change:stale", () => {
      const chat = chats.get(this.attributes.id);
      chat?.trigger("change:groupMetadata.stale", chat, this.get("stale"));
    });
  }

  get groupType() {
    return "DEFAULT";
  }

  get isUnnamed() {
    return false;
  }

  get displayedDesc() {
    return this.attributes?.desc;
  }

  get groupInviteLink() {
    const code = this.attributes?.inviteCode;
    return code ? `https://chat.whatsapp.com/${code}` : undefined;
  }

  isTrusted() {
    return true;
  }

  canSetSubject() {
    return this.participants.iAmMember() && !this.participants.iAmRestrictedMember();
  }

  canSetDescription() {
    return this.canSetSubject();
  }

  canSetGroupProperty() {
    return this.participants.iAmAdmin();
  }

  canSetEphemeralSetting() {
    return this.canSetSubject();
  }
}
defineModel(GroupMetadata, "group-metadata", [
  "id", "creation", "owner", "subject", "subjectTime", "subjectOwner", "desc", "descId", "descTime", "descOwner", "restrict",
  "announce", "memberAddMode", "membershipApprovalMode", "ephemeralDuration", "isLidAddressingMode", "size", "isParentGroup",
  "isParentGroupClosed", "defaultSubgroup", "stale", "inviteCode", "version", "picture",
]);

class GroupMetadataCollection extends BaseCollection {
  static model = GroupMetadata;

  /**
   * What is known and not stale, else what the server says.
   *
   * @param {any} id
   */
  async find(id) {
    const held = this.get(createWid(id));
    return held && !held.stale ? held : this.update(id);
  }

  /**
   * Asks the server anew. Of a group that this account isn't in any more, what was known stays, without the account.
   *
   * @param {any} id
   */
  async update(id) {
    const wid = createWid(id);
    try {
      const answer = await ask("group_get", { group: wid.toString() });
      return await take(answer.group);
    } catch (error) {
      const held = this.get(wid);
      if (!held || !(error instanceof ServerStatusCodeError)) throw error;
      held.participants.remove(held.participants.filter((/** @type {any} */ each) => isMe(each.id)));
      held.set({ stale: false });
      await keepGroup(held);
      return held;
    }
  }
}

// By this wa-js finds the collection; there are no communities in the sandbox.
Object.defineProperty(GroupMetadataCollection.prototype, "onParentGroupChange", {
  value: notImplemented("WAWebGroupMetadataCollection.default.onParentGroupChange"),
  writable: true,
  configurable: true,
});

/** @type {any} */
export const groupMetadata = new GroupMetadataCollection();

Object.defineProperties(ChatModel.prototype, {
  groupMetadata: {
    configurable: true,
    /** @this {any} */
    get() {
      const id = this.attributes?.id;
      return id?.isGroup() ? groupMetadata.get(id) : undefined;
    },
  },
  iAmAdmin: {
    configurable: true,
    writable: true,
    /** @this {any} */
    value() {
      return Boolean(this.groupMetadata?.participants.iAmAdmin());
    },
  },
});

// --- between the wire and the models

/** @param {string | null | undefined} jid */
const widOf = (jid) => (jid ? createWid(jid) : undefined);

/** @param {any} wire a participant */
export const participantOf = (wire) => ({
  id: createWid(wire.jid),
  isAdmin: wire.role !== "member",
  isSuperAdmin: wire.role === "superadmin",
});

/** @param {any} wire a group, or what an invitation shows of one */
export function attributesOfGroup(wire) {
  return {
    id: createWid(wire.id),
    creation: wire.created_ts,
    owner: widOf(wire.creator),
    subject: wire.subject,
    subjectTime: wire.subject_ts,
    subjectOwner: widOf(wire.subject_by),
    desc: wire.description || undefined,
    descId: wire.description_id ?? undefined,
    descTime: wire.description_ts || undefined,
    descOwner: widOf(wire.description_by),
    restrict: wire.restrict,
    announce: wire.announce,
    memberAddMode: wire.member_add === "all" ? "all_member_add" : "admin_add",
    membershipApprovalMode: wire.approval,
    ephemeralDuration: wire.ephemeral_s,
    isLidAddressingMode: wire.lid_mode,
    size: wire.size,
    version: wire.version,
    picture: wire.picture ?? undefined,
  };
}

/**
 * Takes in a group as the server gave it, whole.
 *
 * @param {any} wire
 * @returns {Promise<any>} the metadata, once it is stored
 */
export async function take(wire) {
  learnPeople(wire.participants ?? []);
  learnPeople(wire.requests ?? []);
  const id = createWid(wire.id);
  const held = groupMetadata.gadd(id);
  held.set(attributesOfGroup(wire));
  replace(held.participants, (wire.participants ?? []).map(participantOf));
  replace(held.pastParticipants, (wire.past ?? []).map(pastOf));
  replace(held.membershipApprovalRequests, (wire.requests ?? []).map(requestOf));
  held.set({ stale: false });
  settle(held);
  await keepGroup(held);
  return held;
}

/** @param {any} wire */
const pastOf = (wire) => ({
  id: createWid(wire.jid),
  leaveTs: wire.ts,
  leaveReason: wire.reason === "left" ? "Left" : "Removed",
});

/** @param {any} wire */
export const requestOf = (wire) => ({
  id: createWid(wire.jid),
  addedBy: createWid(wire.by),
  requestMethod: wire.method,
  parentGroupId: null,
  t: wire.ts,
});

/**
 * Makes a collection hold just these; those it held already stay the same objects.
 *
 * @param {any} collection
 * @param {any[]} items
 */
export function replace(collection, items) {
  const ids = new Set(items.map((item) => item.id.toString()));
  collection.remove(collection.filter((/** @type {any} */ each) => !ids.has(each.id.toString())));
  for (const item of items) collection.set(item);
}

/**
 * Brings the chat in line with its group.
 *
 * @param {any} group
 */
export function settle(group) {
  group.set({ size: group.participants.length || group.size });
  const chat = chatFor(group.id);
  const silent = !group.participants.iAmMember() || (group.announce && !group.participants.iAmAdmin());
  chat.set({
    name: group.subject,
    isReadOnly: Boolean(silent),
    isAnnounceGrpRestrict: Boolean(group.announce && !group.participants.iAmAdmin()),
    ephemeralDuration: group.ephemeralDuration || undefined,
  });
  keepChat(chat).catch(reportError);
}

// --- in the database

/** Attributes that are addresses: text in the database. */
const WIDS = ["owner", "subjectOwner", "descOwner"];

/**
 * @param {any} group
 * @returns {Promise<void>} when it is stored
 */
export function keepGroup(group) {
  const id = group.id.toString();
  const plain = (/** @type {any} */ collection) =>
    collection.map((/** @type {any} */ each) => {
      const entries = Object.entries(each.attributes).map(([name, value]) => [name, typeof value === "object" && value ? String(value) : value]);
      return Object.fromEntries(entries);
    });
  return storage.put("group-metadata", id, () => {
    const record = { ...group.attributes, id };
    for (const name of WIDS) if (record[name]) record[name] = record[name].toString();
    return {
      ...record,
      participants: plain(group.participants),
      past: plain(group.pastParticipants),
      requests: plain(group.membershipApprovalRequests),
    };
  });
}

/** Loads the groups of the database. What may have changed while this page wasn't there comes with the offline queue. */
export async function loadGroups() {
  for (const { participants, past, requests, ...record } of await storage.all("group-metadata")) {
    for (const name of WIDS) if (record[name]) record[name] = createWid(record[name]);
    const group = groupMetadata.add({ ...record, id: createWid(record.id) }, { silent: true });
    const revive = (/** @type {any} */ each) => ({
      ...each, id: createWid(each.id), ...(each.addedBy ? { addedBy: createWid(each.addedBy) } : {}),
    });
    replace(group.participants, participants.map(revive));
    replace(group.pastParticipants, past.map(revive));
    replace(group.membershipApprovalRequests, requests.map(revive));
  }
}
