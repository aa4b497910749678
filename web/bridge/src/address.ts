/** Addresses and message keys as strings of our own making, whatever the page names its fields. */

import type { MsgKey, Wid } from "./page";

type WidLike = Wid | string | null | undefined;

/** `user@server` without a device part; undefined for what isn't an address. */
export function address(wid: WidLike): string | undefined {
  if (wid === null || wid === undefined) return undefined;
  const text = typeof wid === "string" ? wid : wid.user && wid.server ? `${wid.user}@${wid.server}` : wid.toString();
  const [user, server] = text.split("@");
  if (!user || !server) return undefined;
  return `${user.split(":")[0]}@${server === "s.whatsapp.net" ? "c.us" : server}`;
}

/** The addresses in a list; none in what is no list. */
export function addresses(value: unknown): string[] {
  const wids = Array.isArray(value) ? (value as WidLike[]) : [];
  return wids.map((wid) => address(wid)).filter((jid) => jid !== undefined);
}

/** The other form of a user's address, from the page's own cache; undefined where it doesn't know it. */
export function alternateOf(wid: WidLike): string | undefined {
  if (!wid || typeof wid === "string") return undefined;
  try {
    if (wid.server === "lid") return address(WPP.whatsapp.lidPnCache.getPhoneNumber(wid));
    if (wid.server === "c.us") return address(WPP.whatsapp.lidPnCache.getCurrentLid(wid));
  } catch {
    // The cache is an extra: a page without it still delivers messages.
  }
  return undefined;
}

export interface KeyParts {
  readonly fromMe: boolean;
  readonly remote: string;
  readonly id: string;
  readonly participant?: string;
}

/** Reads `{fromMe}_{chat}_{id}[_{participant}]`. */
export function parseKey(text: string): KeyParts | undefined {
  const [fromMe, remote, id, participant] = text.split("_");
  if ((fromMe !== "true" && fromMe !== "false") || !remote?.includes("@") || !id) return undefined;
  return { fromMe: fromMe === "true", remote, id, ...(participant ? { participant } : {}) };
}

function serialize(key: KeyParts): string {
  const participant = key.fromMe ? undefined : key.participant;
  return `${key.fromMe}_${key.remote}_${key.id}${participant ? `_${participant}` : ""}`;
}

/** Ids as the driver gave them, by the id that the page holds the message under, where the two differ. */
const aliases = new Map<string, string>();
const MAX_ALIASES = 20_000;

export function alias(pageId: string, requested: string): void {
  if (pageId === requested) return;
  if (aliases.size >= MAX_ALIASES) {
    const oldest = aliases.keys().next();
    if (!oldest.done) aliases.delete(oldest.value);
  }
  aliases.set(pageId, requested);
}

/**
 * The id of a message as the driver knows it.
 *
 * Own messages go without the participant part (it is always this account), and in a chat that the page keeps under a
 * LID they go under the phone number where that is known: a message's id is made before the page decides which of the
 * two addresses its chat gets, and must be recognised after a restart.
 */
export function messageId(key: MsgKey): string | undefined {
  const remote = address(key.remote);
  if (!remote || !key.id) return undefined;
  const held = heldId(key);
  const requested = aliases.get(held);
  if (requested) return requested;
  const phone = key.fromMe && remote.endsWith("@lid") ? alternateOf(key.remote) : undefined;
  return phone ? serialize({ fromMe: true, remote: phone, id: key.id }) : held;
}

/** The id under which the page itself holds a message, in this module's form. */
export function heldId(key: MsgKey): string {
  const participant = address(key.participant as WidLike);
  const remote = address(key.remote) ?? "";
  return serialize({ fromMe: key.fromMe, remote, id: key.id, ...(participant ? { participant } : {}) });
}
