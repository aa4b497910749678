// The phones in a browser. Everything shown comes from the control API as text nodes; nothing is parsed as HTML.

const NOTICE_MS = 6000;
const REFRESH_MS = 60;
const RECONNECT_MS = 2000;
const TICKS = ["", "✓", "✓✓", "✓✓ read", "✓✓ played"];
const READ = 3;

/** @type {{phone: string | null, chat: string | null}} */
const selected = { phone: null, chat: null };
/** @type {Map<string, any>} */
let accounts = new Map();

/**
 * @param {string} id
 * @returns {any}
 */
const byId = (id) => document.getElementById(id);

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
async function call(method, path, body) {
  const options = body ? { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : { method };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

/** @param {string} rest */
const ofPhone = (rest) => `/accounts/${selected.phone}${rest}`;

/**
 * @param {string} tag
 * @param {object} properties
 * @param {...(Node | string)} children
 */
function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

let noticeTimer = 0;

/** @param {unknown} error */
function notify(error) {
  byId("notice").textContent = error instanceof Error ? error.message : String(error);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => byId("notice").replaceChildren(), NOTICE_MS);
}

/**
 * @param {string} id
 * @param {(fields: Record<string, string>, form: HTMLFormElement) => Promise<void>} action
 */
function onSubmit(id, action) {
  const form = byId(id);
  form.addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const fields = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(form)));
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await action(fields, form);
      await refresh();
    } catch (error) {
      notify(error);
    } finally {
      button.disabled = false;
    }
  });
}

/**
 * @param {boolean} current
 * @param {() => void} choose
 * @param {...(Node | string)} content
 */
function row(current, choose, ...content) {
  const button = element("button", { type: "button", className: "row", onclick: choose }, ...content);
  button.setAttribute("aria-current", String(current));
  return element("li", {}, button);
}

/** @param {string} phone */
function select(phone) {
  selected.phone = phone;
  selected.chat = null;
  const { online, deliver_after_ms, read_after_ms } = accounts.get(phone);
  const fields = byId("settings").elements;
  fields.online.checked = online;
  fields.deliver_after_ms.value = deliver_after_ms;
  fields.read_after_ms.value = read_after_ms ?? "";
  refresh().catch(notify);
}

/** @param {string} chat */
function openChat(chat) {
  selected.chat = chat;
  byId("messages").replaceChildren();
  refresh().catch(notify);
}

function showAccounts() {
  const rows = [...accounts.values()].map((account) => {
    const state = `${account.phone}${account.online ? "" : ", offline"}`;
    return row(account.phone === selected.phone, () => select(account.phone), account.name, element("small", {}, state));
  });
  byId("accounts").replaceChildren(...rows);
}

/** @param {any[]} devices */
function showDevices(devices) {
  const rows = devices.map(({ device, connected, queued }) => {
    const state = connected ? "connected" : `away, ${queued} waiting`;
    const unlink = () => call("DELETE", ofPhone(`/devices/${device}`)).then(refresh).catch(notify);
    const button = element("button", { type: "button", onclick: unlink }, "Unlink");
    return element("li", {}, element("span", {}, `Device ${device}`, element("small", {}, state)), button);
  });
  byId("devices").replaceChildren(...(rows.length ? rows : [element("li", {}, "none")]));
}

/** @param {any[]} chats */
function showChats(chats) {
  const rows = chats.map(({ chat, name, unread }) => {
    const badge = unread ? [element("span", { className: "unread" }, String(unread))] : [];
    return row(chat === selected.chat, () => openChat(chat), ...badge, name, element("small", {}, chat));
  });
  byId("chat-list").replaceChildren(...rows);
}

/** @param {any} message */
function bubble(message) {
  const quoted = message.content.quoted?.content?.body;
  const quote = typeof quoted === "string" ? [element("blockquote", {}, quoted)] : [];
  const text = typeof message.body === "string" && message.type === "chat" ? message.body : `[${message.type}]`;
  const time = new Date(message.ts * 1000).toLocaleTimeString();
  const ticks = message.from_me ? ` ${TICKS[message.ack]}` : "";
  const footer = element("footer", { className: message.from_me && message.ack >= READ ? "seen" : "" }, time + ticks);
  return element("li", { className: message.from_me ? "mine" : "" }, ...quote, text, footer);
}

/** @param {any[]} messages */
function showMessages(messages) {
  const list = byId("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.replaceChildren(...messages.map(bubble));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

let running = false;
let wanted = false;

/** Shows what is. While one run is under way, any number of calls cause one more. */
async function refresh() {
  wanted = true;
  if (running) return;
  running = true;
  try {
    while (wanted) {
      wanted = false;
      await load();
    }
  } finally {
    running = false;
  }
}

async function load() {
  const { phone, chat } = selected;
  const list = (await call("GET", "/accounts")).accounts;
  accounts = new Map(list.map((/** @type {any} */ account) => [account.phone, account]));
  showAccounts();
  byId("main").hidden = phone === null;
  byId("chat").hidden = chat === null;
  if (phone === null) return;
  const account = accounts.get(phone);
  byId("title").textContent = account.name;
  byId("addresses").textContent = `${account.jid} · ${account.lid} · ${account.online ? "online" : "offline"}`;
  const [devices, chats, messages] = await Promise.all([
    call("GET", `/accounts/${phone}/devices`),
    call("GET", `/accounts/${phone}/chats`),
    chat === null ? null : call("GET", `/accounts/${phone}/messages?chat=${encodeURIComponent(chat)}`),
  ]);
  if (phone !== selected.phone || chat !== selected.chat) return;
  showDevices(devices.devices);
  showChats(chats.chats);
  if (messages) {
    byId("chat-title").textContent = chat;
    showMessages(messages.messages);
  }
}

onSubmit("create", async (fields, form) => {
  const account = await call("POST", "/accounts", fields);
  form.reset();
  accounts.set(account.phone, account);
  select(account.phone);
});
onSubmit("scan", async ({ qr }, form) => {
  await call("POST", ofPhone("/scan"), { qr });
  form.reset();
});
onSubmit("code", async ({ code }, form) => {
  await call("POST", ofPhone("/pairing-code"), { code });
  form.reset();
});
onSubmit("settings", async ({ online, deliver_after_ms, read_after_ms }) => {
  await call("PATCH", ofPhone(""), {
    online: online !== undefined,
    deliver_after_ms: Number(deliver_after_ms),
    read_after_ms: read_after_ms === "" ? null : Number(read_after_ms),
  });
});
onSubmit("open", async ({ to }, form) => {
  const phone = to.replace(/\D/g, "");
  await call("GET", `/accounts/${phone}`);
  form.reset();
  selected.chat = `${phone}@c.us`;
});
onSubmit("write", async ({ text }, form) => {
  await call("POST", ofPhone("/send"), { to: selected.chat, text });
  form.reset();
});
byId("read").addEventListener("click", () => {
  call("POST", ofPhone("/read"), { chat: selected.chat }).then(refresh).catch(notify);
});

let refreshDue = false;

/** A burst of changes is one refresh, and steady traffic doesn't keep it off. */
function refreshSoon() {
  if (refreshDue) return;
  refreshDue = true;
  setTimeout(() => {
    refreshDue = false;
    refresh().catch(notify);
  }, REFRESH_MS);
}

function watch() {
  const events = new EventSource("/events");
  events.onopen = refreshSoon;
  events.onmessage = refreshSoon;
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(watch, RECONNECT_MS);
  };
}

watch();
