/** Groups in what the bridge and the driver say to each other. Instants are Unix seconds. */

export type WireRole = "member" | "admin" | "superadmin";

export interface WirePerson {
  readonly jid: string;
  readonly alternate?: string;
}

export interface WireGroup {
  readonly id: string;
  readonly subject: string;
  readonly description?: string;
  readonly owner?: string;
  readonly created?: number;
  readonly announce: boolean;
  readonly restrict: boolean;
  readonly memberAdd: "admin" | "all";
  readonly approval: boolean;
  /** Seconds; 0: never. */
  readonly ephemeral: number;
  readonly lid: boolean;
  /** Absent: the account isn't in it any more. */
  readonly me?: WireRole;
  readonly size: number;
  readonly participants: readonly (WirePerson & { readonly role: WireRole })[];
}

/** How a change came out for one person; `code` is WhatsApp's. */
export interface WireResult {
  readonly asked: string;
  readonly jid: string;
  readonly code: number;
  readonly invite?: string;
  readonly expires?: number;
}

export interface WireCreation {
  readonly group: WireGroup;
  readonly results: readonly WireResult[];
}

export interface WirePreview {
  readonly id: string;
  readonly subject: string;
  readonly description?: string;
  readonly owner?: string;
  readonly created?: number;
  readonly size: number;
  readonly approval: boolean;
}

export interface WireRequest extends WirePerson {
  readonly by?: string;
  readonly method: string;
  readonly at?: number;
}

/** What a message of type `gp2` says. */
export interface WireNotice {
  /** The page's own name of what happened. */
  readonly kind: string;
  readonly people: readonly string[];
  /** The account is among `people`. */
  readonly mine: boolean;
  readonly text?: string;
}
