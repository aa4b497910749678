import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { define, importNamespace } from "../../loader.js";
import * as storage from "../../storage/models.js";
import { chatFor } from "../chat.js";
import { oneAddress } from "./actual.js";
import { sendAddon } from "./outbox.js";
import { claim } from "./slots.js";

/** Votes in polls: one per person, which may choose several options. */

/**
 * @param {import("./apply.js").Applied} addon
 * @param {import("./apply.js").Occasion} occasion
 */
export async function applyVote(addon, { news }) {
  const { id, target, sender, order, ack, attributes } = addon;
  const selectedOptionLocalIds = [...(attributes.selectedOptionLocalIds ?? [])].map(Number);
  const senderTimestampMs = attributes.senderTimestampMs ?? order;
  const vote = { sender: sender.toString(), selectedOptionLocalIds, senderTimestampMs, t: Math.floor(order / 1000), ack };
  const record = await claim("vote", addon, oneAddress(sender), { ...vote, parentMsgKey: target.toString() });
  if (!record || !news) return;
  const { author, from } = attributes;
  const told = { ...vote, id, pollUpdateParentKey: target, author, from, t: order };
  await importNamespace("WAWebAddonPollVoteTableMode").pollVoteTableMode.bulkUpsert([told]);
  await importNamespace("WAWebDBPollsUpsertVotes").upsertVotesDb([{ ...vote, msgKey: id, parentMsgKey: target, sender }]);
}

/**
 * @param {any} msg the poll
 * @param {Iterable<number>} options the localIds of what is chosen; none takes the vote back
 * @returns {Promise<import("../send.js").SendResult>}
 */
async function sendVote(msg, options) {
  const selectedOptionLocalIds = [...options];
  return sendAddon(chatFor(msg.id.remote), { type: "poll_update", pollUpdateParentKey: msg.id, selectedOptionLocalIds });
}

/** @param {string} parent @returns {Promise<any[]>} */
const votesOn = async (parent) => (await storage.addonsBy("parent", parent)).filter((record) => record.kind === "vote");

/** The votes as a table of the database "poll-votes", as far as the libraries ask it. */
const table = {
  /**
   * @param {string[]} _index parentMsgKey
   * @param {string} value
   */
  equals: (_index, value) => votesOn(value),
  /**
   * @param {string[]} _index parentMsgKey
   * @param {string[]} values
   */
  anyOf: async (_index, values) => (await Promise.all(values.map(votesOn))).flat(),
};

/** wa-js knows this function by the table's name in it. */
function getTable() {
  const tables = { "poll-votes": table };
  return tables["poll-votes"];
}

/** @param {any} row */
const voteFromDbRow = (row) => ({
  ...row,
  msgKey: MsgKey.fromString(row.msgKey),
  parentMsgKey: MsgKey.fromString(row.parentMsgKey),
  sender: createWid(row.sender),
});

export function defineVotes() {
  define("WAWebPollsSendVoteMsgAction", { sendVote });
  define("WAWebPollsVotesSchema", { getTable });
  define("WAWebPollsDbSerialization", { voteFromDbRow });
  // The rows are stored before anybody is told: there is nothing left to do here.
  define("WAWebAddonPollVoteTableMode", {
    pollVoteTableMode: { bulkUpsert: async (/** @type {any[]} */ _records) => undefined },
  });
  define("WAWebDBPollsUpsertVotes", { upsertVotesDb: async (/** @type {any[]} */ _votes) => undefined });
}
