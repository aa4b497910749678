/** Whether the account is linked, signed in and connected, followed by events and a slow look of our own. */

import { address } from "./address";
import type { Channel } from "./channel";
import { selfTest } from "./contract";
import type { Account, Config, Health, Phase } from "./protocol";

const LOOK_MS = 3_000;
const DEFAULT_QR_TTL_MS = 20_000;
const PASSKEY = /passkey/i;
const UNPAIRED: ReadonlySet<string> = new Set(["UNPAIRED", "UNPAIRED_IDLE", "PAIRING"]);

function safely<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

export function isLinked(): boolean {
  return safely(() => Boolean(WPP.conn.isAuthenticated())) ?? false;
}

export function socketState(): string {
  return String(safely(() => WPP.whatsapp.Socket.state) ?? "UNKNOWN");
}

export function isConnected(): boolean {
  return (
    isLinked() &&
    socketState() === "CONNECTED" &&
    Boolean(safely(() => WPP.whatsapp.Socket.hasSynced)) &&
    safely(() => String(WPP.whatsapp.Stream.mode)) === "MAIN"
  );
}

function account(): Account | undefined {
  const jid = address(safely(() => WPP.conn.getMyUserId()));
  if (!jid) return undefined;
  const name: unknown = safely(() => WPP.whatsapp.Conn.pushname);
  return {
    jid,
    lid: address(safely(() => WPP.conn.getMyUserLid())) ?? null,
    name: typeof name === "string" && name ? name : null,
  };
}

/** How the live page says that it asks for a passkey isn't known for certain: any of its states may name it. */
function asksForPasskey(): boolean {
  const stream = safely(() => WPP.whatsapp.Stream);
  return [socketState(), stream?.mode, stream?.info].some((text) => PASSKEY.test(String(text ?? "")));
}

function isInConflict(): boolean {
  return socketState() === "CONFLICT" || safely(() => String(WPP.whatsapp.Stream.mode)) === "CONFLICT";
}

function health(): Health {
  if (asksForPasskey()) return "passkey";
  if (isInConflict()) return "conflict";
  if (!isLinked()) return UNPAIRED.has(socketState()) ? "unlinked" : "disconnected";
  if (isConnected()) return "sound";
  return socketState() === "CONNECTED" ? "syncing" : "disconnected";
}

/** What is so at this moment, whatever was told before. */
export function probe(): { health: Health; socket: string; me?: Account } {
  const found = health();
  const me = found === "sound" ? account() : undefined;
  return { health: found, socket: socketState(), ...(me ? { me } : {}) };
}

export class StateFollower {
  readonly #channel: Channel;
  readonly #config: Config;
  #told = "";
  #capabilities = "";
  #qr = "";
  #connectedBefore = false;
  #awaySince: number | undefined;
  #graceTimer: number | undefined;
  #logoutReason = "";

  constructor(channel: Channel, config: Config) {
    this.#channel = channel;
    this.#config = config;
  }

  /** Tells the present state in full, then every change. */
  start(): void {
    this.tellCapabilities();
    const look = () => this.look();
    WPP.on("conn.stream_mode_changed", look);
    WPP.on("conn.stream_info_changed", look);
    WPP.on("conn.qrcode_idle", look);
    WPP.on("conn.require_auth", look);
    WPP.on("conn.auth_code_change", () => void this.#showQr());
    WPP.on("conn.logout_reason", (reason) => {
      this.#logoutReason = String(reason);
    });
    WPP.on("conn.logout", () => this.#loggedOut());
    WPP.whatsapp.Socket.on("change:state", look);
    WPP.whatsapp.Socket.on("change:hasSynced", look);
    setInterval(look, LOOK_MS);
    this.look();
    void this.#showQr();
  }

  look(): void {
    try {
      this.#look();
    } catch (error) {
      this.#channel.fault("state", error);
    }
  }

  #look(): void {
    const phase = this.#phase();
    if (phase === "connected") this.#connectedBefore = true;
    const me = phase === "connected" ? account() : undefined;
    const socket = socketState();
    const mark = `${phase} ${phase === "lost" ? socket : ""} ${me ? JSON.stringify(me) : ""}`;
    if (mark === this.#told) return;
    this.#told = mark;
    // Parts of the page load only once it is signed in, so what it can do is looked at again.
    if (phase === "connected" || phase === "unlinked") this.tellCapabilities();
    if (phase === "unlinked" || phase === "idle") this.#connectedBefore = false;
    if (phase === "idle") this.#qr = "";
    this.#channel.tell({ t: "phase", phase, socket, ...(me ? { me } : {}) });
  }

  #phase(): Phase {
    const socket = socketState();
    if (asksForPasskey()) return "passkey";
    if (isInConflict()) return "conflict";
    if (!isLinked()) {
      this.#awaySince = undefined;
      if (socket === "UNPAIRED_IDLE") return "idle";
      return socket === "UNPAIRED" ? "unlinked" : "starting";
    }
    if (isConnected()) {
      this.#awaySince = undefined;
      return "connected";
    }
    return this.#away(socket);
  }

  /** Not connected: lost once it has lasted. A connection that is back and synchronises isn't lost. */
  #away(socket: string): Phase {
    // A connection is overlooked as lost for a moment only where it was told: after a conflict there is none to keep.
    const before: Phase = this.#told.startsWith("connected") ? "connected" : "syncing";
    if (socket === "CONNECTED" && !this.#connectedBefore) {
      this.#awaySince = undefined;
      return "syncing";
    }
    this.#awaySince ??= Date.now();
    const grace = this.#connectedBefore ? this.#config.graceMs : this.#config.firstConnectionMs;
    const left = this.#awaySince + grace - Date.now();
    if (left <= 0) return "lost";
    clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => this.look(), left + 1);
    return this.#told.startsWith("lost") ? "lost" : before;
  }

  tellCapabilities(): void {
    const capabilities = selfTest();
    const mark = JSON.stringify(capabilities);
    if (mark === this.#capabilities) return;
    this.#capabilities = mark;
    const page = String(safely(() => window.Debug?.VERSION) ?? "unknown");
    this.#channel.tell({ t: "ready", capabilities, page, wajs: WPP.version });
  }

  /** Asks wa-js for the QR of the present reference; it has none once an account is linked. */
  async #showQr(): Promise<void> {
    try {
      const code = await WPP.conn.getAuthCode();
      if (!code?.fullCode || code.fullCode === this.#qr || isLinked()) return;
      this.#qr = code.fullCode;
      const ttl = Number(safely(() => WPP.whatsapp.Conn.refTTL));
      this.look();
      this.#channel.tell({ t: "qr", text: code.fullCode, ttlMs: ttl > 0 ? ttl : DEFAULT_QR_TTL_MS });
    } catch (error) {
      this.#channel.fault("qr", error);
    }
  }

  #loggedOut(): void {
    this.#connectedBefore = false;
    this.#channel.tell({ t: "logout", reason: this.#logoutReason });
    this.#channel.flush(); // The page navigates next.
  }
}
