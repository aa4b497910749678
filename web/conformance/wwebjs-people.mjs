/** What whatsapp-web.js does with chats, people and calls, as commands of `wwebjs-client.mjs`. */

/** @typedef {(request: any) => any} Command */

/**
 * @param {any} client
 * @returns {Record<string, Command>}
 */
export function peopleCommands(client) {
  /** Calls as objects, by id: they are rejected by a method of their own. @type {Map<string, any>} */
  const calls = new Map();
  client.on("call", (/** @type {any} */ call) => calls.set(call.id, call));
  /** @param {string} id */
  const chat = (id) => client.getChatById(id);
  /** @param {string} id */
  const contact = (id) => client.getContactById(id);
  return {
    chatState: async ({ chat: id }) => {
      const { archived, pinned, isMuted, muteExpiration, unreadCount } = await chat(id);
      return { archived, pinned, isMuted, muteExpiration, unread: unreadCount };
    },
    archive: async ({ chat: id }) => (await chat(id)).archive(),
    unarchive: async ({ chat: id }) => (await chat(id)).unarchive(),
    pin: async ({ chat: id }) => (await chat(id)).pin(),
    unpin: async ({ chat: id }) => (await chat(id)).unpin(),
    mute: async ({ chat: id, until }) => (await chat(id)).mute(until ? new Date(until * 1000) : undefined),
    unmute: async ({ chat: id }) => (await chat(id)).unmute(),
    markUnread: async ({ chat: id }) => (await chat(id)).markUnread(),
    clearMessages: async ({ chat: id }) => (await chat(id)).clearMessages(),
    deleteChat: async ({ chat: id }) => (await chat(id)).delete(),
    syncHistory: ({ chat: id }) => client.syncHistory(id),
    recording: async ({ chat: id }) => (await chat(id)).sendStateRecording(),
    clearState: async ({ chat: id }) => (await chat(id)).clearState(),
    online: () => client.sendPresenceAvailable(),
    offline: () => client.sendPresenceUnavailable(),
    person: async ({ of }) => {
      const { id, name, shortName, pushname, isBlocked, isMyContact, isBusiness, number } = await contact(of);
      return { id: id._serialized ?? id, name, shortName, pushname, isBlocked, isMyContact, isBusiness, number };
    },
    isRegistered: ({ of }) => client.isRegisteredUser(of),
    chatWith: async ({ of }) => (await (await contact(of)).getChat()).id._serialized,
    personIn: async ({ chat: id }) => (await (await chat(id)).getContact()).pushname,
    sendIn: async ({ chat: id, text }) => (await (await chat(id)).sendMessage(text)).id._serialized,
    about: async ({ of }) => (await contact(of)).getAbout(),
    picture: async ({ of }) => (await contact(of)).getProfilePicUrl(),
    commonGroups: async ({ of }) =>
      (await (await contact(of)).getCommonGroups()).map((/** @type {any} */ id) => id._serialized),
    block: async ({ of }) => (await contact(of)).block(),
    unblock: async ({ of }) => (await contact(of)).unblock(),
    blocked: async () => (await client.getBlockedContacts()).map((/** @type {any} */ each) => each.id._serialized),
    saveContact: ({ phone, first, last }) => client.saveOrEditAddressbookContact(phone, first, last, true),
    deleteContact: ({ phone }) => client.deleteAddressbookContact(phone),
    contacts: async () => (await client.getContacts()).map((/** @type {any} */ each) => each.id._serialized ?? each.id),
    rejectCall: ({ call }) => calls.get(call).reject(),
  };
}
