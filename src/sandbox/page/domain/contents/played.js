import { define } from "../../loader.js";
import { ACK } from "../constants.js";
import { keepMessage } from "../msg.js";
import { sendReceipt } from "../receipts.js";

/** Voice notes that were listened to: their sender is told. */

/** @param {any} msg */
const canMarkPlayed = (msg) => Boolean(msg) && !msg.id.fromMe && msg.type === "ptt" && msg.ack < ACK.PLAYED;

/** @param {any} msg */
async function markPlayed(msg) {
  if (!canMarkPlayed(msg)) return;
  msg.updateAck(ACK.PLAYED);
  sendReceipt("played", msg.id);
  await keepMessage(msg);
}

export function definePlayed() {
  define("WAWebMarkPlayedMsgAction", { markPlayed, canMarkPlayed });
}
