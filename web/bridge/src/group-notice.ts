/** Messages by which a group's members read what was done there. */

import type { MsgModel } from "./page";
import { address, addresses } from "./address";
import type { WireNotice } from "./group-protocol";

export const NOTICE = "gp2";
const LONGEST = 4_096;

export function noticeOf(msg: MsgModel): { notice: WireNotice } {
  const fields = msg as unknown as Readonly<Record<string, unknown>>;
  const people = addresses(fields["recipients"]);
  const own = [address(WPP.conn.getMyUserId())];
  try {
    own.push(address(WPP.conn.getMyUserLid()));
  } catch {
    // An account without a LID is known by its number alone.
  }
  const body = fields["body"];
  return {
    notice: {
      kind: String(fields["subtype"] ?? ""),
      people,
      mine: people.some((jid) => own.includes(jid)),
      ...(typeof body === "string" && body ? { text: body.slice(0, LONGEST) } : {}),
    },
  };
}
