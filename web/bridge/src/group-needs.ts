/** What the abilities of groups need of wa-js. */

export interface Need {
  readonly name: string;
  readonly get: () => unknown;
  readonly kind: "function" | "object";
}

const fn = (name: string, get: () => unknown): Need => ({ name, get, kind: "function" });

/** wa-js's functions of groups, by their names below `group`. */
const own = (name: keyof typeof WPP.group): Need => fn(`group.${String(name)}`, () => WPP.group[name]);
/** The page's own, by their names below `whatsapp.functions`. */
const page = (name: string): Need =>
  fn(`whatsapp.functions.${name}`, () => (WPP.whatsapp.functions as unknown as Readonly<Record<string, unknown>>)[name]);

const GROUPS: readonly Need[] = [
  { name: "whatsapp.GroupMetadataStore", get: () => WPP.whatsapp.GroupMetadataStore, kind: "object" },
  { name: "whatsapp.ChatStore", get: () => WPP.whatsapp.ChatStore, kind: "object" },
  page("queryAllGroups"),
];

export const GROUP_NEEDS: Readonly<Record<string, readonly Need[]>> = {
  LIST_GROUPS: GROUPS,
  CREATE_GROUP: [...GROUPS, own("create"), page("createGroup"), page("queryWidExists")],
  CHANGE_GROUP: [
    ...GROUPS,
    page("sendSetGroupSubject"),
    page("sendSetGroupDescription"),
    page("sendSetGroupProperty"),
    page("randomMessageId"),
  ],
  GROUP_PICTURE: [...GROUPS, own("setIcon"), own("removeIcon"), page("sendSetPicture"), page("requestDeletePicture")],
  GROUP_PARTICIPANTS: [
    ...GROUPS,
    own("addParticipants"),
    own("removeParticipants"),
    own("promoteParticipants"),
    own("demoteParticipants"),
    page("sendAddParticipants"),
    page("removeParticipants"),
    page("promoteParticipants"),
    page("demoteParticipants"),
  ],
  LEAVE_GROUP: [...GROUPS, own("leave"), page("sendExitGroup")],
  GROUP_INVITE: [...GROUPS, own("getInviteCode"), own("revokeInviteCode"), page("fetchMexGroupInviteCode"), page("resetGroupInviteCode")],
  JOIN_GROUP: [...GROUPS, page("sendQueryGroupInvite"), page("joinGroupViaInvite")],
  GROUP_REQUESTS: [
    ...GROUPS,
    own("getMembershipRequests"),
    own("approve"),
    own("reject"),
    page("getMembershipApprovalRequests"),
    page("membershipApprovalRequestAction"),
  ],
};
