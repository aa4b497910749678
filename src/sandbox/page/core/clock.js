/** The server's clock: this machine's, and what the sandbox's is ahead of it. */

let ahead = 0;
/** How old a message may be for what, in milliseconds, as the server said. */
const windows = { edit: 0, revoke: 0 };

/** @param {number} ms */
export function setAhead(ms) {
  ahead = ms;
}

/** @param {{edit_ms: number, revoke_ms: number}} told */
export function setWindows(told) {
  windows.edit = told.edit_ms;
  windows.revoke = told.revoke_ms;
}

/** Milliseconds since 1970. */
export const now = () => Date.now() + ahead;

/**
 * @param {number} t Unix seconds
 * @param {"edit" | "revoke"} what
 */
export const isWithin = (t, what) => now() - t * 1000 <= windows[what];
