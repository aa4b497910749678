/** What a message says of its file, as plain JSON. */

import type { MsgModel } from "./page";
import type { WireMedia } from "./protocol";

const MEDIA_TYPES: ReadonlySet<string> = new Set(["image", "video", "ptv", "audio", "ptt", "document", "sticker"]);
const MAX_TEXT = 65_536;
const MAX_NAME = 1_024;
const MIME = /^[!-~]+\/[ -~]+$/;
const MAX_MIME = 256;
const MAX_PIXELS = 2 ** 31 - 1;
/** Thirty years: longer than anything plays. */
const MAX_SECONDS = 1e9;
const MAX_SAMPLES = 256;

export function isMediaType(type: string): boolean {
  return MEDIA_TYPES.has(type);
}

/** A field of the message, or of what the page keeps of its file: which of the two has it differs by page and kind. */
function read(msg: MsgModel, ...names: readonly string[]): unknown {
  const fields = msg as unknown as Readonly<Record<string, unknown>>;
  const file = (fields["mediaData"] ?? {}) as Readonly<Record<string, unknown>>;
  for (const name of names) {
    const value = fields[name] ?? file[name];
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

function text(value: unknown, longest: number): string | undefined {
  return typeof value === "string" && value ? value.slice(0, longest) : undefined;
}

/** A type as a header can hold it: a sender may write anything there. */
function mimeType(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= MAX_MIME && MIME.test(value) ? value : undefined;
}

function count(value: unknown, most: number): number | undefined {
  const number = typeof value === "string" && value.trim() ? Number(value) : value;
  return typeof number === "number" && number >= 0 && number <= most ? number : undefined;
}

function whole(value: unknown, most: number): number | undefined {
  const number = count(value, most);
  return number === undefined ? undefined : Math.round(number);
}

function pixels(value: unknown): number | undefined {
  return whole(value, MAX_PIXELS) || undefined;
}

function samples(value: unknown): number[] | undefined {
  const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
  const list: unknown[] = bytes instanceof Uint8Array || Array.isArray(bytes) ? Array.from(bytes) : [];
  const numbers = list.slice(0, MAX_SAMPLES).map((sample) => Math.min(100, Math.round(Number(sample))));
  return numbers.length > 0 && numbers.every((sample) => sample >= 0) ? numbers : undefined;
}

/** Leaves out what isn't there. */
function present<T extends object>(fields: { readonly [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

export function mediaOf(msg: MsgModel): WireMedia {
  return present<WireMedia>({
    mimetype: mimeType(read(msg, "mimetype")),
    size: whole(read(msg, "size"), Number.MAX_SAFE_INTEGER),
    filehash: text(read(msg, "filehash"), MAX_NAME),
    caption: text(read(msg, "caption"), MAX_TEXT),
    filename: text(read(msg, "filename"), MAX_NAME),
    width: pixels(read(msg, "width", "fullWidth")),
    height: pixels(read(msg, "height", "fullHeight")),
    duration: count(read(msg, "duration"), MAX_SECONDS),
    waveform: samples(read(msg, "waveform")),
    gif: read(msg, "isGif") === true ? true : undefined,
    viewOnce: read(msg, "isViewOnce") === true ? true : undefined,
    animated: read(msg, "isAnimated") === true ? true : undefined,
  });
}
