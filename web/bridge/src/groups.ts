/** Groups: founding, people, what they show, invitations and requests. Asked of WhatsApp, not of the page's memory. */

import type { ChatModel, Wid } from "./page";
import { address, alternateOf } from "./address";
import { describe } from "./channel";
import { otherForm, widOf } from "./find";
import type { WireCreation, WireGroup, WirePerson, WirePreview, WireRequest, WireResult } from "./group-protocol";
import { BridgeError } from "./protocol";

type Args = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, unknown>>;

const OK = 200;
/** Not in the group, and no number says why. */
const NO_REASON = 400;
const FORBIDDEN = new Set([401, 403]);
const NOT_FOUND = 404;
const INVITE_INVALID = 406;
const REVOKED = 410;
const FULL = 419;
/** How far WhatsApp's clock and the gateway's may be apart, in seconds. */
const SKEW = 30;
const MAX_REMEMBERED = 1_000;

/** The page's own model of a group; wa-js types a part of it. */
interface Metadata extends Fields {
  readonly id: Wid;
  readonly participants: {
    getModelsArray(): readonly (Fields & { readonly id: Wid })[];
    iAmMember(): boolean;
    iAmAdmin(): boolean;
    iAmSuperAdmin(): boolean;
  };
}

interface Functions {
  queryAllGroups(): Promise<readonly { readonly id: Wid }[]>;
  sendSetGroupSubject(group: Wid, subject: string): Promise<unknown>;
  sendSetGroupDescription(group: Wid, text: string, id: string, previous?: string): Promise<unknown>;
  sendSetGroupProperty(group: Wid, name: string, value: number): Promise<unknown>;
  sendQueryGroupInvite(code: string): Promise<{ readonly groupInfo?: Fields }>;
  joinGroupViaInvite(code: string, approval: boolean): Promise<{ readonly gid: Wid }>;
  randomMessageId(): Promise<string> | string;
}

const functions = (): Functions => WPP.whatsapp.functions as unknown as Functions;
const store = () =>
  WPP.whatsapp.GroupMetadataStore as unknown as {
    get(id: Wid): Metadata | undefined;
    update(id: Wid): Promise<unknown>;
  };

/** The number by which WhatsApp refused, as the page's errors carry it. */
function statusOf(error: unknown): number | undefined {
  const fields = error as Fields | null;
  for (const name of ["status", "statusCode", "code"]) {
    const status = Number(fields?.[name]);
    if (Number.isInteger(status) && status >= 400) return status;
  }
  return undefined;
}

/** Why an account may not do something in a group. */
function forbidden(id: Wid, detail: string): BridgeError {
  const group = store().get(id);
  const member = group?.participants.iAmMember() === true;
  return new BridgeError(member ? "NOT_GROUP_ADMIN" : "NOT_GROUP_MEMBER", detail);
}

/** The reason for a refusal of a message to a group; undefined where it is none of the group's. */
export function refusalInGroup(id: Wid, status: number | undefined): BridgeError | undefined {
  if (id.server !== "g.us") return undefined;
  if (status === NOT_FOUND) return new BridgeError("GROUP_NOT_FOUND", "no such group");
  return status !== undefined && FORBIDDEN.has(status) ? forbidden(id, String(status)) : undefined;
}

function refusal(error: unknown, id?: Wid): unknown {
  if (error instanceof BridgeError) return error;
  const detail = describe(error);
  const status = statusOf(error);
  const code = (error as Fields | null)?.["code"];
  if (code === "group_you_are_not_admin" && id) return forbidden(id, detail);
  if (typeof code === "string" && code.startsWith("you_are_not_allowed") && id) return forbidden(id, detail);
  if (code === "chat_not_found") return new BridgeError("GROUP_NOT_FOUND", detail);
  if (code === "participant_not_exists") return new BridgeError("NUMBER_NOT_ON_WHATSAPP", detail);
  if (status === undefined) return error;
  if (FORBIDDEN.has(status) && id) return forbidden(id, detail);
  if (status === NOT_FOUND) return new BridgeError(id ? "GROUP_NOT_FOUND" : "INVITE_INVALID", detail);
  if (status === INVITE_INVALID) return new BridgeError("INVITE_INVALID", detail);
  if (status === REVOKED) return new BridgeError("INVITE_REVOKED", detail);
  if (status === FULL) return new BridgeError("GROUP_FULL", detail);
  return status < 500 ? new BridgeError("GROUP_REFUSED", detail) : error;
}

