/** What messages hold that are neither text nor file, as plain JSON. */

import type { MsgModel } from "./page";
import { address } from "./address";
import type { WirePreview } from "./protocol";

type Fields = Readonly<Record<string, unknown>>;
type Facts = Record<string, unknown>;

const MAX_TEXT = 65_536;
const MAX_ITEMS = 1_000;

const record = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, MAX_TEXT) : "");
const list = (value: unknown): Fields[] => {
  const items: unknown = typeof (value as { serialize?: unknown } | null)?.serialize === "function"
    ? (value as { serialize: () => unknown }).serialize()
    : value;
  return Array.isArray(items) ? items.slice(0, MAX_ITEMS).map(record) : [];
};

function count(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Leaves out what isn't there, or is an empty text. */
const present = (fields: Facts): Facts =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));

function placeOf(latitude: unknown, longitude: unknown, name: string, addressed: string): Facts | undefined {
  const [lat, lng] = [count(latitude), count(longitude)];
  if (lat === undefined || lng === undefined) return undefined;
  return { latitude: lat, longitude: lng, ...present({ name, address: addressed }) };
}

/** The first line of what a location says of itself is its name, the rest its address (wa-js, `sendLocationMessage`). */
function locationOf(fields: Fields): Facts | undefined {
  const [name = "", ...rest] = text(fields["loc"]).split("\n");
  const place = placeOf(fields["lat"], fields["lng"], name, rest.join("\n"));
  return place && { ...place, ...(fields["isLive"] === true ? { live: true } : {}) };
}

function contactsOf(fields: Fields): Facts {
  const cards = fields["type"] === "vcard" ? [{ displayName: fields["vcardFormattedName"], vcard: fields["body"] }] : list(fields["vcardList"]);
  return { contacts: cards.map((card) => present({ name: text(card["displayName"]), vcard: text(card["vcard"]) })) };
}

function pollOf(fields: Fields): Facts {
  return {
    question: text(fields["pollName"]),
    options: list(fields["pollOptions"]).map((option) => text(option["name"])),
    selectable: Math.max(0, Math.trunc(count(fields["pollSelectableOptionsCount"]) ?? 0)),
  };
}

export function eventOf(fields: Fields): Facts | undefined {
  const startTime = count(fields["eventStartTime"]);
  if (startTime === undefined) return undefined;
  const place = record(fields["eventLocation"]);
  const location = placeOf(place["degreesLatitude"], place["degreesLongitude"], text(place["name"]), text(place["address"]));
  const link = text(fields["eventJoinLink"]);
  const endTime = count(fields["eventEndTime"]);
  return {
    name: text(fields["eventName"]),
    startTime,
    ...(endTime === undefined ? {} : { endTime }),
    ...present({ description: text(fields["eventDescription"]).trim() }),
    ...(location ? { location } : {}),
    ...(link ? { call: link.includes("/video/") ? "video" : "voice" } : {}),
    ...(fields["isEventCanceled"] === true ? { canceled: true } : {}),
  };
}

function inviteOf(fields: Fields): Facts | undefined {
  const group = address(fields["inviteGrp"] as Parameters<typeof address>[0]);
  const expiresAt = count(fields["inviteCodeExp"]);
  if (!group) return undefined;
  const names = { groupName: text(fields["inviteGrpName"]), caption: text(fields["comment"]) };
  return { group, code: text(fields["inviteCode"]), ...present(names), ...(expiresAt ? { expiresAt } : {}) };
}

function listOf(fields: Fields): Facts {
  const menu = record(fields["list"]);
  return {
    body: text(menu["description"]) || text(fields["body"]),
    button: text(menu["buttonText"]),
    ...present({ header: text(menu["title"]), footer: text(menu["footerText"]) || text(fields["footer"]) }),
    sections: list(menu["sections"]).map((section) => ({
      ...present({ title: text(section["title"]) }),
      rows: list(section["rows"]).map((row) => ({
        id: text(row["rowId"]),
        title: text(row["title"]),
        ...present({ description: text(row["description"]) }),
      })),
    })),
  };
}

/** Buttons below a text: wa-js's, or those that whatsapp-web.js sends. */
function buttonsOf(fields: Fields): Facts | undefined {
  const templates = list(fields["buttons"]).map((button) => ({
    id: text(button["selectionId"]) || text(button["id"]),
    title: text(button["displayText"]),
  }));
  const replies = list(fields["dynamicReplyButtons"]).map((button) => ({
    id: text(button["buttonId"]),
    title: text(record(button["buttonText"])["displayText"]),
  }));
  const buttons = templates.length > 0 ? templates : replies;
  if (buttons.length === 0) return undefined;
  const parts = { header: text(fields["title"]).trim(), footer: text(fields["footer"]).trim() };
  return { type: "buttons", body: text(fields["body"]) || text(fields["caption"]), buttons, ...present(parts) };
}

function listReplyOf(fields: Fields): Facts {
  const reply = record(fields["listResponse"]);
  const id = text(record(reply["singleSelectReply"])["selectedRowId"]);
  const title = text(reply["title"]) || text(fields["body"]);
  return { choice: { id, title, ...present({ description: text(reply["description"]) }) } };
}

function buttonReplyOf(fields: Fields): Facts {
  const id = text(fields["selectedButtonId"]) || text(fields["selectedId"]);
  return { choice: { id, title: text(fields["body"]) } };
}

const FACTS: Readonly<Record<string, (fields: Fields) => Facts | undefined>> = {
  location: locationOf,
  vcard: contactsOf,
  multi_vcard: contactsOf,
  poll_creation: pollOf,
  event_creation: eventOf,
  groups_v4_invite: inviteOf,
  list: listOf,
  chat: buttonsOf,
  list_response: listReplyOf,
  buttons_response: buttonReplyOf,
  template_button_reply: buttonReplyOf,
};

/** The fields of a content of these types; undefined for any other, and for one that lacks what makes it one. */
export function factsOf(msg: MsgModel, type: string): Facts | undefined {
  return FACTS[type]?.(msg as unknown as Fields);
}

/** What a text shows of a link in it. */
export function previewOf(msg: MsgModel): WirePreview | undefined {
  const fields = msg as unknown as Fields;
  const url = text(fields["matchedText"]) || text(fields["canonicalUrl"]);
  if (!url) return undefined;
  const thumbnail = text(fields["thumbnail"]);
  const shown = { title: text(fields["title"]), description: text(fields["description"]) };
  return { url, ...present(shown), ...(isBase64(thumbnail) ? { thumbnail } : {}) };
}

const isBase64 = (value: string) => value.length > 0 && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
