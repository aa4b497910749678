import { createWid } from "../../core/wid.js";
import { ServerStatusCodeError } from "../../errors.js";
import { notImplemented } from "../../stubs.js";
import { ask } from "./ask.js";
import { groupMetadata } from "./model.js";

/** Groups' pictures. */

/** What the server withholds from those outside. */
const WITHHELD = new Set([403, 404]);

/**
 * The name of a group's picture, asked each time as those of people are.
 *
 * @param {any} wid
 * @returns {Promise<string | undefined>} nothing when there is none, or this account isn't in the group
 */
export async function groupPicture(wid) {
  try {
    const { group } = await ask("group_get", { group: wid.toString() });
    return group.picture ?? undefined;
  } catch (error) {
    if (error instanceof ServerStatusCodeError && WITHHELD.has(error.status)) return undefined;
    throw error;
  }
}

/** @param {any} wid */
export const canSetPicture = (wid) => Boolean(wid?.isGroup() && groupMetadata.get(wid)?.canSetSubject());

/** @param {any} wid */
export const canDeletePicture = (wid) => canSetPicture(wid) && Boolean(groupMetadata.get(wid).picture);

/**
 * @param {any} wid a group
 * @param {string} _preview
 * @param {string} image a data URL, or base64 alone
 */
export async function sendSetPicture(wid, _preview, image) {
  const group = createWid(String(wid));
  if (!group.isGroup()) notImplemented("WAWebContactProfilePicThumbBridge.sendSetPicture of a person")();
  const { picture } = await ask("group_picture", { group: group.toString(), picture: image.replace(/^data:[^,]*,/, "") });
  groupMetadata.get(group)?.set({ picture });
  return { status: 200, id: group, tag: picture };
}

/** @param {any} wid a group */
export async function requestDeletePicture(wid) {
  const group = createWid(String(wid));
  if (!group.isGroup()) notImplemented("WAWebContactProfilePicThumbBridge.requestDeletePicture of a person")();
  await ask("group_picture", { group: group.toString(), picture: null });
  groupMetadata.get(group)?.set({ picture: undefined });
  return { status: 200 };
}
