/** What the bridge tells of chats and people. Times are Unix seconds unless said otherwise. */

export interface WireChat {
  readonly jid: string;
  readonly alternate?: string;
  readonly name?: string;
  readonly unread: number;
  readonly markedUnread: boolean;
  readonly archived: boolean;
  readonly pinnedAt?: number;
  /** -1: for good. */
  readonly mutedUntil?: number;
  readonly lastAt?: number;
  readonly moreOnPhone?: boolean;
}

export interface WireContact {
  readonly jid: string;
  readonly alternate?: string;
  readonly username?: string;
  readonly name?: string;
  readonly pushName?: string;
  readonly verifiedName?: string;
  readonly saved: boolean;
  readonly business: boolean;
  readonly blocked: boolean;
  readonly me: boolean;
}

export interface WirePresence {
  readonly chat: string;
  readonly alternate?: string;
  readonly participant?: string;
  readonly online?: boolean;
  readonly activity: "composing" | "recording" | "paused";
  readonly lastSeen?: number;
}

export interface WireCall {
  readonly id: string;
  readonly caller: string;
  readonly alternate?: string;
  readonly video: boolean;
  readonly group: boolean;
  readonly offeredAt: number;
}

export type PeopleNews =
  | { readonly kind: "chat"; readonly chat: WireChat; readonly changed: readonly string[] }
  | { readonly kind: "presence"; readonly presence: WirePresence }
  | { readonly kind: "contact"; readonly contact: WireContact }
  | { readonly kind: "call"; readonly call: WireCall }
  /** `at` in Unix milliseconds. */
  | { readonly kind: "callStopped"; readonly call: WireCall; readonly outcome: string; readonly at: number };
