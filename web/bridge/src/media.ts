/** Files: sent with the id that the driver chose, and fetched. */

import type { ChatModel, MsgModel } from "./page";
import { Budget } from "./budget";
import { describe } from "./channel";
import { findMessage } from "./find";
import { BridgeError, type WireMessage } from "./protocol";
import { FORWARDED, judge, report, sendOnce, type Addressed, type Target } from "./send";

type Kind = "image" | "video" | "audio" | "document" | "sticker";

interface OutgoingMedia extends Addressed {
  /** What `fileInput` was called with. */
  readonly file: string;
  readonly kind: Kind;
  readonly mimetype: string;
  readonly filename?: string;
  readonly caption?: string;
  readonly viewOnce?: boolean;
  readonly gif?: boolean;
  readonly voice?: boolean;
  /** Seconds. */
  readonly duration?: number;
  readonly waveform?: readonly number[];
  readonly forwarded?: boolean;
}

const MAX_INPUTS = 256;
/** A picture keeps its size up to this many pixels a side: what WhatsApp Web sends as "HD". */
const MAX_PIXELS = 2560;
/** Pauses before an upload that failed is tried again. */
const UPLOAD_PAUSES_MS = [1_000, 4_000];
/** Bytes of the files that the page encrypts or decrypts at once. */
const AT_ONCE = new Budget(128 * 1024 * 1024);
/** How long a fetched file waits for whoever asked for it to read on. */
const IDLE_MS = 5 * 60_000;

// --- files from the driver

const inputs = new Map<string, HTMLInputElement>();

/** A file input, in no document, for the debugging protocol to put a file into: its bytes stay on the disk. */
export function fileInput(token: string): HTMLInputElement {
  const input = document.createElement("input");
  input.type = "file";
  inputs.set(token, input);
  const [oldest] = inputs.keys();
  if (inputs.size > MAX_INPUTS && oldest !== undefined) inputs.delete(oldest);
  return input;
}

function takeFile(token: string): File {
  const file = inputs.get(token)?.files?.[0];
  inputs.delete(token);
  // Of a document that was loaded before this one, say. Asked again, the driver gives it again.
  if (!file) throw new BridgeError("FILE_LOST", "the page has no such file");
  return file;
}

// --- sending

export function sendMedia(args: Readonly<Record<string, unknown>>): Promise<WireMessage> {
  const message = args as unknown as OutgoingMedia;
  const file = takeFile(message.file);
  return sendOnce(message, (target) => AT_ONCE.spend(file.size, () => deliver(message, file, target)));
}

/**
 * Does with wa-js's own parts what its `sendFileMessage` does. That one waits for the message to be added to its chat,
 * for ever when the chat has it already, as it has one whose upload failed; and it takes no waveform.
 */
async function deliver(message: OutgoingMedia, file: File, target: Target): Promise<WireMessage> {
  const { MediaGatingUtils, MsgStore, OpaqueData } = WPP.whatsapp;
  const limit = MediaGatingUtils.getUploadLimit(message.kind);
  if (file.size > limit) throw new BridgeError("MEDIA_TOO_LARGE", `${file.size} bytes of at most ${limit}`);
  // Of a file without bytes nothing could be sent but its name; and a slice of a file copies nothing.
  const named = new File([file], message.filename ?? "file", { type: message.mimetype });
  const data = await OpaqueData.createFromData(named, message.mimetype);
  for (const pause of [...UPLOAD_PAUSES_MS, undefined]) {
    const outcome: unknown = await prepareAndSend(message, data, target);
    const sent = MsgStore.get(target.key);
    if ((outcome as { messageSendResult?: unknown } | null)?.messageSendResult !== "ERROR_UPLOAD" || Number(sent?.ack) > 0) {
      if (!sent) throw outcome instanceof Error ? outcome : new BridgeError("SEND_UNCONFIRMED", "the page lost the message");
      judge(sent, outcome);
      return report(sent, message.id);
    }
    if (pause !== undefined) await new Promise((done) => setTimeout(done, pause));
  }
  throw new BridgeError("MEDIA_UPLOAD_FAILED", `after ${UPLOAD_PAUSES_MS.length + 1} tries`);
}

type Opaque = InstanceType<typeof WPP.whatsapp.OpaqueData>;

