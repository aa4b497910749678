import { createWid } from "../../core/wid.js";
import { ServerStatusCodeError } from "../../errors.js";
import { ask } from "./ask.js";

/** Two calls a layer below the jobs, in the shape in which whatsapp-web.js reads their answers. */

const CAN_BE_INVITED = 403;

/** @param {{participantJid: string}[]} args */
const people = (args) => args.map((each) => createWid(each.participantJid).toString());

/** @param {string} jid */
const group = (jid) => createWid(jid).toString();

/**
 * @param {{participantArgs: {participantJid: string}[], iqTo: string}} request
 * @returns {Promise<{name: string, value: any}>}
 */
export async function sendAddParticipantsRPC({ participantArgs, iqTo }) {
  const request = { group: group(iqTo), action: "add", participants: people(participantArgs) };
  let answer;
  try {
    answer = await ask("group_participants", request);
  } catch (error) {
    if (!(error instanceof ServerStatusCodeError)) throw error;
    const value = { errorAddParticipantsClientErrors: { name: "ClientError", value: { code: error.status } } };
    return { name: "AddParticipantsResponseClientError", value };
  }
  return { name: "AddParticipantsResponseSuccess", value: { addParticipant: answer.participants.map(added) } };
}

/** @param {any} result */
function added(result) {
  const mixins =
    result.code === 200
      ? undefined
      : {
          name: result.code === CAN_BE_INVITED ? "ParticipantRequestCodeCanBeSent" : "ParticipantError",
          value: { error: String(result.code), addRequestCode: result.invite_code, addRequestExpiration: result.invite_ts },
        };
  return {
    addParticipantsParticipantAddedOrNonRegisteredWaUserParticipantErrorLidResponseMixinGroup: {
      name: "ParticipantAddedOrNonRegistered",
      value: { jid: result.jid, addParticipantsParticipantMixins: mixins },
    },
  };
}

/**
 * @param {{iqTo: string, approveArgs?: any, rejectArgs?: any}} request
 * @returns {Promise<{name: string, value: any}>}
 */
export async function sendMembershipRequestsActionRPC({ iqTo, approveArgs, rejectArgs }) {
  const decision = approveArgs ? "approve" : "reject";
  const participants = people((approveArgs ?? rejectArgs).participantArgs);
  let answer;
  try {
    answer = await ask("group_requests_decide", { group: group(iqTo), decision, participants });
  } catch (error) {
    if (!(error instanceof ServerStatusCodeError)) throw error;
    return { name: "MembershipRequestsActionResponseClientError", value: { code: error.status } };
  }
  const [part, mixins] = approveArgs
    ? ["membershipRequestsActionApprove", "membershipRequestsActionAcceptParticipantMixins"]
    : ["membershipRequestsActionReject", "membershipRequestsActionRejectParticipantMixins"];
  const participant = answer.participants.map((/** @type {any} */ each) => ({
    jid: each.jid,
    [mixins]: each.code === 200 ? undefined : { name: "ParticipantError", value: { error: String(each.code) } },
  }));
  return { name: "MembershipRequestsActionResponseSuccess", value: { [part]: { participant } } };
}
