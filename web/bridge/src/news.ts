/** Messages and receipts as they come. */

import type { MsgKey, MsgModel, Wid } from "./page";
import { address, messageId } from "./address";
import type { Channel } from "./channel";
import { followChanges } from "./change-news";
import { normalise } from "./normalise";
import { isBeingSent } from "./send";

const SENT = 1;
const MAX_REMEMBERED = 20_000;

/** Drops a receipt that says no more than an earlier one: two of the page's hooks tell of the same ack. */
class Receipts {
  readonly #channel: Channel;
  readonly #told = new Map<string, number>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  tell(key: MsgKey, ack: number, participant: string | undefined): void {
    const id = key.fromMe && ack >= SENT ? messageId(key) : undefined;
    if (!id) return;
    const slot = `${id} ${participant ?? ""}`;
    if ((this.#told.get(slot) ?? 0) >= ack) return;
    if (this.#told.size >= MAX_REMEMBERED) {
      const oldest = this.#told.keys().next();
      if (!oldest.done) this.#told.delete(oldest.value);
    }
    this.#told.set(slot, ack);
    if (ack === SENT && isBeingSent(id)) return;
    this.#channel.tellReceipt({ id, ack, at: Date.now(), ...(participant ? { participant } : {}) });
  }
}

function guarded<T>(channel: Channel, where: string, work: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      work(value);
    } catch (error) {
      channel.fault(where, error);
    }
  };
}

/** Subscribes; call once wa-js is in the page, before the account is connected. */
export function followNews(channel: Channel): void {
  followChanges(channel);
  const receipts = new Receipts(channel);
  WPP.on(
    "chat.new_message",
    guarded(channel, "new_message", (msg: MsgModel) => {
      const message = normalise(msg);
      if (message && !isBeingSent(message.id)) channel.tellMessage(message);
    }),
  );
  WPP.on(
    "chat.msg_ack_change",
    guarded(channel, "msg_ack_change", (change: { ack: number; chat: Wid; sender?: Wid; ids: MsgKey[] }) => {
      const group = address(change.chat)?.endsWith("@g.us") === true;
      const participant = group ? address(change.sender) : undefined;
      for (const key of change.ids) receipts.tell(key, change.ack, participant);
    }),
  );
  // wa-js listens for receipts only once the page is fully ready; the store tells from the start.
  WPP.whatsapp.MsgStore.on(
    "change:ack",
    guarded(channel, "change_ack", (msg: MsgModel) => {
      if (msg.id) receipts.tell(msg.id, Number(msg.ack ?? 0), undefined);
    }),
  );
}
