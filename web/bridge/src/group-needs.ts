/** What the abilities of groups need of wa-js. */

export interface Need {
  readonly name: string;
  readonly get: () => unknown;
  readonly kind: "function" | "object";
}

const obj = (name: string, get: () => unknown): Need => ({ name, get, kind: "object" });
const fn = (name: string, get: () => unknown): Need => ({ name, get, kind: "function" });

/** One of the page's own functions; wa-js types a part of them. */
const page = (name: string): unknown => (WPP.whatsapp.functions as unknown as Readonly<Record<string, unknown>>)[name];

const GROUPS: readonly Need[] = [
  obj("whatsapp.GroupMetadataStore", () => WPP.whatsapp.GroupMetadataStore),
  obj("whatsapp.ChatStore", () => WPP.whatsapp.ChatStore),
  fn("whatsapp.functions.queryAllGroups", () => page("queryAllGroups")),
];

export const GROUP_NEEDS: Readonly<Record<string, readonly Need[]>> = {
  LIST_GROUPS: GROUPS,
  CREATE_GROUP: [...GROUPS, fn("group.create", () => WPP.group.create), fn("whatsapp.functions.createGroup", () => page("createGroup")), fn("whatsapp.functions.queryWidExists", () => page("queryWidExists"))],
  CHANGE_GROUP: [
    ...GROUPS,
    fn("whatsapp.functions.sendSetGroupSubject", () => page("sendSetGroupSubject")),
    fn("whatsapp.functions.sendSetGroupDescription", () => page("sendSetGroupDescription")),
    fn("whatsapp.functions.sendSetGroupProperty", () => page("sendSetGroupProperty")),
    fn("whatsapp.functions.randomMessageId", () => page("randomMessageId")),
  ],
  GROUP_PICTURE: [...GROUPS, fn("group.setIcon", () => WPP.group.setIcon), fn("group.removeIcon", () => WPP.group.removeIcon), fn("whatsapp.functions.sendSetPicture", () => page("sendSetPicture")), fn("whatsapp.functions.requestDeletePicture", () => page("requestDeletePicture"))],
  GROUP_PARTICIPANTS: [
    ...GROUPS,
    fn("group.addParticipants", () => WPP.group.addParticipants),
    fn("group.removeParticipants", () => WPP.group.removeParticipants),
    fn("group.promoteParticipants", () => WPP.group.promoteParticipants),
    fn("group.demoteParticipants", () => WPP.group.demoteParticipants),
    fn("whatsapp.functions.sendAddParticipants", () => page("sendAddParticipants")),
    fn("whatsapp.functions.removeParticipants", () => page("removeParticipants")),
    fn("whatsapp.functions.promoteParticipants", () => page("promoteParticipants")),
    fn("whatsapp.functions.demoteParticipants", () => page("demoteParticipants")),
  ],
  LEAVE_GROUP: [...GROUPS, fn("group.leave", () => WPP.group.leave), fn("whatsapp.functions.sendExitGroup", () => page("sendExitGroup"))],
  GROUP_INVITE: [...GROUPS, fn("group.getInviteCode", () => WPP.group.getInviteCode), fn("group.revokeInviteCode", () => WPP.group.revokeInviteCode), fn("whatsapp.functions.fetchMexGroupInviteCode", () => page("fetchMexGroupInviteCode")), fn("whatsapp.functions.resetGroupInviteCode", () => page("resetGroupInviteCode"))],
  JOIN_GROUP: [...GROUPS, fn("whatsapp.functions.sendQueryGroupInvite", () => page("sendQueryGroupInvite")), fn("whatsapp.functions.joinGroupViaInvite", () => page("joinGroupViaInvite"))],
  GROUP_REQUESTS: [
    ...GROUPS,
    fn("group.getMembershipRequests", () => WPP.group.getMembershipRequests),
    fn("group.approve", () => WPP.group.approve),
    fn("group.reject", () => WPP.group.reject),
    fn("whatsapp.functions.getMembershipApprovalRequests", () => page("getMembershipApprovalRequests")),
    fn("whatsapp.functions.membershipApprovalRequestAction", () => page("membershipApprovalRequestAction")),
  ],
};
