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
    addToGroup: async ({ of, people }) => (await group(of)).addParticipants(people, { sleep: 0, autoSendInviteV4: false }),
    changeInGroup: async ({ of, action, people }) => (await group(of))[`${action}Participants`](people),
    setGroup: async ({ of, what, value }) => (await group(of))[what](value),
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
    decideRequests: async ({ of, action, people }) =>
      (await group(of))[`${action}GroupMembershipRequests`]({ requesterIds: people, sleep: 0 }),
    readers: async ({ key }) => {
      const info = await (await client.getMessageById(key)).getInfo();
      return { delivered: info.delivery.map(({ id }) => id._serialized), remaining: info.deliveryRemaining };
    },
  };
}
