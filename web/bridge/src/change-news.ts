/** What is done to messages, as it happens. */

import type { MsgModel } from "./page";
import { messageId } from "./address";
import type { Channel } from "./channel";
import { change, editOf, fieldsOf, keyOf, pinOf, reactionOf, revokeOf, starOf, timeOfRevoke, voteOf } from "./changes";
import { findMessage, findTombstone } from "./find";
import { listenTo } from "./modules";
import type { WireChange } from "./protocol";
import { until } from "./wait";

const MAX_REMEMBERED = 20_000;
const GONE_MS = 5000;

/** Tells each change once: several of the page's hooks speak of the same. */
class ChangeNews {
  readonly #channel: Channel;
  readonly #told = new Set<string>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  tell(change: WireChange | undefined): void {
    if (!change) return;
    const mark = JSON.stringify(change);
    if (this.#told.has(mark)) return;
    if (this.#told.size >= MAX_REMEMBERED) this.#told.clear();
    this.#told.add(mark);
    this.#channel.tellChange(change);
  }

  guarded<T extends unknown[]>(where: string, work: (...args: T) => unknown): (...args: T) => void {
    const failed = (error: unknown) => this.#channel.fault(where, error);
    return (...args) => {
      try {
        const done = work(...args);
        if (done instanceof Promise) done.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
  }
}

/** Subscribes; call once wa-js is in the page. */
export function followChanges(channel: Channel): void {
  const news = new ChangeNews(channel);
  followReactions(news);
  followVotes(news);
  const { MsgStore, PinInChatStore } = WPP.whatsapp;
  MsgStore.on("change:latestEditMsgKey", news.guarded("edit", (msg: MsgModel) => news.tell(editOf(msg))));
  MsgStore.on("change:type", news.guarded("change_type", (msg: MsgModel) => news.tell(revokeOf(msg))));
  MsgStore.on("change:star", news.guarded("star", (msg: MsgModel) => news.tell(starOf(msg))));
  MsgStore.on("remove", news.guarded("remove", (msg: MsgModel) => tellDeletion(news, msg)));
  // Of a message that isn't in memory, this is all that tells of its deletion.
  WPP.on(
    "chat.msg_revoke",
    news.guarded("msg_revoke", ({ refId, author, from }) => {
      const key = keyOf(refId);
      const target = key && messageId(key);
      if (target) news.tell(change("revoke", key, author ?? from, timeOfRevoke(target)));
    }),
  );
  if (PinInChatStore) PinInChatStore.on("add change:pinType", news.guarded("pin", (pin: unknown) => news.tell(pinOf(pin))));
}

/** The table tells of all of them; wa-js's own event leaves those out that came while the page was away. */
function followReactions(news: ChangeNews): void {
  const listen = news.guarded("reactions", (rows: unknown) => {
    for (const row of Array.isArray(rows) ? rows.map(fieldsOf) : []) {
      news.tell(reactionOf(row["reactionParentKey"], row["author"] ?? row["from"], row["reactionText"], row["reactionTimestamp"]));
    }
  });
  if (listenTo("WAWebAddonReactionTableMode", "reactionTableMode.bulkUpsert", listen)) return;
  WPP.on(
    "chat.new_reaction",
    news.guarded("new_reaction", ({ msgId, sender, reactionText, timestamp }) =>
      news.tell(reactionOf(msgId, sender, reactionText, timestamp)),
    ),
  );
}

function followVotes(news: ChangeNews): void {
  const tell = async (key: unknown, by: unknown, chosen: unknown, at: unknown) => {
    const target = keyOf(key);
    const id = target && messageId(target);
    const poll = id ? await findMessage(id) : undefined;
    if (poll) news.tell(voteOf(poll, by, Array.isArray(chosen) ? chosen : [], at));
  };
  const listen = news.guarded("votes", async (rows: unknown) => {
    for (const row of Array.isArray(rows) ? rows.map(fieldsOf) : []) {
      const chosen = row["selectedOptionLocalIds"];
      const list = Array.isArray(chosen) ? chosen : [...((chosen as Iterable<unknown> | undefined) ?? [])];
      await tell(row["pollUpdateParentKey"], row["author"] ?? row["from"], list, row["senderTimestampMs"] ?? row["t"]);
    }
  });
  if (listenTo("WAWebAddonPollVoteTableMode", "pollVoteTableMode.bulkUpsert", listen)) return;
  WPP.on(
    "chat.poll_response",
    news.guarded("poll_response", ({ msgId, sender, selectedOptions, timestamp }) =>
      tell(msgId, sender, Object.keys(selectedOptions), timestamp),
    ),
  );
}

/** A message that is gone from the page's memory was deleted only if it is gone from its database, too. */
async function tellDeletion(news: ChangeNews, msg: MsgModel): Promise<void> {
  if (!msg.id || !msg.isNewMsg) return;
  const told = change("delete", msg.id, WPP.conn.getMyUserId(), Date.now());
  if (!told || findTombstone(told.target)) return;
  // It may be out of the page's memory before it is out of its chat and its database.
  const gone = await until(async () => ((await findMessage(told.target)) ? undefined : true), GONE_MS);
  if (gone) news.tell(told);
}
