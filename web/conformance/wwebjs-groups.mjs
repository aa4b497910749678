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
  return {
    createGroup: async ({ title, people, options }) => {
      const made = await client.createGroup(title, people, options);
      return typeof made === "string" ? made : { gid: made.gid._serialized, participants: made.participants };
    },
    group: async ({ of }) => {
      const { name, description, isReadOnly, participants, groupMetadata } = await group(of);
      return {
        name, description, isReadOnly,
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
      return { delivered: info.delivery.map(({ id }) => id._serialized), remaining: info.deliveryRemaining };
    },
  };
}