async function prepareAndSend(message: OutgoingMedia, data: Opaque, { chat, key, quoted }: Target): Promise<unknown> {
  const prep = WPP.whatsapp.MediaPrep.prepRawMedia(data, prepOptions(message));
  try {
    await prep.waitForPrep();
  } catch (error) {
    // The disk's failure says nothing of the file.
    if (error instanceof DOMException && error.name === "NotReadableError") throw error;
    throw new BridgeError("MEDIA_UNREADABLE", describe(error));
  }
  const { caption, filename } = message;
  const raw = await WPP.chat.prepareRawMessage(
    chat,
    // wa-js gives the name for the caption of what has none; the page drops it for all but documents.
    {
      caption: caption ?? filename,
      filename,
      isCaptionByUser: caption !== undefined,
      ...(message.forwarded ? FORWARDED : {}),
    } as Parameters<typeof WPP.chat.prepareRawMessage>[1],
    { messageId: key, detectMentioned: false, markIsRead: false, ...(quoted ? { quotedMsg: quoted } : {}) },
  );
  const options = {
    ...(caption === undefined ? {} : { caption }),
    ...(message.viewOnce ? { isViewOnce: true } : {}),
    productMsgOptions: raw,
    addEvenWhilePreparing: false,
  };
  // Older pages take the two one after the other, as wa-js itself knows; its types don't.
  const older = prep.sendToChat as unknown as (chat: ChatModel, given: typeof options) => Promise<unknown>;
  const sending: Promise<unknown> =
    prep.sendToChat.length === 1 ? prep.sendToChat({ chat, options }) : older.call(prep, chat, options);
  return sending.catch((error: unknown) => error);
}

function prepOptions(message: OutgoingMedia): Parameters<typeof WPP.whatsapp.MediaPrep.prepRawMedia>[1] {
  switch (message.kind) {
    case "document":
      return { asDocument: true };
    case "sticker":
      return { asSticker: true };
    case "video":
      return { asGif: message.gif === true };
    case "image":
      return { maxDimension: MAX_PIXELS };
    case "audio": {
      const { duration, waveform, voice } = message;
      const known = {
        ...(duration === undefined ? {} : { duration }),
        ...(waveform === undefined ? {} : { waveform: Uint8Array.from(waveform) }),
      };
      // wa-js's types leave the fields out that its own `sendFileMessage` gives.
      const precomputed = Object.keys(known).length > 0 ? { precomputedFields: known } : {};
      return { isPtt: voice === true, ...precomputed } as { isPtt: boolean };
    }
  }
}

// --- fetching

interface Fetched {
  readonly blob: Blob;
  timer: ReturnType<typeof setTimeout>;
}

const fetched = new Map<string, Fetched>();

function drop(token: string): void {
  clearTimeout(fetched.get(token)?.timer);
  fetched.delete(token);
}

const idle = (token: string) => setTimeout(() => drop(token), IDLE_MS);

/** What a stage that isn't `RESOLVED` means. wa-js tells of every failure alike, so the message's own word is asked. */
function failureOf(msg: MsgModel): string {
  const stage = String((msg.mediaData as { mediaStage?: unknown } | undefined)?.mediaStage ?? "");
  if (/MISSING|NEED_POKE|REUPLOAD|NEED_UPLOAD/.test(stage)) return "MEDIA_EXPIRED";
  if (/UNSUPPORTED|DECRYPT|CORRUPT/.test(stage)) return "MEDIA_UNREADABLE";
  return "MEDIA_UNAVAILABLE";
}

/** Has WhatsApp give a message's file, whole and decrypted, and keeps it for `readMedia`. */
export async function openMedia(
  args: Readonly<Record<string, unknown>>,
): Promise<{ token: string; size: number; mimetype: string | null }> {
  const msg = await findMessage(String(args["id"]));
  if (!msg?.mediaData) throw new BridgeError("MEDIA_NOT_IN_PAGE", "no such message, or no file in it");
  const size = Number((msg.mediaData as { size?: unknown }).size);
  let blob: Blob;
  try {
    const id = msg.id.toString();
    blob = await AT_ONCE.spend(size > 0 ? size : 0, () => WPP.chat.downloadMedia(id));
  } catch (error) {
    const stage = (msg.mediaData as { mediaStage?: unknown } | undefined)?.mediaStage;
    throw new BridgeError(failureOf(msg), `${describe(error)} (${String(stage)})`);
  }
  const token = crypto.randomUUID();
  fetched.set(token, { blob, timer: idle(token) });
  return { token, size: blob.size, mimetype: blob.type || null };
}

/** A slice of what `openMedia` fetched, in base64. */
export async function readMedia(args: Readonly<Record<string, unknown>>): Promise<string> {
  const token = String(args["token"]);
  const found = fetched.get(token);
  if (!found) throw new BridgeError("MEDIA_NOT_OPEN", "not fetched, or left unread too long");
  clearTimeout(found.timer);
  found.timer = idle(token);
  const start = Number(args["start"]);
  return base64(await found.blob.slice(start, start + Number(args["length"])).arrayBuffer());
}

export function closeMedia(args: Readonly<Record<string, unknown>>): void {
  drop(String(args["token"]));
}

/** The browser's own encoder works on streams of any size without a character at a time in script. */
async function base64(data: ArrayBuffer): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("the slice can't be read"));
    reader.readAsDataURL(new Blob([data]));
  });
  return url.slice(url.indexOf(",") + 1);
}
