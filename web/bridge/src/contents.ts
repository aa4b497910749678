/** Sending contents that are neither text nor file. */

import { BridgeError, type WireMessage } from "./protocol";
import { deliverRaw, sendOnce, type Addressed, type RawMessage } from "./send";

type Args = Readonly<Record<string, unknown>>;
type Attributes = Record<string, unknown>;

/** What a poll's, an event's and their answers' secrecy rests on in the page. */
const SECRET_BYTES = 32;

const secret = () => crypto.getRandomValues(new Uint8Array(SECRET_BYTES));

/** A command that sends what `attributes` makes of its arguments. */
function sender<T>(attributes: (content: T) => Attributes | Promise<Attributes>): (args: Args) => Promise<WireMessage> {
  return (args) => {
    const message = args as unknown as Addressed & T;
    return sendOnce(message, async (target) => deliverRaw(message, await attributes(message), target));
  };
}

interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
}

export const sendLocation = sender<Place>(({ latitude, longitude, name, address }) => ({
  type: "location",
  lat: latitude,
  lng: longitude,
  loc: [name, address].filter(Boolean).join("\n"),
}));

interface Card {
  readonly name: string;
  readonly vcard: string;
}

export const sendContacts = sender<{ readonly contacts: readonly Card[] }>(({ contacts }) => {
  const [first, ...others] = contacts;
  if (!first) throw new BridgeError("BAD_ARGUMENT", "no contact card");
  if (others.length === 0) return { type: "vcard", body: first.vcard, vcardFormattedName: first.name };
  return { type: "multi_vcard", vcardList: contacts.map(({ name, vcard }) => ({ displayName: name, vcard })) };
});

interface Poll {
  readonly question: string;
  readonly options: readonly string[];
  /** 0: any number. */
  readonly selectable: number;
}

export const sendPoll = sender<Poll>(({ question, options, selectable }) => ({
  type: "poll_creation",
  kind: "pollCreation",
  pollName: question,
  pollOptions: options.map((name, localId) => ({ name, localId })),
  pollSelectableOptionsCount: selectable,
  pollEncKey: secret(),
  messageSecret: secret(),
}));

interface Invitation {
  readonly name: string;
  readonly description?: string;
  /** Unix seconds. */
  readonly startTime: number;
  readonly endTime?: number;
  readonly location?: Place;
  readonly call?: "voice" | "video";
}

export const sendEvent = sender<Invitation>(async ({ name, description, startTime, endTime, location, call }) => ({
  type: "event_creation",
  kind: "eventCreation",
  eventName: name,
  eventDescription: description ?? "",
  eventStartTime: startTime,
  ...(endTime === undefined ? {} : { eventEndTime: endTime }),
  ...(location ? { eventLocation: eventPlace(location) } : {}),
  ...(call ? { eventJoinLink: await WPP.whatsapp.functions.createEventCallLink(startTime, call) } : {}),
  isEventCanceled: false,
  messageSecret: secret(),
}));

function eventPlace({ latitude, longitude, name, address }: Place): Attributes {
  return { degreesLatitude: latitude, degreesLongitude: longitude, name: name ?? "", ...(address ? { address } : {}) };
}

interface GroupInvitation {
  readonly group: string;
  readonly code: string;
  readonly groupName?: string;
  readonly caption?: string;
  /** Unix seconds; without it the invitation is the group's link. */
  readonly expiresAt?: number;
}

export const sendGroupInvite = sender<GroupInvitation>(({ group, code, groupName, caption, expiresAt }) => {
  if (expiresAt !== undefined) {
    return {
      type: "groups_v4_invite",
      inviteGrp: group,
      inviteCode: code,
      inviteCodeExp: expiresAt,
      inviteGrpName: groupName ?? "",
      comment: caption ?? "",
    };
  }
  const link = `https://chat.whatsapp.com/${code}`;
  const body = caption ? `${caption}\n${link}` : link;
  const shown = { canonicalUrl: link, matchedText: link, title: groupName ?? "", description: body, richPreviewType: 0 };
  return { type: "chat", subtype: "url", inviteGrpType: "DEFAULT", body, ...shown };
});

interface Choice {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
}

interface Interactive {
  readonly body: string;
  readonly header?: string;
  readonly footer?: string;
}

interface Menu extends Interactive {
  readonly button: string;
  readonly sections: readonly { readonly title?: string; readonly rows: readonly Choice[] }[];
}

const SINGLE_SELECT = 1;

export const sendList = sender<Menu>(({ body, header, footer, button, sections }) => ({
  type: "list",
  body,
  ...(footer ? { footer } : {}),
  list: {
    buttonText: button,
    description: body,
    title: header ?? "",
    ...(footer ? { footerText: footer } : {}),
    listType: SINGLE_SELECT,
    sections: sections.map(({ title, rows }) => ({
      title: title ?? "",
      rows: rows.map((row) => ({ rowId: row.id, title: row.title, description: row.description ?? "" })),
    })),
  },
}));

export const sendButtons = sender<Interactive & { readonly buttons: readonly Choice[] }>(
  ({ body, header, footer, buttons }) =>
    WPP.chat.prepareMessageButtons({ type: "chat", body, subtype: null, urlText: null, urlNumber: null } as RawMessage, {
      buttons: buttons.map(({ id, title }) => ({ id, text: title })),
      ...(header ? { title: header } : {}),
      ...(footer ? { footer } : {}),
    }) as Attributes,
);
