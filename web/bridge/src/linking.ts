/** Linking and unlinking. */

import { describe } from "./channel";
import { BridgeError } from "./protocol";
import { isLinked, socketState } from "./state";

const NOT_FOUND = 404;
const TOO_MANY = 429;

function refuseLinked(): void {
  if (isLinked()) throw new BridgeError("ALREADY_LINKED", "an account is linked");
}

/** Starts a new batch of QRs; they come as events, so nothing is waited for. */
export function refreshQr(): null {
  refuseLinked();
  WPP.conn.refreshQR().catch(() => undefined); // Its answer is the event that the state follower tells of.
  return null;
}

export async function pairingCode(args: Readonly<Record<string, unknown>>): Promise<string> {
  refuseLinked();
  if (socketState() === "UNPAIRED_IDLE") refreshQr();
  try {
    const code = await WPP.conn.genLinkDeviceCodeForPhoneNumber(String(args["phone"]), true);
    if (typeof code !== "string" || !code) throw new BridgeError("PAGE_FAULT", "no code");
    return code;
  } catch (error) {
    throw error instanceof BridgeError ? error : new BridgeError(reasonOf(error), describe(error));
  }
}

function reasonOf(error: unknown): string {
  const fields = (error ?? {}) as Readonly<Record<string, unknown>>;
  const text = error instanceof Error ? error.message : String(error);
  const told = (code: number) =>
    ["code", "status", "errorCode", "statusCode"].some((name) => Number(fields[name]) === code) ||
    new RegExp(`\\b${code}\\b`).test(text);
  if (told(TOO_MANY) || /rate.?(limit|overlimit)/i.test(text)) return "PAIRING_CODE_RATE_LIMITED";
  if (told(NOT_FOUND) || /not.?found|invalid.*(number|phone)/i.test(text)) return "NUMBER_NOT_ON_WHATSAPP";
  return "PAGE_FAULT";
}

/** Asks for the end of the link. That it ended is told by the `logout` event, which outlives the page's navigation. */
export function logout(): null {
  if (!isLinked()) throw new BridgeError("NOT_LINKED", "no account is linked");
  WPP.conn.logout().catch(() => undefined);
  return null;
}

/** "Use here": takes the connection back from another browser. What comes of it is told by the state follower. */
export function takeOver(): null {
  if (socketState() !== "CONFLICT") throw new BridgeError("NOT_IN_CONFLICT", "no other browser has taken over");
  WPP.whatsapp.Socket.takeover();
  return null;
}
