import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { define } from "../loader.js";
import { session } from "../net/session.js";
import { chats, keepChat } from "./chat.js";

/** Until when a chat is muted: `expiration` in Unix seconds, -1 for good, 0 for not. */
export class MuteModel extends BaseModel {
  defaults() {
    return { expiration: 0 };
  }

  canMute() {
    return true;
  }

  get isMuted() {
    const expiration = this.attributes?.expiration ?? 0;
    return expiration === -1 || expiration > Date.now() / 1000;
  }

  /** @param {{expiration: number, sendDevice?: boolean, isAutoMuted?: boolean}} wanted */
  async mute({ expiration }) {
    await setMute(this, Math.floor(expiration));
  }

  /** @param {{sendDevice?: boolean}} [_options] */
  async unmute(_options) {
    await setMute(this, 0);
  }
}
defineModel(MuteModel, "mute", ["id", "expiration"]);

/**
 * Tells the account's other devices, then this page.
 *
 * @param {MuteModel} mute
 * @param {number} expiration
 */
async function setMute(mute, expiration) {
  const { id } = mute.attributes;
  await session.request({ t: "iq", op: "chat_state", chat: id.toString(), change: { muted_until_s: expiration } });
  mute.set({ expiration });
  const chat = chats.get(id);
  if (!chat) return;
  chat.set({ muteExpiration: expiration });
  await keepChat(chat);
}

class MuteCollection extends BaseCollection {
  static model = MuteModel;

  /** A chat's own model is the collection's, too. @param {any} id */
  get(id) {
    return super.get(id) ?? chats.get(id)?.mute;
  }
}

export function defineMute() {
  define("WAWebMuteModel", { Mute: MuteModel });
  define("WAWebMuteCollection", { MuteCollection: new MuteCollection() });
}
