import { chats } from "./domain/chat.js";
import { conn, socket } from "./domain/conn.js";
import { importNamespace } from "./loader.js";

/** What a person sees: the text of the QR and the state before the login, the chats after it. */

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

async function qrText() {
  const noise = await importNamespace("WAWebUserPrefsInfoStore").waNoiseInfo.get();
  const registration = await importNamespace("WAWebSignalStoreApi").waSignalStore.getRegistrationInfo();
  const { encodeB64 } = importNamespace("WABase64");
  const secret = importNamespace("WAWebUserPrefsMultiDevice").getADVSecretKey();
  return [conn.ref, encodeB64(noise.staticKeyPair.pubKey), encodeB64(registration.identityKeyPair.pubKey), secret].join(",");
}

async function showState() {
  const linked = conn.connected;
  const { state } = socket;
  element("state").textContent = state;
  element("link").hidden = linked || !String(state).startsWith("UNPAIRED");
  element("reload").hidden = state !== "UNPAIRED_IDLE";
  element("side").hidden = !linked;
  if (!element("link").hidden) element("qr").textContent = state === "UNPAIRED" ? await qrText() : "The code has expired.";
}

let drawing = false;

/** Draws the chats at the next frame, however many messages come before it. */
function showChats() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const rows = chats.slice(0, 100).map((/** @type {any} */ chat) => {
      const row = document.createElement("li");
      const title = document.createElement("strong");
      title.textContent = chat.formattedTitle ?? "";
      const preview = document.createElement("span");
      const last = chat.msgs.last();
      // The body of a message with a file is a small picture.
      preview.textContent = (last?.mediaData ? (last.caption ?? `[${last.type}]`) : last?.body) ?? "";
      const unread = document.createElement("em");
      unread.textContent = chat.unreadCount > 0 ? String(chat.unreadCount) : "";
      row.append(title, preview, unread);
      return row;
    });
    element("chats").replaceChildren(...rows);
  });
}

export function startInterface() {
  const refresh = () => showState().catch(reportError);
  socket.on("change:state", refresh);
  conn.on("change:ref change:connected", refresh);
  chats.on("add remove change:t change:unreadCount", showChats);
  socket.on("change:hasSynced", showChats);
  element("reload").addEventListener("click", () => importNamespace("WAWebCmd").Cmd.refreshQR());
}
