/** A message of a kind that the gateway doesn't model, as plain JSON of bounded size. */

import type { MsgModel } from "./page";
import { address, messageId } from "./address";

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 6;
const MAX_ITEMS = 200;
const MAX_STRING = 8 * 1024;
/** Pictures, links to other models and what the bridge already tells elsewhere. */
const DROPPED = /thumb|jpeg|sidecar|waveform|scanlength|mediaData|mediaObject|senderObj|quotedMsgObj|^_|^collection$|^parent$|^chat$|^msgChunk$/i;

interface Serializable {
  readonly [key: string]: unknown;
}

function wordOf(value: Serializable): string | undefined {
  if (typeof value["server"] === "string" && typeof value["user"] === "string") {
    return address(`${value["user"]}@${value["server"]}`);
  }
  if (typeof value["fromMe"] === "boolean" && typeof value["id"] === "string" && value["remote"]) {
    return messageId(value as unknown as Parameters<typeof messageId>[0]);
  }
  return undefined;
}

function plain(value: unknown, depth: number): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "number") {
    return typeof value === "number" && !Number.isFinite(value) ? null : value;
  }
  if (typeof value === "string") return value.length > MAX_STRING ? undefined : value;
  if (typeof value !== "object" || depth >= MAX_DEPTH) return undefined;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob || value instanceof Promise) {
    return undefined;
  }
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => plain(item, depth + 1) ?? null);
  return wordOf(value as Serializable) ?? plainObject(value as Serializable, depth);
}

function plainObject(value: Serializable, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value).slice(0, MAX_ITEMS)) {
    if (DROPPED.test(key)) continue;
    let item: unknown;
    try {
      item = plain(value[key], depth + 1);
    } catch {
      continue; // A getter of the page's that throws takes only its own field with it.
    }
    if (item !== undefined) result[key] = item;
  }
  return result;
}

/** The message's attributes; the largest go first when they exceed the limit, and `truncated` says so. */
export function rawAttributes(msg: MsgModel): Record<string, unknown> {
  const source: unknown = msg.attributes ?? msg.serialize();
  const raw = plainObject(source as Serializable, 0);
  const sizes = Object.entries(raw).map(([key, value]) => ({ key, size: JSON.stringify(value).length }));
  let total = sizes.reduce((sum, { size }) => sum + size, 0);
  for (const { key, size } of sizes.sort((a, b) => b.size - a.size)) {
    if (total <= MAX_BYTES) break;
    delete raw[key];
    raw["truncated"] = true;
    total -= size;
  }
  return raw;
}
