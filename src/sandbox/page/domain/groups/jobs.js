import { createWid } from "../../core/wid.js";
import { ServerStatusCodeError } from "../../errors.js";
import { ask } from "./ask.js";
import { attributesOfGroup, groupMetadata, take } from "./model.js";
import { adopt } from "./news.js";

/** What this page does to groups: founding, people, what a group shows of itself, settings, leaving. */

/** The groups' names for their settings, by the names under which the libraries set them. @type {Record<string, [string, (value: any) => any]>} */
const SETTINGS = {
  announcement: ["announce", Boolean],
  restrict: ["restrict", Boolean],
  ephemeral: ["ephemeral_s", Number],
  member_add_mode: ["member_add", (value) => (value ? "all" : "admin")],
  membership_approval_mode: ["approval", Boolean],
};

/** Refused by a job before anybody is asked, under the name by which wa-js finds the module. */
export class GroupAlreadyExistsError extends Error {}

/**
 * A participant as the libraries give one: an address, or both forms of it.
 *
 * @param {any} participant
 * @returns {string}
 */
const jidOf = (participant) => String(participant.phoneNumber ?? participant.lid ?? participant.id ?? participant);

/**
 * Founds a group. The permissions are those of everybody: `announce` and `restrict` false mean that only admins write, and
 * change what the group shows (the page's job turns them round; see wwebjs/whatsapp-web.js#201767).
 *
 * @param {any} options
 * @param {any[]} participants
 */
export async function createGroup(options, participants) {
  if (options.parentGroupId) throw new Error("the sandbox has no communities");
  const answer = await ask("group_create", {
    subject: options.title,
    participants: participants.map(jidOf),
    settings: {
      announce: options.announce === false,
      restrict: options.restrict === false,
      member_add: options.memberAddMode ? "all" : "admin",
      approval: Boolean(options.membershipApprovalMode),
      ephemeral_s: options.ephemeralDuration ?? 0,
    },
    ...(options.addressingModeOverride === "pn" ? { addressing: "phone" } : {}),
  });
  const group = await adopt(answer.group);
  return {
    wid: group.id,
    subject: group.subject,
    creation: group.creation,
    participants: [
      ...answer.group.participants
        .filter((/** @type {any} */ each) => each.role === "superadmin")
        .map((/** @type {any} */ each) => ({ wid: createWid(each.jid), type: "superadmin", error: null })),
      ...answer.participants.map((/** @type {any} */ each) => ({
        wid: createWid(each.pn ?? each.jid),
        error: each.code === 200 ? null : String(each.code),
        invite_code: each.invite_code ?? null,
        invite_code_exp: each.invite_ts === undefined ? null : String(each.invite_ts),
      })),
    ],
  };
}

/**
 * @param {any} group
 * @param {"add" | "remove" | "promote" | "demote"} action
 * @param {any[]} participants
 */
async function changePeople(group, action, participants) {
  const answer = await ask("group_participants", {
    group: String(group), action, participants: participants.map(jidOf),
  });
  return {
    status: 207,
    participants: answer.participants.map((/** @type {any} */ each) => ({
      userWid: createWid(each.pn ?? each.jid),
      code: String(each.code),
      invite_code: each.invite_code ?? null,
      invite_code_exp: each.invite_ts === undefined ? null : String(each.invite_ts),
    })),
  };
}

/** @param {any} group @param {any[]} people */
export const addGroupParticipants = (group, people) => changePeople(group, "add", people);
/** @param {any} group @param {any[]} people */
export const removeGroupParticipants = (group, people) => changePeople(group, "remove", people);
/** @param {any} group @param {any[]} people */
export const promoteGroupParticipants = (group, people) => changePeople(group, "promote", people);
/** @param {any} group @param {any[]} people */
export const demoteGroupParticipants = (group, people) => changePeople(group, "demote", people);

/**
 * As the page's own dialogues do it: with the chat, and an error when nobody could be served.
 *
 * @param {"add" | "remove" | "promote" | "demote"} action
 * @returns {(chat: any, participants: any[]) => Promise<void>}
 */
export const participantsAction = (action) => async (chat, participants) => {
  const { participants: results } = await changePeople(chat.id, action, participants);
  const failed = results.filter((/** @type {any} */ each) => each.code !== "200");
  if (failed.length && failed.length === results.length) throw new ServerStatusCodeError(Number(failed[0].code));
};

/**
 * @param {any} group
 * @param {string} subject
 */
export async function setGroupSubject(group, subject) {
  await ask("group_subject", { group: String(group), subject });
}

