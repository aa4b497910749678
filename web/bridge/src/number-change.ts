/** WhatsApp's notices that somebody has another phone number. */

import type { MsgModel, Wid } from "./page";
import { address, addresses } from "./address";
import { NOTICE } from "./group-notice";
import type { WireMessage } from "./protocol";

type Given = Wid | string | undefined;

/**
 * Read as whatsapp-web.js 1.34.7 does (`Client.js`, `contact_changed`): of a contact `templateParams` holds both numbers and
 * `to` the new one; of a group's member `author` is the old number, the first of `recipients` the new one.
 */
export function numberChangeOf(msg: MsgModel, type: string): Pick<WireMessage, "numberChange"> {
  const fields = msg as unknown as Readonly<Record<string, unknown>>;
  const [before, now] = numbersOf(fields, type);
  return before && now && before !== now ? { numberChange: { before, now } } : {};
}

function numbersOf(fields: Readonly<Record<string, unknown>>, type: string): (string | undefined)[] {
  if (type === "notification_template" && fields["subtype"] === "change_number") {
    const now = address(fields["to"] as Given);
    return [addresses(fields["templateParams"]).find((jid) => jid !== now), now];
  }
  if (type === NOTICE && fields["subtype"] === "modify") {
    return [address(fields["author"] as Given), addresses(fields["recipients"])[0]];
  }
  return [];
}
