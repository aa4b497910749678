import { MsgKey } from "../../core/msgkey.js";
import { createWid } from "../../core/wid.js";
import { define, importNamespace } from "../../loader.js";

/**
 * An invitation to a group, for whoever can't be added: a message of its own.
 *
 * @param {any} chat
 * @param {string} group
 * @param {string} groupName
 * @param {string} code what the server gave for this person
 * @param {string | number} expiration Unix seconds
 * @param {string | undefined} comment
 * @param {string | undefined} picture the group's, as base64 of a JPEG
 * @returns {Promise<import("../send.js").SendResult>} once the server has it
 */
async function sendGroupInviteMessage(chat, group, groupName, code, expiration, comment, picture) {
  const id = new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId() });
  const from = importNamespace("WAWebUserPrefsMeUser").getMePnUserOrThrow();
  const invitation = {
    type: "groups_v4_invite",
    inviteGrpType: "DEFAULT",
    inviteGrp: createWid(group),
    inviteGrpName: groupName,
    inviteGrpJpegThum: picture,
    inviteCode: code,
    inviteCodeExp: Number(expiration),
    comment: comment ?? "",
  };
  const t = Math.floor(Date.now() / 1000);
  const message = { id, from, to: chat.id, self: "out", t, ack: 0, isNewMsg: true, local: true, ...invitation };
  // Through the namespace, as whoever replaces it expects.
  const [, sent] = importNamespace("WAWebSendMsgChatAction").addAndSendMsgToChat(chat, message);
  return sent;
}

export function defineInvites() {
  define("WAWebChatSendMessages", { sendGroupInviteMessage });
}
