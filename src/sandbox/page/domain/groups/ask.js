import { ServerError, ServerStatusCodeError } from "../../errors.js";
import { session } from "../../net/session.js";
import { learn } from "../contact.js";

/** @typedef {import("../../net/connection.js").Frame} Frame */

/**
 * An operation of the server, refused as the page's own jobs are.
 *
 * @param {string} op
 * @param {Record<string, any>} [fields]
 * @returns {Promise<Frame>} rejects with `ServerStatusCodeError`, or `ConnectionLost`: it may or may not have been done
 */
export async function ask(op, fields = {}) {
  try {
    return await session.request({ t: "iq", op, ...fields });
  } catch (error) {
    if (error instanceof ServerError) throw new ServerStatusCodeError(error.code, error.message);
    throw error;
  }
}

/**
 * Takes in what is told of people in groups: both forms of their address, where they may be known.
 *
 * @param {{jid: string, lid?: string | null, pn?: string | null, name?: string | null}[]} people
 */
export function learnPeople(people) {
  for (const { jid, lid, pn, name } of people) learn({ jid: pn ?? jid, lid: lid ?? null, pn: pn ?? null, name: name ?? null });
}
