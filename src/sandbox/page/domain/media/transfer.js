import { ConnectionLost } from "../../errors.js";
import { session } from "../../net/session.js";
import { decryptMedia, encryptMedia } from "./crypto.js";
import { KEY_INFO } from "./kinds.js";

/** Files to the server and back, encrypted. */

/** The server refused an upload, or can't give a file; `status` is HTTP's. */
export class MediaTransferError extends Error {
  /**
   * @param {string} what
   * @param {number} status
   */
  constructor(what, status) {
    super(`${what}: the server answered ${status}`);
    this.name = "MediaTransferError";
    this.status = status;
  }
}

/** Whoever waits for the next login. @type {(() => void)[]} */
let waiting = [];

export function followLogins() {
  session.onLogin(() => {
    const resumed = waiting;
    waiting = [];
    for (const resume of resumed) resume();
  });
}

/** @returns {Promise<void>} */
function loggedIn() {
  return new Promise((resolve) => {
    if (session.loggedIn) resolve();
    else waiting.push(resolve);
  });
}

/** The pass to upload with. @type {{auth: string, until: number} | null} */
let pass = null;

/** @returns {Promise<string>} */
async function mediaConn() {
  while (!pass || pass.until <= Date.now()) {
    await loggedIn();
    try {
      const answer = await session.request({ t: "iq", op: "media_conn" });
      pass = { auth: answer.auth, until: Date.now() + answer.ttl_ms };
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }
  return pass.auth;
}

/** @typedef {{url: string, directPath: string, mediaKey: string, mediaKeyTimestamp: number, filehash: string, encFilehash: string}} Uploaded */

/**
 * @param {{blob: Blob, type: string, mediaKey?: string, signal?: AbortSignal, uploadQpl?: any}} request `type`: the kind
 * @returns {Promise<Uploaded>} rejects with `MediaTransferError`, or with the browser's `TypeError` when no answer came
 */
export async function encryptAndUpload({ blob, type, mediaKey, signal }) {
  const encrypted = await encryptMedia(await blob.arrayBuffer(), type, mediaKey);
  const token = encrypted.encFilehash.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const post = async () => {
    const target = `/mms/${encodeURIComponent(type)}/${token}?auth=${encodeURIComponent(await mediaConn())}`;
    return fetch(target, { method: "POST", body: encrypted.blob, ...(signal ? { signal } : {}) });
  };
  let answer = await post();
  if (answer.status === 401) {
    // The server was started anew, or the pass ran out on the way.
    pass = null;
    answer = await post();
  }
  if (!answer.ok) throw new MediaTransferError("the upload failed", answer.status);
  const { url, direct_path: directPath } = await answer.json();
  const { filehash, encFilehash } = encrypted;
  const mediaKeyTimestamp = Math.floor(Date.now() / 1000);
  return { url, directPath, mediaKey: encrypted.mediaKey, mediaKeyTimestamp, filehash, encFilehash };
}

/**
 * @param {{directPath: string, type: string, mediaKey: string, filehash?: string, encFilehash?: string, signal?: AbortSignal}} request
 * @returns {Promise<ArrayBuffer>} rejects with `MediaTransferError` (404 never there, 410 no longer), `MediaDecryptionError`,
 *   or the browser's `TypeError` when no answer came
 */
export async function downloadAndMaybeDecrypt({ directPath, type, mediaKey, filehash, encFilehash, signal }) {
  // A sender writes the path: it must not lead to another server.
  if (typeof directPath !== "string" || !/^\/[^/\\]/.test(directPath)) throw new MediaTransferError("no path", 404);
  if (!KEY_INFO[type]) throw new MediaTransferError(`no media of the type "${type}"`, 404);
  const answer = await fetch(`${location.origin}${directPath}`, { ...(signal ? { signal } : {}) });
  if (!answer.ok) throw new MediaTransferError("the download failed", answer.status);
  const expected = { mediaKey, ...(filehash ? { filehash } : {}), ...(encFilehash ? { encFilehash } : {}) };
  return decryptMedia(await answer.arrayBuffer(), type, expected);
}
