import { createWid } from "../../core/wid.js";
import { importNamespace } from "../../loader.js";
import { session } from "../../net/session.js";
import * as storage from "../../storage/models.js";
import { chatFor } from "../chat.js";
import { isMe } from "../me.js";
import { receiveNotice } from "../receive.js";
import { learnPeople } from "./ask.js";
import { groupMetadata, keepGroup, participantOf, replace, requestOf, settle, take } from "./model.js";

/** @typedef {import("../../net/connection.js").Frame} Frame */

/** What others do to groups: the page's picture of the group follows, then the libraries are told. */

/** How the libraries call what happens to people in a group, where that isn't the wire's own word. @type {Record<string, string>} */
const ACTION_TYPES = { desc: "desc_add", membership_approval_mode: "membership_approval_mode_update" };

/** @type {Record<string, (group: any, action: any) => void>} */
const CHANGES = {
  add: (group, action) => {
    for (const person of action.people) {
      group.participants.set(participantOf({ ...person, role: "member" }));
      group.pastParticipants.remove(createWid(person.jid));
      group.membershipApprovalRequests.remove(createWid(person.jid));
    }
  },
  remove: (group, action) => {
    for (const person of action.people) {
      const id = createWid(person.jid);
      group.participants.remove(id);
      const leaveReason = action.reason === "left" ? "Left" : "Removed";
      group.pastParticipants.set({ id, leaveTs: action.ts, leaveReason });
    }
  },
  modify: (group, action) => {
    const [person] = action.people;
    const before = createWid(action.before);
    const held = group.participants.get(before);
    if (!held) return;
    const { isAdmin, isSuperAdmin } = held;
    group.participants.remove(before);
    group.participants.set({ id: createWid(person.jid), isAdmin, isSuperAdmin });
  },
  promote: (group, action) => setAdmins(group, action.people, true),
  demote: (group, action) => setAdmins(group, action.people, false),
  subject: (group, action) => group.set({ subject: action.subject, subjectTime: action.ts, subjectOwner: action.author }),
  desc: (group, action) =>
    group.set({
      desc: action.description || undefined, descId: action.id ?? undefined, descTime: action.ts, descOwner: action.author,
    }),
  picture: (group, action) => group.set({ picture: action.picture ?? undefined }),
  announce: (group, action) => group.set({ announce: action.value }),
  restrict: (group, action) => group.set({ restrict: action.value }),
  member_add_mode: (group, action) =>
    group.set({ memberAddMode: action.value === "all" ? "all_member_add" : "admin_add" }),
  membership_approval_mode: (group, action) => {
    group.set({ membershipApprovalMode: action.value });
    if (!action.value) replace(group.membershipApprovalRequests, []);
  },
  ephemeral: (group, action) => group.set({ ephemeralDuration: action.value }),
  revoke_invite: (group) => group.set({ inviteCode: undefined }),
  membership_approval_request: (group, action) => {
    for (const person of action.people) {
      group.membershipApprovalRequests.set(
        requestOf({ ...person, by: action.by ?? person.jid, method: action.method, ts: action.ts }),
      );
    }
  },
  membership_request_approve: dropRequests,
  membership_request_reject: dropRequests,
};

/**
 * @param {any} group
 * @param {any} action
 */
function dropRequests(group, action) {
  for (const person of action.people) group.membershipApprovalRequests.remove(createWid(person.jid));
}

/**
 * @param {any} group
 * @param {any[]} people
 * @param {boolean} isAdmin
 */
function setAdmins(group, people, isAdmin) {
  for (const person of people) group.participants.get(createWid(person.jid))?.set({ isAdmin });
}

/** What is under way with each group. @type {Map<string, Promise<void>>} */
const underWay = new Map();

/**
 * Takes the news of a group one after another: what is stored first isn't what happened first.
 *
 * @param {Frame} frame
 * @returns {Promise<void>} when it is stored
 */
function receiveGroup(frame) {
  const before = underWay.get(frame.group) ?? Promise.resolve();
  const done = before.catch(() => undefined).then(() => receive(frame));
  underWay.set(frame.group, done);
  const forget = () => {
    if (underWay.get(frame.group) === done) underWay.delete(frame.group);
  };
  done.then(forget, forget);
  return done;
}

/**
 * @param {Frame} frame
 * @returns {Promise<void>} when it is stored
 */
async function receive(frame) {
  const { action, msg: notice, state } = frame;
  const id = createWid(frame.group);
  learnPeople(action.people);
  if (notice) learnPeople([notice.author]);
  const held = groupMetadata.get(id);
  if (state) await take(state);
  else if (held && frame.version > (held.version ?? 0)) await follow(held, frame);
  const author = notice ? createWid(notice.author.jid) : undefined;
  if (notice) await tellLibraries(frame, author);
  if (notice) await receiveNotice(notice);
  await storage.stored();
}

/**
 * Applies a change; where one before it is missing, the group is asked for anew.
 *
 * @param {any} group
 * @param {Frame} frame
 */
async function follow(group, frame) {
  const { action, msg: notice } = frame;
  const author = notice ? createWid(notice.author.jid) : undefined;
  const told = { ts: notice?.ts ?? Math.floor(Date.now() / 1000), ...action, author };
  CHANGES[action.type]?.(group, told);
  const gap = frame.version !== group.version + 1;
  group.set({ version: frame.version });
  settle(group);
  await keepGroup(group);
  if (!gap || !group.participants.iAmMember()) return;
  group.set({ stale: true });
  await groupMetadata.update(group.id);
}

/**
 * Through the namespace: wa-js listens there.
 *
 * @param {Frame} frame
 * @param {any} author
 */
async function tellLibraries({ action, msg, group, version }, author) {
  const actionType = ACTION_TYPES[action.type] ?? action.type;
  const change = {
    actionType,
    isInvite: action.reason === "invite",
    isLidAddressingMode: groupMetadata.get(createWid(group))?.isLidAddressingMode,
    participants: action.people.map((/** @type {any} */ person) => participantOf({ role: "member", ...person })),
    reason: action.reason,
    value: action.value,
    prevVersion: version - 1,
    version,
  };
  const meta = {
    actions: [change], author, chatId: createWid(group), externalId: msg.id, offline: null, pushname: msg.push_name, ts: msg.ts,
  };
  await importNamespace("WAWebUpdateDbForGroupActionApi").updateDBForGroupAction(meta, change);
}

/**
 * Stores what a change has made of a group.
 *
 * @param {any} meta
 */
export async function updateDBForGroupAction(meta) {
  const group = groupMetadata.get(meta.chatId);
  if (group) await keepGroup(group);
}

/**
 * The groups of the history after linking. Of one that this account isn't in any more there is no more than its name.
 *
 * @param {any} summary a chat of the history
 */
export async function takeFromHistory(summary) {
  const { group } = summary;
  if (!group) return;
  if (group.participants) {
    await take(group);
    return;
  }
  await take({ ...group, participants: [], past: [], requests: [] });
  chatFor(createWid(group.id)).set({ isReadOnly: true });
}

/** Groups founded or joined by this page itself, whose news may come before or after the answer. @param {any} wire */
export async function adopt(wire) {
  const held = groupMetadata.get(createWid(wire.id));
  return held && held.version >= wire.version && held.participants.some((/** @type {any} */ each) => isMe(each.id))
    ? held
    : take(wire);
}

export function listenToGroups() {
  session.handle("group", receiveGroup);
}