/**
 * @param {any} group
 * @param {string} description
 * @param {string} id
 * @param {string} [previous]
 */
export async function setGroupDescription(group, description, id, previous) {
  await ask("group_description", { group: String(group), description, id, previous: previous ?? null });
}

/**
 * @param {any} group
 * @param {string} name
 * @param {any} value
 */
export async function setGroupProperty(group, name, value) {
  const setting = SETTINGS[name];
  if (!setting) throw new Error(`the sandbox knows no group property "${name}"`);
  await ask("group_setting", { group: String(group), name: setting[0], value: setting[1](value) });
}

/** @param {any} chat */
export async function sendExitGroup(chat) {
  await ask("group_leave", { group: chat.id.toString() });
}

// --- questions

/** Every group that this account is in, asked anew. */
export async function queryAllGroups() {
  const { groups } = await ask("groups");
  return Promise.all(
    groups.map(async (/** @type {any} */ wire) => {
      const group = await take(wire);
      return { ...attributesOfGroup(wire), participants: group.participants.map((/** @type {any} */ each) => each.id) };
    }),
  );
}

/** @param {{id: any}} request */
export const queryAndUpdateGroupMetadataById = ({ id }) => groupMetadata.update(id);

/** @param {any} group @returns {Promise<string>} */
export async function inviteCode(group) {
  const { code } = await ask("group_invite_code", { group: String(group) });
  groupMetadata.get(createWid(String(group)))?.set({ inviteCode: code });
  return code;
}

/** @param {any} group @returns {Promise<{code: string}>} */
export async function resetGroupInviteCode(group) {
  const { code } = await ask("group_invite_reset", { group: String(group) });
  groupMetadata.get(createWid(String(group)))?.set({ inviteCode: code });
  return { code };
}

/** @param {string} code */
export async function groupOfInvite(code) {
  const { group } = await ask("group_invite_info", { code });
  return {
    ...attributesOfGroup(group),
    status: 200,
    parent: false,
    support: false,
    suspended: false,
    noFrequentlyForwarded: false,
    participants: group.participants.map((/** @type {any} */ each) => ({
      id: createWid(each.jid), isAdmin: true, isSuperAdmin: each.role === "superadmin",
    })),
  };
}

/** What the page throws when joining doesn't come out as its caller said it would; wa-js knows it by its name. */
class UnexpectedJoinGroupViaInviteResponse extends Error {
  /**
   * @param {any} gid
   * @param {boolean} membershipApprovalMode
   */
  constructor(gid, membershipApprovalMode) {
    super("the group asks for an admin's approval now, or doesn't any more");
    this.name = "UnexpectedJoinGroupViaInviteResponse";
    this.gid = gid;
    this.membershipApprovalMode = membershipApprovalMode;
  }
}

/**
 * @param {string} code
 * @param {boolean} [expectsApproval]
 */
export async function joinGroupViaInvite(code, expectsApproval) {
  const { group, pending } = await ask("group_join", { code });
  const gid = createWid(group);
  if (!pending) await groupMetadata.update(gid);
  if (expectsApproval !== undefined && pending !== expectsApproval) {
    throw new UnexpectedJoinGroupViaInviteResponse(gid, pending);
  }
  return { gid };
}

/**
 * @param {string} code
 * @param {string} _expiration
 * @param {any} group
 * @param {any} from
 */
export async function joinGroupViaInviteV4(code, _expiration, group, from) {
  const answer = await ask("group_join_private", { group: String(group), code, from: String(from) });
  const gid = createWid(answer.group);
  await groupMetadata.update(gid);
  return { gid, status: 200 };
}

// --- requests

/** @param {any} group */
export async function getMembershipApprovalRequests(group) {
  const { requests } = await ask("group_requests", { group: String(group) });
  return requests.map((/** @type {any} */ each) => ({
    id: createWid(each.jid), addedBy: createWid(each.by), parentGroupId: null, requestMethod: each.method, t: each.ts,
  }));
}

/**
 * @param {any} group
 * @param {any[]} people
 * @param {string} type `Approve` or `Reject`
 */
export async function membershipApprovalRequestAction(group, people, type) {
  const decision = type === "Approve" ? "approve" : "reject";
  const participants = people.map(String);
  const answer = await ask("group_requests_decide", { group: String(group), decision, participants });
  return answer.participants.map((/** @type {any} */ each) => ({
    wid: createWid(each.jid), error: each.code === 200 ? undefined : each.code,
  }));
}
