/**
 * An unmodified whatsapp-web.js client as a process of its own: one JSON object per line, commands in, answers and events
 * out. Its only argument is the configuration, a JSON object:
 *
 * - `executablePath`: the browser; `dataPath`: the folder for LocalAuth's profile
 * - `httpsPort`: where the sandbox serves HTTPS on loopback; the live host name is mapped there, so that nothing can
 *   leave this machine
 * - `pairWithPhoneNumber`: optional, link by code; `settings`: optional, the page's settings
 *
 * In: `{"id", "command", ...arguments}`. Out: `{"id", "result"}` or `{"id", "error"}`, and `{"event", ...}`.
 */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import whatsapp from "whatsapp-web.js";
import { groupCommands } from "./wwebjs-groups.mjs";
import { messageCommands, tellOfMessages } from "./wwebjs-messages.mjs";
import { peopleCommands } from "./wwebjs-people.mjs";

const { Client, LocalAuth, MessageMedia } = whatsapp;
const config = JSON.parse(process.argv[2] ?? "{}");

/** @param {Record<string, any>} line */
const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** @param {any} message */
const brief = (message) =>
  message && {
    id: message.id._serialized,
    body: message.body,
    type: message.type,
    from: message.from,
    to: message.to,
    fromMe: message.fromMe,
    ack: message.ack,
    timestamp: message.timestamp,
    hasMedia: message.hasMedia,
    duration: message.duration,
    isGif: message.isGif,
    author: message.author,
    isStarred: message.isStarred,
    inviteV4: message.inviteV4,
    hasQuotedMsg: message.hasQuotedMsg,
    mentionedIds: message.mentionedIds,
    data: message._data,
  };

const client = new Client({
  authStrategy: new LocalAuth({ dataPath: config.dataPath }),
  webVersionCache: { type: "none" },
  ...(config.pairWithPhoneNumber ? { pairWithPhoneNumber: { phoneNumber: config.pairWithPhoneNumber } } : {}),
  ...(config.settings
    ? { evalOnNewDoc: new Function(`window.sandboxSettings = ${JSON.stringify(config.settings)};`) }
    : {}),
  puppeteer: {
    executablePath: config.executablePath,
    headless: true,
    args: [
      `--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:${config.httpsPort}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
      "--ignore-certificate-errors",
      "--disable-dev-shm-usage",
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  },
});

client.on("qr", (qr) => write({ event: "qr", qr }));
client.on("code", (code) => write({ event: "code", code }));
client.on("authenticated", () => write({ event: "authenticated" }));
client.on("ready", () => write({ event: "ready", wid: client.info.wid, pushname: client.info.pushname }));
client.on("change_state", (state) => write({ event: "change_state", state }));
client.on("disconnected", (reason) => write({ event: "disconnected", reason }));
client.on("message", (message) => write({ event: "message", message: brief(message) }));
client.on("message_create", (message) => write({ event: "message_create", message: brief(message) }));
client.on("media_uploaded", (message) => write({ event: "media_uploaded", id: message.id._serialized }));
client.on("message_ack", (message, ack) => write({ event: "message_ack", id: message.id._serialized, ack }));

tellOfMessages(client, brief, write);
client.on("chat_archived", (chat, now) => write({ event: "chat_archived", chat: chat.id._serialized, now }));
client.on("unread_count", (chat) => write({ event: "unread_count", chat: chat.id._serialized, unread: chat.unreadCount }));
client.on("chat_removed", (chat) => write({ event: "chat_removed", chat: chat.id._serialized }));
client.on("contact_changed", (message, before, now, isContact) => {
  write({ event: "contact_changed", chat: message.id.remote, before, now, isContact });
});
client.on("call", ({ id, from, isVideo, isGroup, fromMe }) => {
  write({ event: "call", id, from, isVideo, isGroup, fromMe });
});
for (const name of ["group_join", "group_leave", "group_admin_changed", "group_update", "group_membership_request"]) {
  client.on(name, ({ chatId, author, recipientIds, type, body }) => {
    write({ event: name, chat: chatId, author, recipients: recipientIds, type, body });
  });
}

/** @type {Record<string, (request: any) => any>} */
const ownCommands = {
  start: () => client.initialize(),
  send: async ({ to, text, options }) => brief(await client.sendMessage(to, text, options)),
  sendMedia: async ({ to, mimetype, data, filename, options }) =>
    brief(await client.sendMessage(to, new MessageMedia(mimetype, data, filename), options)),
  sendWithMedia: async ({ to, text, media, options }) =>
    brief(await client.sendMessage(to, text, { ...options, media: new MessageMedia(media.mimetype, media.data) })),
  download: async ({ key }) => {
    const media = await (await client.getMessageById(key)).downloadMedia();
    if (!media) return null;
    const sha256 = createHash("sha256").update(Buffer.from(media.data, "base64")).digest("hex");
    return { sha256, mimetype: media.mimetype, filename: media.filename, filesize: media.filesize };
  },
  reply: async ({ id, text }) => brief(await (await client.getMessageById(id)).reply(text)),
  message: async ({ key }) => brief(await client.getMessageById(key)),
  quoted: async ({ key }) => brief(await (await client.getMessageById(key)).getQuotedMessage()),
  seen: ({ chat }) => client.sendSeen(chat),
  typing: async ({ chat }) => (await client.getChatById(chat)).sendStateTyping(),
  numberId: ({ number }) => client.getNumberId(number),
  lidAndPhone: ({ ids }) => client.getContactLidAndPhone(ids),
  contact: async ({ of }) => {
    const { id, pushname, isMe, number } = await client.getContactById(of);
    return { id: id._serialized, pushname, isMe, number };
  },
  chats: async () => {
    const chats = await client.getChats();
    return chats.map((chat) => ({ id: chat.id._serialized, name: chat.name, unread: chat.unreadCount }));
  },
  history: async ({ chat, limit }) => (await (await client.getChatById(chat)).fetchMessages({ limit })).map(brief),
  state: () => client.getState(),
  logout: () => client.logout(),
  destroy: () => client.destroy(),
};

/** @type {Map<string, (request: any) => any>} */
const commands = new Map();
const topics = [ownCommands, peopleCommands(client), groupCommands(client), messageCommands(client, brief)];
for (const [name, run] of topics.flatMap((topic) => Object.entries(topic))) {
  // Two topics that give one name to two things would answer each other's questions.
  if (commands.has(name)) throw new Error(`two commands "${name}"`);
  commands.set(name, run);
}

/** @param {{id: number, command: string}} request */
async function answer(request) {
  const { id, command } = request;
  try {
    const run = commands.get(command);
    if (!run) throw new Error(`no command "${command}"`);
    write({ id, result: (await run({ ...request, id: /** @type {any} */ (request).message })) ?? null });
  } catch (error) {
    write({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

process.on("unhandledRejection", (reason) => {
  write({ event: "unhandled", error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) });
});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(JSON.parse(line)));
// The parent's end of the pipe is this process's life: a browser must not outlive it.
lines.on("close", async () => {
  await client.destroy().catch(() => undefined);
  process.exit(0);
});
