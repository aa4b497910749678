/** People: the address book, what WhatsApp tells of them, and who is blocked. */

import type { ContactModel, Wid } from "./page";
import { address, alternateOf } from "./address";
import { type Channel, describe } from "./channel";
import { otherForm, widOf } from "./find";
import { safely } from "./normalise";
import type { WireContact } from "./people-protocol";
import { BridgeError } from "./protocol";

const CONCURRENT = 8;

type Args = Readonly<Record<string, unknown>>;

function blocked(wid: Wid): boolean {
  const other = otherForm(wid);
  return [wid, other].some((form) => form && safely(() => WPP.whatsapp.BlocklistStore.get(form)));
}

/** Nobody writes to whom they have blocked: the page's own input is locked then, too. */
export function refuseBlocked(wid: Wid): void {
  if (blocked(wid)) throw new BridgeError("CONTACT_BLOCKED", "the account has blocked this person");
}

/** Why WhatsApp refuses what it gives no reason for: the block may have been put elsewhere meanwhile. */
export function explained(error: unknown, wid: Wid): unknown {
  const open = error instanceof BridgeError && error.code === "SEND_REFUSED" && blocked(wid);
  return open ? new BridgeError("CONTACT_BLOCKED", error.message) : error;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

export function wireContact(contact: ContactModel): WireContact {
  const alternate = alternateOf(contact.id);
  const fields = {
    alternate,
    username: text((contact as unknown as { username?: unknown }).username),
    name: text(contact.name),
    pushName: text(contact.pushname),
    verifiedName: text(contact.verifiedName),
  };
  return {
    jid: address(contact.id) ?? String(contact.id),
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    saved: Boolean(safely(() => contact.isMyContact)),
    business: Boolean(contact.isBusiness),
    blocked: blocked(contact.id),
    me: Boolean(safely(() => contact.isMe)),
  };
}

function known(wid: Wid): ContactModel | undefined {
  const other = otherForm(wid);
  return WPP.whatsapp.ContactStore.get(wid) ?? (other && WPP.whatsapp.ContactStore.get(other));
}

/** Whoever has this address; asked of WhatsApp where the page doesn't know them. */
async function person(args: Args): Promise<ContactModel> {
  const wid = widOf(String(args["jid"]));
  const held = known(wid);
  if (held) return held;
  const found = await WPP.whatsapp.functions.queryWidExists(wid);
  if (!found?.wid) throw new BridgeError("NUMBER_NOT_ON_WHATSAPP", "no such account");
  const contact = known(found.wid) ?? (await WPP.whatsapp.ContactStore.find(wid));
  if (!contact) throw new BridgeError("NUMBER_NOT_ON_WHATSAPP", "no such account");
  return contact;
}

/** One entry per person: a page may hold one under each form of the address. */
export function listContacts(args: Args): WireContact[] {
  const people = WPP.whatsapp.ContactStore.getModelsArray().filter(
    ({ id }) => id.isUser() && !id.isPSA() && !id.isServer() && !id.isBot(),
  );
  const once = people.filter(({ id }) => {
    const other = id.isLid() ? otherForm(id) : undefined;
    return !(other && WPP.whatsapp.ContactStore.get(other));
  });
  const all = once.map((contact) => wireContact(contact));
  return args["saved"] === true ? all.filter((contact) => contact.saved) : all;
}

export const getContact = async (args: Args): Promise<WireContact> => wireContact(await person(args));

interface WireExistence {
  readonly asked: string;
  readonly jid?: string;
  readonly lid?: string;
  readonly username?: string;
}

async function existence(asked: string): Promise<WireExistence> {
  let wid: Wid | undefined;
  let username: string | undefined;
  if (asked.startsWith("@")) {
    const found = await WPP.contact.queryUsernameExists(asked);
    if (found && "wid" in found) {
      wid = found.wid;
      username = found.username ?? asked.slice(1);
    }
  } else {
    const given = widOf(asked);
    const found = await WPP.whatsapp.functions.queryWidExists(given);
    // What was asked by is an address of theirs, too.
    wid = found?.wid ? given : undefined;
  }
  if (!wid) return { asked };
  const forms = [address(wid), alternateOf(wid)];
  const jid = forms.find((form) => form?.endsWith("@c.us"));
  const lid = forms.find((form) => form?.endsWith("@lid"));
  return { asked, ...(jid ? { jid } : {}), ...(lid ? { lid } : {}), ...(username ? { username } : {}) };
}

export async function existAll(args: Args): Promise<WireExistence[]> {
  const asked = (args["asked"] as readonly unknown[]).map(String);
  const found: WireExistence[] = [];
  for (let start = 0; start < asked.length; start += CONCURRENT) {
    found.push(...(await Promise.all(asked.slice(start, start + CONCURRENT).map(existence))));
  }
  return found;
}

export async function picture(args: Args): Promise<string | null> {
  const { id } = await person(args);
  return (await WPP.contact.getProfilePictureUrl(id)) ?? null;
}

export async function about(args: Args): Promise<string | null> {
  const { id } = await person(args);
  const told: unknown = await WPP.contact.getStatus(id);
  return typeof told === "string" ? told : null;
}

interface WireBusiness {
  readonly description?: string;
  readonly email?: string;
  readonly address?: string;
  readonly websites: readonly string[];
  readonly categories: readonly string[];
}

/** Texts out of what may be one, several, or objects that have one under a name. */
function texts(value: unknown, name: string): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const words = items.map((item) => text(item) ?? text((item as Record<string, unknown> | null | undefined)?.[name]));
  return words.filter((word) => word !== undefined);
}

