/** What WhatsApp's server says to what the page sends it, for operations whose own functions say too little. */

import { describe } from "./channel";
import { fieldsOf } from "./changes";
import { wrap } from "./modules";
import { BridgeError } from "./protocol";
import { codeOf } from "./send";

type Data = Readonly<Record<string, unknown>>;
type Listener = (data: Data, answer: Promise<unknown>) => void;

const MODULE = "WAWebSendMsgJob";
const SENDS = "encryptAndSendMsg";
/** A time-out and too many at once: they say nothing for good. */
const PASSING: ReadonlySet<number> = new Set([408, 429]);
const OK = "OK";

const listeners = new Set<Listener>();
let installed = false;

/** Puts an ear on the one way by which messages leave the page. */
function listen(): void {
  if (installed) return;
  installed = wrap(MODULE, SENDS, (original, args) => {
    const answer = Promise.resolve(original(...args));
    const data = fieldsOf(fieldsOf(args[0])["data"]);
    for (const listener of listeners) listener(data, answer);
    return answer;
  });
}

interface Witnessed {
  taken: boolean;
  refusal: unknown;
}

function witness(matches: (data: Data) => boolean): { readonly seen: Witnessed; stop: () => void } {
  listen();
  const seen: Witnessed = { taken: false, refusal: undefined };
  const listener: Listener = (data, answer) => {
    if (!matches(data)) return;
    answer.then(
      (given) => {
        // Where it isn't thrown, a refusal is the answer's `error`.
        const refusal = codeOf(given) === undefined ? undefined : given;
        if (refusal === undefined) seen.taken = true;
        else seen.refusal = refusal;
      },
      (error: unknown) => {
        if (codeOf(error) !== undefined) seen.refusal = error;
      },
    );
  };
  listeners.add(listener);
  return { seen, stop: () => listeners.delete(listener) };
}

/** What a refusal with this code means for an operation; undefined: it is refused, and no more is known. */
export type Refusals = Readonly<Record<number, string>>;

function refused(outcome: unknown, refusals: Refusals): BridgeError {
  const code = codeOf(outcome);
  const detail = outcome instanceof Error ? describe(outcome) : String(code ?? "refused");
  if (code === undefined || code >= 500 || PASSING.has(code)) return new BridgeError("SEND_UNCONFIRMED", detail);
  return new BridgeError(refusals[code] ?? "SEND_REFUSED", detail);
}

/** What the page's own function says of it: it was sent, it wasn't, or nothing. */
function wordOf(value: unknown): boolean | undefined {
  const result = typeof value === "string" ? value : fieldsOf(value)["messageSendResult"];
  return typeof result === "string" ? result === OK : undefined;
}

/**
 * Has the page do something, and returns once it is certain that the server has it.
 *
 * A promise that the page keeps proves nothing: its deletion for everyone resolves whatever the server said. So the
 * server's own answer counts, where it is heard; then what the page's function says; then whether the effect shows.
 *
 * @param matches whether this is what the operation sends
 * @param shows whether the operation's effect is there
 */
export async function certain(
  act: () => unknown,
  matches: (data: Data) => boolean,
  shows: () => Promise<boolean>,
  refusals: Refusals,
): Promise<void> {
  const { seen, stop } = witness(matches);
  let value: unknown;
  let thrown: unknown;
  try {
    value = await act();
  } catch (error) {
    thrown = error;
  } finally {
    stop();
  }
  if (seen.refusal !== undefined) throw refused(seen.refusal, refusals);
  if (seen.taken) return;
  if (thrown !== undefined) throw refused(thrown, refusals);
  const word = wordOf(value);
  if (word === false) throw refused(value, refusals);
  if (word === undefined && !(await shows())) throw new BridgeError("SEND_UNCONFIRMED", "no effect shows");
}
