import { MsgKey } from "../../core/msgkey.js";
import { chats } from "../chat.js";
import { lidPnCache } from "../contact.js";
import { isMe, me } from "../me.js";
import { msgs } from "../msg.js";
import * as storage from "../../storage/models.js";

/** In groups people have two addresses, and whoever names a message may know its writer by the other one. */

/**
 * The key under which this page holds a message of a group that others may call by another one.
 *
 * @param {MsgKey} key
 * @returns {Promise<MsgKey>} as given, where the page holds no such message
 */
export async function actualKey(key) {
  if (!key.remote.isGroup() || msgs.get(key)) return key;
  const isIt = (/** @type {any} */ msg) => msg.id.id === key.id && msg.id.fromMe === key.fromMe;
  // What is left of one that was deleted for everyone has another key, and names its old one.
  const wasIt = (/** @type {any} */ msg) => msg.type === "revoked" && isIt({ id: msg.protocolMessageKey });
  const inChat = chats.get(key.remote)?.msgs;
  const loaded = inChat?.findFirst(isIt)?.id ?? inChat?.findFirst(wasIt)?.protocolMessageKey;
  if (loaded) return loaded;
  const beginning = `${key.fromMe}_${key.remote}_${key.id}`;
  const stored = (await storage.messageIdFrom(beginning)) ?? (await storage.addonFrom(`revoke ${beginning}`))?.parent;
  return stored ? MsgKey.fromString(stored) : key;
}

/**
 * A person's one address among the add-ons of a message.
 *
 * @param {any} wid
 * @returns {string}
 */
export function oneAddress(wid) {
  const known = isMe(wid) ? me.userPn() : wid.isLid() ? lidPnCache.getPhoneNumber(wid) : wid;
  return String(known ?? wid);
}