export async function business(args: Args): Promise<WireBusiness | null> {
  const { id } = await person(args);
  const profile = (await WPP.contact.getBusinessProfile(id)) as unknown as Record<string, unknown> | undefined;
  if (!profile) return null;
  const single = {
    description: text(profile["description"]),
    email: text(profile["email"]),
    address: text(profile["address"]),
  };
  return {
    ...Object.fromEntries(Object.entries(single).filter(([, value]) => value !== undefined)),
    websites: texts(profile["website"], "url"),
    categories: texts(profile["categories"], "localized_display_name"),
  };
}

export async function commonGroups(args: Args): Promise<string[]> {
  const { id } = await person(args);
  const groups = await WPP.contact.getCommonGroups(id);
  return groups.map((group) => address(group)).filter((group) => group !== undefined);
}

/** What is refused for a reason that the page doesn't put into words. */
async function changing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    throw new BridgeError("CHANGE_REFUSED", describe(error));
  }
}

export async function saveContact(args: Args): Promise<WireContact> {
  const contact = await person(args);
  const { id } = contact;
  const firstName = String(args["firstName"]);
  const lastName = String(args["lastName"] ?? "");
  const onPhone = args["onPhone"] === true;
  await changing(async () => {
    if (id.isLid() && !otherForm(id)) {
      // wa-js's own function wants a number.
      await WPP.whatsapp.functions.saveContactActionV2({
        phoneNumber: null as never,
        prevPhoneNumber: null as never,
        lid: id.user,
        username: null as never,
        firstName,
        lastName,
        syncToAddressbook: onPhone,
      });
      return;
    }
    await WPP.contact.save(id, firstName, { lastName, syncAddressBook: onPhone });
  });
  return wireContact(known(id) ?? contact);
}

export async function removeContact(args: Args): Promise<WireContact> {
  const contact = await person(args);
  if (safely(() => contact.isMyContact)) await changing(() => WPP.contact.remove(contact.id));
  return wireContact(known(contact.id) ?? contact);
}

export function listBlocked(): WireContact[] {
  return WPP.whatsapp.BlocklistStore.getModelsArray().map((entry) => {
    const wid = entry.id as unknown as Wid;
    return wireContact(known(wid) ?? new WPP.whatsapp.ContactModel({ id: wid } as never));
  });
}

async function setBlocked(args: Args, wanted: boolean): Promise<WireContact> {
  const contact = await person(args);
  if (blocked(contact.id) !== wanted) {
    await changing(() =>
      wanted ? WPP.blocklist.blockContact(contact.id) : WPP.blocklist.unblockContact(contact.id),
    );
  }
  return { ...wireContact(contact), blocked: wanted };
}

export const block = (args: Args): Promise<WireContact> => setBlocked(args, true);
export const unblock = (args: Args): Promise<WireContact> => setBlocked(args, false);

// --- news

const BLOCKED = "change:isContactBlocked";
const FOLLOWED = ["change:name", BLOCKED, "change:username"];

export function followContacts(channel: Channel): void {
  for (const event of FOLLOWED) {
    WPP.whatsapp.ContactStore.on(event, (contact: ContactModel) => {
      try {
        if (!contact.id.isUser()) return;
        const told = wireContact(contact);
        // The list of who is blocked may be changed only after the person's own field, whose event this is.
        const own = event === BLOCKED ? { blocked: contact.isContactBlocked === true } : {};
        channel.tellPeople({ kind: "contact", contact: { ...told, ...own } });
      } catch (error) {
        channel.fault("contact", error);
      }
    });
  }
}