async function refusing<T>(work: () => Promise<T>, id?: Wid): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusal(error, id);
  }
}

const groupId = (args: Args): Wid => widOf(String(args["group"]));

/** A group as WhatsApp has it now; of one that the account has left, what the page still knows. */
async function fresh(id: Wid): Promise<Metadata> {
  return refusing(async () => {
    if (!WPP.whatsapp.ChatStore.get(id)) await openGroup(id);
    await store().update(id);
    const group = store().get(id);
    if (!group) throw new BridgeError("GROUP_NOT_FOUND", "the page doesn't know it");
    return group;
  }, id);
}

/** Only a group that the account is in gets a chat: looking at any other must leave no trace in the page. */
async function openGroup(id: Wid): Promise<ChatModel> {
  const all = await functions().queryAllGroups();
  if (!all.some((each) => address(each.id) === address(id))) throw new BridgeError("GROUP_NOT_FOUND", "not in it");
  return WPP.chat.find(id);
}

function person(wid: Wid): WirePerson {
  const alternate = alternateOf(wid);
  return { jid: address(wid) ?? "", ...(alternate ? { alternate } : {}) };
}

function asNumber(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

function wire(group: Metadata): WireGroup {
  const participants = group.participants.getModelsArray().map((each) => ({
    ...person(each.id),
    role: each["isSuperAdmin"] ? ("superadmin" as const) : each["isAdmin"] ? ("admin" as const) : ("member" as const),
  }));
  const owner = address(group["owner"] as Wid | undefined);
  const people = group.participants;
  const me = people.iAmSuperAdmin() ? "superadmin" : people.iAmAdmin() ? "admin" : people.iAmMember() ? "member" : undefined;
  const created = asNumber(group["creation"]);
  return {
    id: address(group.id) ?? "",
    subject: String(group["subject"] ?? ""),
    ...(group["desc"] ? { description: String(group["desc"]) } : {}),
    ...(owner ? { owner } : {}),
    ...(created ? { created } : {}),
    announce: Boolean(group["announce"]),
    restrict: Boolean(group["restrict"]),
    memberAdd: group["memberAddMode"] === "all_member_add" ? "all" : "admin",
    approval: Boolean(group["membershipApprovalMode"]),
    ephemeral: asNumber(group["ephemeralDuration"]) ?? 0,
    lid: Boolean(group["isLidAddressingMode"]),
    ...(me ? { me } : {}),
    size: asNumber(group["size"]) ?? participants.length,
    participants,
  };
}

export const getGroup = async (args: Args): Promise<WireGroup> => wire(await fresh(groupId(args)));

export async function listGroups(): Promise<WireGroup[]> {
  return refusing(async () => {
    const all = await functions().queryAllGroups();
    return all.map((each) => store().get(each.id)).filter((group) => group !== undefined).map(wire);
  });
}

// --- founding

interface Creation {
  readonly token: string;
  readonly subject: string;
  readonly participants: readonly string[];
  /** Unix seconds: when somebody may have begun it. */
  readonly begunAt?: number;
}

/** Creations by token: one that is asked for again while it is under way, or after it, is the same. */
const creations = new Map<string, Promise<WireCreation>>();

export function createGroup(args: Args): Promise<WireCreation> {
  const creation = args as unknown as Creation;
  const known = creations.get(creation.token);
  if (known) return known;
  if (creations.size >= MAX_REMEMBERED) {
    const oldest = creations.keys().next();
    if (!oldest.done) creations.delete(oldest.value);
  }
  const creating = refusing(() => found(creation));
  creations.set(creation.token, creating);
  // What failed may be tried again: whoever does so says since when it may have been done.
  creating.catch(() => creations.delete(creation.token));
  return creating;
}

async function found(creation: Creation): Promise<WireCreation> {
  if (creation.begunAt !== undefined) {
    const earlier = await foundBefore(creation, creation.begunAt);
    if (earlier) return { group: earlier, results: creation.participants.map((asked) => memberOf(earlier, asked)) };
  }
  const people = creation.participants.map(widOf);
  for (const wid of people) {
    // wa-js takes whoever is in its contacts for somebody who exists.
    if (!(await WPP.whatsapp.functions.queryWidExists(wid))?.wid) {
      throw new BridgeError("NUMBER_NOT_ON_WHATSAPP", "one of the participants");
    }
  }
  const create = WPP.group.create as unknown as (subject: string, people: readonly Wid[]) => Promise<Fields>;
  const made = await create(creation.subject, people);
  const group = wire(await fresh(widOf(String(made["gid"]))));
  const codes = made["participants"] as Readonly<Record<string, Fields>>;
  const results = creation.participants.map((asked) => {
    const told = keysOf(asked).map((key) => codes[key]).find((entry) => entry !== undefined);
    return told ? result(asked, told) : memberOf(group, asked);
  });
  return { group, results };
}

/** The group that an earlier try has founded: of this account, since then, with this subject and nobody else in it. */
async function foundBefore(creation: Creation, since: number): Promise<WireGroup | undefined> {
  const wanted = new Set(creation.participants.flatMap(keysOf));
  const own = new Set([address(WPP.conn.getMyUserId()), address(WPP.conn.getMyUserLid())]);
  return (await listGroups()).find(
    (group) =>
      own.has(group.owner) &&
      group.subject === creation.subject &&
      (group.created ?? 0) >= since - SKEW &&
      group.participants.every(({ jid, alternate }) =>
        [jid, alternate].some((each) => each !== undefined && (wanted.has(each) || own.has(each))),
      ),
  );
}

/** Both forms of an address. */
function keysOf(jid: string): string[] {
  const other = address(otherForm(widOf(jid)));
  return other ? [jid, other] : [jid];
}

function memberOf(group: WireGroup, asked: string): WireResult {
  const keys = keysOf(asked);
  const member = group.participants.find(({ jid, alternate }) => keys.includes(jid) || keys.includes(alternate ?? ""));
  return member ? { asked, jid: member.jid, code: OK } : { asked, jid: asked, code: NO_REASON };
}
function result(asked: string, told: Fields): WireResult {
  const code = Number(told["code"] ?? told["error"] ?? OK);
  const invite = told["invite_code"];
  const expires = asNumber(told["invite_code_exp"]);
  return {
    asked,
    jid: address(String(told["wid"] ?? asked)) ?? asked,
    code: Number.isFinite(code) ? code : OK,
    ...(typeof invite === "string" && invite ? { invite } : {}),
    ...(expires ? { expires } : {}),
  };
}

// --- people

const ACTIONS = ["add", "remove", "promote", "demote"] as const;
type Action = (typeof ACTIONS)[number];

export async function changeParticipants(args: Args): Promise<WireResult[]> {
  const id = groupId(args);
  const action = args["action"] as Action;
  const asked = args["participants"] as readonly string[];
  if (!ACTIONS.includes(action)) throw new BridgeError("BAD_ARGUMENT", "no such action");
  const before = wire(await fresh(id));
  if (!before.me) throw new BridgeError("NOT_GROUP_MEMBER", "not in it");
  if (action === "add") {
    if (before.me === "member" && before.memberAdd !== "all") throw new BridgeError("NOT_GROUP_ADMIN", "only admins add");
    return refusing(() => add(id, asked), id);
  }
  if (before.me === "member") throw new BridgeError("NOT_GROUP_ADMIN", "only admins do");
  return refusing(() => changeEach(id, action, asked, before), id);
}

async function add(id: Wid, asked: readonly string[]): Promise<WireResult[]> {
  const told = (await WPP.group.addParticipants(address(id) ?? "", [...asked])) as unknown as Readonly<Record<string, Fields>>;
  return asked.map((jid) => {
    const entry = keysOf(jid).map((key) => told[key]).find((each) => each !== undefined);
    return entry ? result(jid, entry) : { asked: jid, jid, code: NOT_FOUND };
  });
}

/** One by one, because wa-js refuses all of them for one, and tells nothing of each. */
async function changeEach(id: Wid, action: Exclude<Action, "add">, asked: readonly string[], group: WireGroup): Promise<WireResult[]> {
  const text = address(id) ?? "";
  const does: Readonly<Record<Exclude<Action, "add">, (jid: string) => Promise<unknown>>> = {
    remove: (jid) => WPP.group.removeParticipants(text, jid),
    promote: (jid) => WPP.group.promoteParticipants(text, jid),
    demote: (jid) => WPP.group.demoteParticipants(text, jid),
  };
  const results: WireResult[] = [];
  for (const jid of asked) {
    const keys = keysOf(jid);
    const member = group.participants.find((each) => keys.includes(each.jid) || keys.includes(each.alternate ?? ""));
    if (!member) {
      results.push({ asked: jid, jid, code: NOT_FOUND });
      continue;
    }
    const done = (action === "promote" && member.role !== "member") || (action === "demote" && member.role === "member");
    results.push({ asked: jid, jid: member.jid, code: done ? OK : await codeOf(() => does[action](member.jid)) });
  }
  return results;
}

async function codeOf(work: () => Promise<unknown>): Promise<number> {
  try {
    await work();
    return OK;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined) return status;
    // wa-js's own refusals: the founder is neither demoted nor removed.
    if (String((error as Fields | null)?.["code"] ?? "").startsWith("group_participant")) return 403;
    throw error;
  }
}

