import { define } from "../../loader.js";
import { notImplemented } from "../../stubs.js";
import * as jobs from "./jobs.js";
import { GroupMetadata, Participant, ParticipantCollection, groupMetadata } from "./model.js";
import { listenToGroups, updateDBForGroupAction } from "./news.js";
import * as receipts from "./receipts.js";
import { sendAddParticipantsRPC, sendMembershipRequestsActionRPC } from "./smax.js";

export { loadGroups } from "./model.js";

/** The groups' modules. The order matters where two export the same name: wa-js takes the first it meets. */
export function defineGroups() {
  listenToGroups();
  defineModels();
  defineJobs();
  define("WAWebUpdateDbForGroupActionApi", { updateDBForGroupAction });
  define("WAWebHandleGroupChatReceipt", { handleGroupSimpleReceipt: receipts.handleGroupSimpleReceipt });
  define("WAWebMsgInfoModel", {
    MsgInfo: receipts.MsgInfo,
    MsgInfoParticipant: receipts.MsgInfoParticipant,
    ParticipantCollection: receipts.MsgInfoParticipantCollection,
  });
  define("WAWebMsgInfoCollection", { MsgInfoCollection: new receipts.MsgInfoCollectionImpl() });
  define("WAWebApiMessageInfoStore", { queryMsgInfo: receipts.queryMsgInfo });
  define("WASmaxGroupsAddParticipantsRPC", { sendAddParticipantsRPC });
  define("WASmaxGroupsMembershipRequestsActionRPC", { sendMembershipRequestsActionRPC });
}

function defineModels() {
  define("WAWebGroupMetadataModel", { default: GroupMetadata });
  define("WAWebGroupMetadataCollection", { default: groupMetadata });
  define("WAWebGroupParticipantModel", { default: Participant });
  define("WAWebParticipantCollection", { default: ParticipantCollection });
}

function defineJobs() {
  define("WAWebGroupCreateJob", { createGroup: jobs.createGroup, GroupAlreadyExistsError: jobs.GroupAlreadyExistsError });
  define("WAWebGroupModifyParticipantsJob", {
    addGroupParticipants: jobs.addGroupParticipants,
    removeGroupParticipants: jobs.removeGroupParticipants,
    promoteGroupParticipants: jobs.promoteGroupParticipants,
    demoteGroupParticipants: jobs.demoteGroupParticipants,
  });
  define("WAWebModifyParticipantsGroupAction", {
    addParticipants: jobs.participantsAction("add"),
    removeParticipants: jobs.participantsAction("remove"),
    promoteParticipants: jobs.participantsAction("promote"),
    demoteParticipants: jobs.participantsAction("demote"),
    promoteCommunityParticipants: notImplemented("WAWebModifyParticipantsGroupAction.promoteCommunityParticipants"),
    demoteCommunityParticipants: notImplemented("WAWebModifyParticipantsGroupAction.demoteCommunityParticipants"),
  });
  define("WAWebGroupModifyInfoJob", {
    setGroupSubject: jobs.setGroupSubject,
    setGroupDescription: jobs.setGroupDescription,
    setGroupProperty: jobs.setGroupProperty,
  });
  define("WAWebSetPropertyGroupAction", {
    setGroupProperty: (/** @type {any} */ chat, /** @type {string} */ name, /** @type {any} */ value) =>
      jobs.setGroupProperty(chat.id, name, value),
  });
  define("WAWebExitGroupAction", { sendExitGroup: jobs.sendExitGroup });
  define("WAWebGroupInviteJob", {
    joinGroupViaInvite: jobs.joinGroupViaInvite,
    resetGroupInviteCode: jobs.resetGroupInviteCode,
  });
  define("WAWebGroupInviteV4Job", { joinGroupViaInviteV4: jobs.joinGroupViaInviteV4 });
  define("WAWebGroupQueryJob", {
    queryAllGroups: jobs.queryAllGroups,
    queryAndUpdateGroupMetadataById: jobs.queryAndUpdateGroupMetadataById,
    queryGroupInvite: jobs.groupOfInvite,
    resetGroupInviteCode: jobs.resetGroupInviteCode,
  });
  define("WAWebGroupQueryBridge", {
    sendQueryGroupInvite: async (/** @type {string} */ code) => ({ groupInfo: await jobs.groupOfInvite(code), status: 200 }),
  });
  define("WAWebMexFetchGroupInviteCodeJob", { fetchMexGroupInviteCode: jobs.inviteCode });
  define("WAWebGroupInviteAction", {
    queryGroupInviteCode: async (/** @type {any} */ group) => ({ code: await jobs.inviteCode(group) }),
  });
  define("WAWebApiMembershipApprovalRequestStore", { getMembershipApprovalRequests: jobs.getMembershipApprovalRequests });
  define("WAWebGroupMembershipRequestsActionJob", { membershipApprovalRequestAction: jobs.membershipApprovalRequestAction });
}
