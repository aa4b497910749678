/** What an unmodified whatsapp-web.js client does with messages and tells of them: contents beside text, and what is done to them. */
import whatsapp from "whatsapp-web.js";

const { Buttons, List, Location, Poll, ScheduledEvent } = whatsapp;

/**
 * @param {any} client
 * @param {(message: any) => any} brief
 * @param {(line: Record<string, any>) => any} write
 */
export function tellOfMessages(client, brief, write) {
  client.on("message_reaction", ({ msgId, senderId, reaction }) =>
    write({ event: "message_reaction", of: msgId._serialized, by: senderId, emoji: reaction }),
  );
  client.on("message_edit", (message, now, before) =>
    write({ event: "message_edit", id: message.id._serialized, now, before }),
  );
  client.on("message_revoke_everyone", (message) =>
    write({ event: "message_revoke_everyone", message: brief(message), of: message.protocolMessageKey?._serialized }),
  );
  client.on("message_revoke_me", (message) => write({ event: "message_revoke_me", id: message.id._serialized }));
  client.on("vote_update", ({ voter, selectedOptions, parentMessage }) =>
    write({
      event: "vote_update",
      by: voter._serialized ?? voter,
      options: selectedOptions.map(({ name }) => name),
      of: parentMessage.id._serialized,
    }),
  );
}

/**
 * @param {any} client
 * @param {(message: any) => any} brief
 * @returns {Record<string, (request: any) => any>}
 */
export function messageCommands(client, brief) {
  /** @param {{of: string}} request the id of a message */
  const held = ({ of }) => client.getMessageById(of);
  /**
   * @param {{to: string, options?: any}} request
   * @param {any} content
   */
  const post = async ({ to, options }, content) =>
    brief(await client.sendMessage(to, content, { waitUntilMsgSent: true, ...options }));
  return {
    location: (request) => post(request, new Location(request.latitude, request.longitude, request.place)),
    poll: (request) => post(request, new Poll(request.question, request.answers, { allowMultipleAnswers: request.multiple })),
    event: (request) => post(request, new ScheduledEvent(request.name, new Date(request.start), { callType: "none", ...request.more })),
    respond: (request) => client.sendResponseToScheduledEvent(request.response, request.of),
    editEvent: async (request) => {
      const { end, ...more } = request.more;
      const times = end ? { endTime: new Date(end) } : {};
      const event = new ScheduledEvent(request.name, new Date(request.start), { ...more, ...times });
      const edited = await (await held(request)).editScheduledEvent(event);
      return edited && brief(edited);
    },
    callLink: ({ start, type }) => client.createCallLink(new Date(start), type),
    list: (request) => post(request, new List(request.body, request.button, request.sections, request.title)),
    buttons: (request) => post(request, new Buttons(request.body, request.buttons, request.title)),
    cards: async (request) => {
      const people = await Promise.all(request.people.map((id) => client.getContactById(id)));
      return post(request, people.length === 1 ? people[0] : people);
    },
    react: async (request) => (await held(request)).react(request.emoji),
    reactions: async (request) =>
      ((await (await held(request)).getReactions()) ?? []).map((group) => ({
        emoji: group.id,
        mine: group.hasReactionByMe,
        by: group.senders.map(({ senderId }) => senderId),
      })),
    reload: async (request) => brief(await (await held(request)).reload()),
    mentions: async (request) => (await (await held(request)).getMentions()).map(({ id }) => id._serialized ?? id),
    groupMentions: async (request) => (await (await held(request)).getGroupMentions()).map(({ name }) => name),
    writer: async (request) => (await (await held(request)).getContact()).pushname,
    chatOf: async (request) => (await (await held(request)).getChat()).id._serialized,
    found: async ({ query, chat }) => (await client.searchMessages(query, { chatId: chat })).map(brief),
    acceptInviteIn: async (request) => (await (await held(request)).acceptGroupV4Invite()).status,
    edit: async (request) => brief(await (await held(request)).edit(request.text)),
    delete: async (request) => (await held(request)).delete(request.everyone),
    star: async (request) => (await held(request)).star(),
    unstar: async (request) => (await held(request)).unstar(),
    pinMessage: async (request) => (await held(request)).pin(request.seconds),
    unpinMessage: async (request) => (await held(request)).unpin(),
    pinned: async ({ chat }) => (await client.getPinnedMessages(chat)).map(brief),
    forward: async (request) => (await held(request)).forward(request.to),
    vote: async (request) => (await held(request)).vote(request.options),
    votes: async (request) =>
      (await (await held(request)).getPollVotes()).map(({ voter, selectedOptions }) => ({
        by: voter._serialized ?? voter,
        options: selectedOptions.map(({ name }) => name),
      })),
  };
}