export async function leaveGroup(args: Args): Promise<true> {
  const id = groupId(args);
  const group = await fresh(id).catch((error: unknown) => {
    if (error instanceof BridgeError && error.code === "NOT_GROUP_MEMBER") return undefined;
    throw error;
  });
  if (group?.participants.iAmMember()) await refusing(() => WPP.group.leave(address(id) ?? ""), id);
  return true;
}

// --- what a group shows

const turns = new Map<string, Promise<void>>();
const noop = (): void => undefined;

/**
 * One change after the other of what a group shows: each sees what the one before it has done, whoever waits for that still.
 * One that isn't begun in its time, which is when its caller gives up, isn't begun at all, and holds up nobody else.
 */
function inTurn<T>(id: Wid, within: number, work: () => Promise<T>): Promise<T> {
  const name = id.toString();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BridgeError("GROUP_BUSY", "the change before it isn't done")), within);
  });
  const done = Promise.race([turns.get(name) ?? Promise.resolve(), late]).then(() => {
    clearTimeout(timer);
    return work();
  });
  const settled = done.then(noop, noop);
  turns.set(name, settled);
  void settled.then(() => {
    if (turns.get(name) === settled) turns.delete(name);
  });
  return done;
}

export function changeGroup(args: Args): Promise<WireGroup> {
  const id = groupId(args);
  return inTurn(id, Number(args["within"]), () => changeNow(id, args));
}

