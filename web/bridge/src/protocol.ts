/** What the bridge and the driver say to each other: JSON both ways, one array per batch. */

import type { PeopleNews } from "./people-protocol";
import type { WireNotice } from "./group-protocol";

export interface Config {
  /** Name of the CDP binding that carries batches to the driver. */
  readonly binding: string;
  /** How long a connection may be away before it counts as lost, in milliseconds. */
  readonly graceMs: number;
  /** How long a linked page may take to its first connection before it counts as lost, in milliseconds. */
  readonly firstConnectionMs: number;
}

export type Phase =
  | "starting"
  | "unlinked"
  | "idle"
  | "passkey"
  | "syncing"
  | "connected"
  | "lost"
  | "conflict";

/** What a probe finds. */
export type Health = "sound" | "syncing" | "disconnected" | "conflict" | "passkey" | "unlinked";

export interface CapabilityState {
  readonly name: string;
  readonly available: boolean;
  readonly detail: string | null;
}

export interface Account {
  readonly jid: string;
  readonly lid: string | null;
  readonly name: string | null;
}

export interface WireMessage {
  readonly id: string;
  readonly chat: string;
  readonly sender: string;
  readonly recipient: string;
  readonly fromMe: boolean;
  /** Unix seconds. */
  readonly t: number;
  readonly ack: number;
  readonly type: string;
  readonly body?: string;
  readonly mentions?: readonly string[];
  readonly replyTo?: string;
  readonly pushName?: string;
  readonly alternate?: string;
  readonly media?: WireMedia;
  /** The fields of a content that is neither text nor file. */
  readonly [content: string]: unknown;
  readonly mentionAll?: true;
  readonly preview?: WirePreview;
  readonly forwarded?: true;
  /** What was done to the message, as far as the page knows. */
  readonly changes?: readonly WireChange[];
  readonly notice?: WireNotice;
  /** What WhatsApp's notice of a changed number says. */
  readonly numberChange?: { readonly before: string; readonly now: string };
  readonly raw?: unknown;
}

/** What a text shows of a link in it; `thumbnail` is a JPEG in base64. */
export interface WirePreview {
  readonly url: string;
  readonly title?: string;
  readonly description?: string;
  readonly thumbnail?: string;
}

export type ChangeKind = "reaction" | "edit" | "revoke" | "vote" | "pin" | "star" | "delete";

/** What somebody has done to a message: what is so from then on. */
export interface WireChange {
  readonly kind: ChangeKind;
  readonly target: string;
  readonly chat: string;
  readonly sender: string;
  readonly fromMe: boolean;
  /** Unix milliseconds, by the clock of who did it. */
  readonly at: number;
  readonly alternate?: string;
  readonly emoji?: string;
  readonly body?: string;
  readonly mentions?: readonly string[];
  readonly options?: readonly string[];
  /** Of an edited invitation: the event as it is now. */
  readonly event?: Readonly<Record<string, unknown>>;
  readonly pinned?: boolean;
  /** Unix milliseconds. */
  readonly until?: number;
  readonly starred?: boolean;
}

/** The file of a message of one of the types that have one. */
export interface WireMedia {
  readonly mimetype?: string;
  /** Bytes. */
  readonly size?: number;
  /** Of the file itself, in base64. */
  readonly filehash?: string;
  readonly caption?: string;
  readonly filename?: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Seconds. */
  readonly duration?: number;
  /** Loudness, 0 to 100. */
  readonly waveform?: readonly number[];
  readonly gif?: true;
  readonly viewOnce?: true;
  readonly animated?: true;
}

export interface WireReceipt {
  readonly id: string;
  readonly ack: number;
  /** Unix milliseconds: when the page learnt of it. */
  readonly at: number;
  readonly participant?: string;
}

export type Outgoing =
  | { readonly t: "ready"; readonly capabilities: readonly CapabilityState[]; readonly page: string; readonly wajs: string }
  /** First in each document: whether the profile holds a login. */
  | { readonly t: "login"; readonly held: boolean }
  | { readonly t: "unfit"; readonly detail: string }
  | { readonly t: "phase"; readonly phase: Phase; readonly socket: string; readonly me?: Account }
  | { readonly t: "qr"; readonly text: string; readonly ttlMs: number }
  /** `reason` is the page's own name of it; empty where the page didn't say. */
  | { readonly t: "logout"; readonly reason: string }
  | { readonly t: "messages"; readonly items: WireMessage[] }
  | { readonly t: "receipts"; readonly items: WireReceipt[] }
  | { readonly t: "changes"; readonly items: WireChange[] }
  | { readonly t: "people"; readonly items: PeopleNews[] }
  | { readonly t: "fault"; readonly where: string; readonly detail: string }
  | { readonly t: "result"; readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly t: "result"; readonly id: number; readonly ok: false; readonly code: string; readonly detail: string };

export interface Command {
  readonly id: number;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A failure with a code that the driver maps to an error of its port. */
export class BridgeError extends Error {
  constructor(
    readonly code: string,
    detail: string,
  ) {
    super(detail);
    this.name = "BridgeError";
  }
}
