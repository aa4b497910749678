import { createWid } from "../../core/wid.js";
import { define } from "../../loader.js";
import { lidPnCache } from "../contact.js";

/** Contact cards (RFC 2426), as phones write them: the number with the account's own address. */

/** @param {string} text */
const escape = (text) => text.replace(/[\\;,]/g, "\\$&").replace(/\n/g, "\\n");
/** @param {string} text */
const unescape = (text) => text.replace(/\\n/gi, "\n").replace(/\\([\\;,:])/g, "$1");

/**
 * @param {any} contact
 * @returns {{displayName: string, vcard: string}}
 */
function vcardFromContactModel(contact) {
  const wid = createWid(String(contact.id));
  const phone = wid.isLid() ? lidPnCache.getPhoneNumber(wid) : wid;
  const displayName = String(contact.formattedName ?? contact.name ?? contact.pushname ?? `+${wid.user}`);
  const number = phone ? [`TEL;type=CELL;waid=${phone.user}:+${phone.user}`] : [];
  const name = escape(displayName);
  const lines = ["BEGIN:VCARD", "VERSION:3.0", `N:;${name};;;`, `FN:${name}`, ...number, "END:VCARD"];
  return { displayName, vcard: lines.join("\n") };
}

/**
 * A card's properties by name, in order; throws for what is no card.
 *
 * @param {string} text
 */
function parseVcard(text) {
  const lines = text.replace(/\r?\n[ \t]/g, "").split(/\r?\n/).filter(Boolean);
  if (!/^BEGIN:VCARD$/i.test(lines[0] ?? "") || !/^END:VCARD$/i.test(lines.at(-1) ?? "")) throw new Error("not a vCard");
  /** @type {Record<string, {parameters: string[], value: string}[]>} */
  const properties = {};
  for (const line of lines.slice(1, -1)) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const [name = "", ...parameters] = line.slice(0, colon).split(";");
    const key = name.replace(/^.*\./, "").toLowerCase();
    (properties[key] ??= []).push({ parameters, value: unescape(line.slice(colon + 1)) });
  }
  return properties;
}

/** @param {ReturnType<typeof parseVcard>} parsed */
function vcardGetNameFromParsed(parsed) {
  const structured = parsed.n?.[0]?.value.split(";") ?? [];
  return parsed.fn?.[0]?.value || [structured[1], structured[0]].filter(Boolean).join(" ");
}

export function defineVcards() {
  define("WAWebFrontendVcardUtils", { vcardFromContactModel });
  define("WAWebVcardParsingUtils", { parseVcard });
  define("WAWebVcardGetNameFromParsed", { vcardGetNameFromParsed });
}