async function changeNow(id: Wid, args: Args): Promise<WireGroup> {
  const group = await fresh(id);
  const now = wire(group);
  if (!now.me) throw new BridgeError("NOT_GROUP_MEMBER", "not in it");
  await refusing(async () => {
    const { subject, description } = args as { subject?: string; description?: string };
    if (subject !== undefined && subject !== now.subject) await functions().sendSetGroupSubject(id, subject);
    if (description !== undefined && description !== (now.description ?? "")) {
      const previous = group["descId"] as string | undefined;
      await functions().sendSetGroupDescription(id, description, await functions().randomMessageId(), previous);
    }
    for (const [name, value, held] of settingsOf(args, now)) {
      if (value !== undefined && value !== held) await functions().sendSetGroupProperty(id, name, Number(value));
    }
  }, id);
  return wire(await fresh(id));
}

/** The page's names of settings, what they are to be, and what they are. */
function settingsOf(args: Args, now: WireGroup): [string, number | boolean | undefined, number | boolean][] {
  const given = args as { announce?: boolean; restrict?: boolean; memberAdd?: string; approval?: boolean; ephemeral?: number };
  const all = given.memberAdd === undefined ? undefined : given.memberAdd === "all";
  return [
    ["announcement", given.announce, now.announce],
    ["restrict", given.restrict, now.restrict],
    ["member_add_mode", all, now.memberAdd === "all"],
    ["membership_approval_mode", given.approval, now.approval],
    ["ephemeral", given.ephemeral, now.ephemeral],
  ];
}

/** `picture` is a data URL; null takes the picture away. */
export async function setGroupPicture(args: Args): Promise<true> {
  const id = groupId(args);
  const group = wire(await fresh(id));
  if (!group.me) throw new BridgeError("NOT_GROUP_MEMBER", "not in it");
  if (group.restrict && group.me === "member") throw new BridgeError("NOT_GROUP_ADMIN", "only admins do");
  const text = address(id) ?? "";
  const picture = args["picture"];
  if (picture === null) {
    await refusing(() => WPP.group.removeIcon(text), id);
    return true;
  }
  const image = new Image();
  image.src = String(picture);
  await image.decode().catch((error: unknown) => {
    throw new BridgeError("PICTURE_UNREADABLE", describe(error));
  });
  await refusing(() => WPP.group.setIcon(text, String(picture)), id);
  return true;
}

