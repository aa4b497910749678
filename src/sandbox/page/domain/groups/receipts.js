import { BaseCollection, Collection } from "../../core/collection.js";
import { BaseModel, defineModel } from "../../core/model.js";
import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { isKnown } from "../known.js";
import { me } from "../me.js";
import { advance } from "../receipts.js";
import { ask } from "./ask.js";

/** Receipts of messages in groups, and who of its readers has come how far with a message. */

/**
 * The key of an own message: the libraries name its sender by the LID or by the number.
 *
 * @param {any} remote
 * @param {string} id
 */
function ownKey(remote, id) {
  const forms = [me.userLid(), me.userPn(), undefined];
  const keys = forms.map((participant) => new MsgKey({ fromMe: true, remote, id, participant }));
  return keys.find((key) => isKnown(key.toString())) ?? keys[0];
}

/**
 * One participant's receipt. A message's own ack rises only with the last of them.
 *
 * @param {{from: any, externalIds: string[], acks?: number[]}} receipt
 * @returns {Promise<void>} when it is stored
 */
export async function handleGroupSimpleReceipt({ from, externalIds, acks = [] }) {
  await Promise.all(externalIds.map((id, index) => advance(/** @type {MsgKey} */ (ownKey(from, id)), acks[index] ?? 0)));
}

// --- a message's readers

export class MsgInfoParticipant extends BaseModel {}
defineModel(MsgInfoParticipant, "msg-info-participant", ["id", "t"]);

export class MsgInfoParticipantCollection extends Collection {
  static model = MsgInfoParticipant;
}

export class MsgInfo extends BaseModel {
  static children = ["delivery", "read", "played"];

  /** @type {any} */
  delivery = new MsgInfoParticipantCollection([], { parent: this });
  /** @type {any} */
  read = new MsgInfoParticipantCollection([], { parent: this });
  /** @type {any} */
  played = new MsgInfoParticipantCollection([], { parent: this });
}
defineModel(MsgInfo, "msg-info", ["id", "deliveryRemaining", "readRemaining", "playedRemaining", "isPTT"]);

export class MsgInfoCollectionImpl extends BaseCollection {
  static model = MsgInfo;

  /** Asked each time, for nothing says when what is held has become old. @param {any} id */
  async find(id) {
    return this.update(id);
  }

  /** @param {any} id */
  async update(id) {
    const { delivery, read, played, ...attributes } = await queryMsgInfo(id);
    const info = this.gadd(MsgKey.from(id));
    for (const [name, people] of Object.entries({ delivery, read, played })) info[name].reset(people);
    return info.set(attributes);
  }
}

/**
 * Who has received, read and played an own message, and when; the server has noted it. (The live page answers from its
 * own notes.)
 *
 * @param {any} id
 */
export async function queryMsgInfo(id) {
  const key = MsgKey.from(id);
  const { receipts } = await ask("message_info", { id: key.id });
  const people = (/** @type {string} */ name) =>
    receipts
      .filter((/** @type {any} */ each) => each[name] !== null)
      .map((/** @type {any} */ each) => ({ id: createWid(each.jid), t: each[name] }));
  const [delivery, read, played] = [people("delivered_ts"), people("read_ts"), people("played_ts")];
  return {
    delivery, read, played,
    deliveryRemaining: receipts.length - delivery.length,
    readRemaining: receipts.length - read.length,
    playedRemaining: receipts.length - played.length,
  };
}
