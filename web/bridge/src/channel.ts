/** The way to the driver: everything told within a moment leaves as one JSON array, in order. */

import type { PeopleNews } from "./people-protocol";
import type { Outgoing, WireChange, WireMessage, WireReceipt } from "./protocol";

type Emit = (batch: string) => void;

/** What follows a batch sooner than this waits for company: each call costs the driver far more than its length. */
const MOMENT_MS = 2;

/** Lone surrogates and NUL, which PostgreSQL and JSON readers refuse, as JSON.stringify writes them. */
const UNCLEAN = /\\u(?:0000|d[89a-f][0-9a-f]{2})/i;
const NUL = "\u0000";
const REPLACEMENT = "\ufffd";

function clean(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed().replaceAll(NUL, REPLACEMENT) : value;
}

export function encode(value: unknown): string {
  const json = JSON.stringify(value);
  return UNCLEAN.test(json) ? JSON.stringify(value, clean) : json;
}

export class Channel {
  readonly #emit: Emit;
  readonly #turn = new MessageChannel();
  #pending: Outgoing[] = [];
  #lastFlush = 0;

  constructor(emit: Emit) {
    this.#emit = emit;
    this.#turn.port1.onmessage = () => this.flush();
  }

  tell(item: Outgoing): void {
    if (this.#pending.length === 0) this.#schedule();
    this.#pending.push(item);
  }

  #schedule(): void {
    if (performance.now() - this.#lastFlush < MOMENT_MS) setTimeout(() => this.flush(), MOMENT_MS);
    else this.#turn.port2.postMessage(null); // The end of this turn, without a timer's delay.
  }

  tellMessage(message: WireMessage): void {
    const last = this.#pending.at(-1);
    if (last?.t === "messages") last.items.push(message);
    else this.tell({ t: "messages", items: [message] });
  }

  tellReceipt(receipt: WireReceipt): void {
    const last = this.#pending.at(-1);
    if (last?.t === "receipts") last.items.push(receipt);
    else this.tell({ t: "receipts", items: [receipt] });
  }

  tellChange(change: WireChange): void {
    const last = this.#pending.at(-1);
    if (last?.t === "changes") last.items.push(change);
    else this.tell({ t: "changes", items: [change] });
  }

  tellPeople(news: PeopleNews): void {
    const last = this.#pending.at(-1);
    if (last?.t === "people") last.items.push(news);
    else this.tell({ t: "people", items: [news] });
  }

  fault(where: string, error: unknown): void {
    this.tell({ t: "fault", where, detail: describe(error) });
  }

  /** Sends what waits at once; for news that a navigation of the page could overtake. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    this.#lastFlush = performance.now();
    this.#emit(encode(batch));
  }
}

/** An error's kind and text, short, with digit runs (numbers, ids) masked. */
export function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/[0-9]{5,}/g, "…").slice(0, 300);
}
