/** What whatsapp-web.js does with groups, as commands of `wwebjs-client.mjs`. */
import whatsapp from "whatsapp-web.js";

const { MessageMedia } = whatsapp;
/**
 * @param {any} client
 * @returns {Record<string, (request: any) => any>}
 */
export function groupCommands(client) {
  /** @param {string} id */
  const group = (id) => client.getChatById(id);
  /** What was told of groups, the newest last. @type {any[]} */
  const notices = [];
  for (const name of ["group_join", "group_leave", "group_admin_changed", "group_update", "group_membership_request"]) {
    client.on(name, (/** @type {any} */ notice) => notices.push(notice));
  }
  /** @param {{of: string, type: string}} asked */
  const notice = ({ of, type }) => notices.findLast((each) => each.chatId === of && each.type === type);
  return {
    notice: async (asked) => {
      const told = notice(asked);
      return {
        chat: (await told.getChat()).name,
        by: (await told.getContact()).pushname,
        recipients: (await told.getRecipients()).map(({ pushname }) => pushname),
      };
    },
    replyToNotice: async (asked) => (await notice(asked).reply(asked.text)).id._serialized,
    createGroup: async ({ title, people, options }) => {
      const made = await client.createGroup(title, people, options);
      return typeof made === "string" ? made : { gid: made.gid._serialized, participants: made.participants };
    },
    group: async ({ of }) => {
      const { name, description, isReadOnly, participants, groupMetadata, owner, createdAt } = await group(of);
      return {
        name, description, isReadOnly, owner: owner?._serialized ?? owner, createdAt: createdAt.getTime(),
        announce: groupMetadata.announce, restrict: groupMetadata.restrict, memberAddMode: groupMetadata.memberAddMode,
        participants: participants.map(({ id, isAdmin }) => ({ id: id._serialized ?? id, isAdmin })),
      };
    },
    addToGroup: async ({ of, people, invite = false }) =>
      (await group(of)).addParticipants(people, { sleep: 0, autoSendInviteV4: invite }),
    removeFromGroup: async ({ of, people }) => (await group(of)).removeParticipants(people),
    promoteInGroup: async ({ of, people }) => (await group(of)).promoteParticipants(people),
    demoteInGroup: async ({ of, people }) => (await group(of)).demoteParticipants(people),
    setSubject: async ({ of, value }) => (await group(of)).setSubject(value),
    setDescription: async ({ of, value }) => (await group(of)).setDescription(value),
    setMessagesAdminsOnly: async ({ of, value }) => (await group(of)).setMessagesAdminsOnly(value),
    setInfoAdminsOnly: async ({ of, value }) => (await group(of)).setInfoAdminsOnly(value),
    setAddMembersAdminsOnly: async ({ of, value }) => (await group(of)).setAddMembersAdminsOnly(value),
    setGroupPicture: async ({ of, data }) => (await group(of)).setPicture(new MessageMedia("image/png", data, "p.png")),
    deleteGroupPicture: async ({ of }) => (await group(of)).deletePicture(),
    leaveGroup: async ({ of }) => (await group(of)).leave(),
    inviteCode: async ({ of }) => (await group(of)).getInviteCode(),
    revokeInvite: async ({ of }) => (await group(of)).revokeInvite(),
    inviteInfo: async ({ code }) => (await client.getInviteInfo(code)).subject,
    acceptInvite: ({ code }) => client.acceptInvite(code),
    acceptPrivateInvite: async ({ invite }) => (await client.acceptGroupV4Invite(invite)).status,
    groupRequests: async ({ of }) =>
      (await (await group(of)).getGroupMembershipRequests()).map(({ id, requestMethod }) => [id._serialized, requestMethod]),
    approveRequests: async ({ of, people }) =>
      (await group(of)).approveGroupMembershipRequests({ requesterIds: people, sleep: 0 }),
    rejectRequests: async ({ of, people }) =>
      (await group(of)).rejectGroupMembershipRequests({ requesterIds: people, sleep: 0 }),
    readers: async ({ key }) => {
      const info = await (await client.getMessageById(key)).getInfo();
      const of = (/** @type {any[]} */ people) => people.map(({ id }) => id._serialized);
      return { delivered: of(info.delivery), read: of(info.read), left: [info.deliveryRemaining, info.readRemaining] };
    },
  };
}