// --- invitations and requests

export async function groupInviteCode(args: Args): Promise<string> {
  const id = groupId(args);
  requireAdmin(await fresh(id));
  const told: unknown = await refusing(() => WPP.group.getInviteCode(address(id) ?? ""), id);
  return codeText(told);
}

export async function revokeGroupInvite(args: Args): Promise<string> {
  const id = groupId(args);
  requireAdmin(await fresh(id));
  const told: unknown = await refusing(() => WPP.group.revokeInviteCode(address(id) ?? ""), id);
  return codeText(told);
}

function requireAdmin(group: Metadata): void {
  if (!group.participants.iAmMember()) throw new BridgeError("NOT_GROUP_MEMBER", "not in it");
  if (!group.participants.iAmAdmin()) throw new BridgeError("NOT_GROUP_ADMIN", "only admins do");
}

function codeText(told: unknown): string {
  const fields = told as Fields | string | null;
  const code = typeof fields === "string" ? fields : (fields?.["code"] ?? fields?.["inviteCode"]);
  if (typeof code !== "string" || !code) throw new BridgeError("PAGE_FAULT", "no code");
  return code;
}

async function infoOf(code: string): Promise<Fields> {
  const { groupInfo } = await refusing(() => functions().sendQueryGroupInvite(code));
  if (!groupInfo) throw new BridgeError("INVITE_INVALID", "no group");
  return groupInfo;
}

export async function previewInvite(args: Args): Promise<WirePreview> {
  const info = await infoOf(String(args["code"]));
  const owner = address(info["owner"] as Wid | undefined);
  const created = asNumber(info["creation"]);
  return {
    id: address(info["id"] as Wid) ?? "",
    subject: String(info["subject"] ?? ""),
    ...(info["desc"] ? { description: String(info["desc"]) } : {}),
    ...(owner ? { owner } : {}),
    ...(created ? { created } : {}),
    size: asNumber(info["size"]) ?? 0,
    approval: Boolean(info["membershipApprovalMode"]),
  };
}

export async function joinGroup(args: Args): Promise<{ id: string; pending: boolean }> {
  const code = String(args["code"]);
  const info = await infoOf(code);
  const id = info["id"] as Wid;
  if (store().get(id)?.participants.iAmMember()) return { id: address(id) ?? "", pending: false };
  const approval = Boolean(info["membershipApprovalMode"]);
  try {
    await functions().joinGroupViaInvite(code, approval);
    return { id: address(id) ?? "", pending: approval };
  } catch (error) {
    const told = error as Fields | null;
    // The group's mode has changed between the question and the joining.
    if (told?.["name"] === "UnexpectedJoinGroupViaInviteResponse") {
      return { id: address(id) ?? "", pending: Boolean(told["membershipApprovalMode"]) };
    }
    throw refusal(error);
  }
}

export async function groupRequests(args: Args): Promise<WireRequest[]> {
  const id = groupId(args);
  requireAdmin(await fresh(id));
  const told = (await refusing(() => WPP.group.getMembershipRequests(address(id) ?? ""), id)) as readonly Fields[];
  return told.map((each) => {
    const by = address(each["addedBy"] as Wid | undefined);
    const at = asNumber(each["t"]);
    return { ...person(each["id"] as Wid), method: String(each["requestMethod"] ?? ""), ...(by ? { by } : {}), ...(at ? { at } : {}) };
  });
}

export async function decideRequests(args: Args): Promise<WireResult[]> {
  const id = groupId(args);
  const asked = args["participants"] as readonly string[];
  requireAdmin(await fresh(id));
  const text = address(id) ?? "";
  const waiting = new Set((await groupRequests(args)).flatMap((each) => [each.jid, each.alternate ?? ""]));
  const results: WireResult[] = [];
  for (const jid of asked) {
    const key = keysOf(jid).find((each) => waiting.has(each));
    if (!key) {
      results.push({ asked: jid, jid, code: NOT_FOUND });
      continue;
    }
    const does = args["approve"] === true ? WPP.group.approve : WPP.group.reject;
    const told = (await refusing(() => does(text, key), id)) as unknown as readonly Fields[];
    const error = Number(told[0]?.["error"] ?? OK);
    results.push({ asked: jid, jid: key, code: Number.isFinite(error) && error >= 400 ? error : OK });
  }
  return results;
}
