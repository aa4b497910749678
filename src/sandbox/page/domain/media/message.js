import { memoryCache, mediaStore } from "./caches.js";
import { MediaDecryptionError } from "./crypto.js";
import { isMediaType, msgToMediaType, shouldUseMediaCache } from "./kinds.js";
import { MediaDataModel, getOrCreateMediaObject } from "./objects.js";
import { OpaqueData } from "./opaque.js";
import { MediaTransferError } from "./transfer.js";
import { importNamespace } from "../../loader.js";

/** The files of messages: what a message says of its own, and fetching it. */

/** How long a message holds a file that it fetched, so that whoever asked can take it. */
const HELD_MS = 60_000;
const GONE = new Set([404, 410]);

/** A `MediaDataModel`, whose attributes are properties. @typedef {any} MediaData */

/** @type {WeakMap<any, MediaData>} */
const known = new WeakMap();

/**
 * @param {any} msg
 * @returns {MediaData} nothing when the message holds no file
 */
export function mediaDataOf(msg) {
  const { attributes } = msg;
  if (!attributes || !isMediaType(attributes.type)) return undefined;
  const held = known.get(msg);
  if (held && held.filehash === attributes.filehash && held.directPath === attributes.directPath) return held;
  /** @type {MediaData} */
  const data = new MediaDataModel(describe(attributes));
  known.set(msg, data);
  data.on("change:mediaStage", () => msg.trigger("change:mediaData.mediaStage", msg, data.mediaStage));
  return data;
}

/** @param {Record<string, any>} attributes of a message */
function describe(attributes) {
  const { width, height, filehash } = attributes;
  const named = [
    "type", "directPath", "mediaKey", "mediaKeyTimestamp", "encFilehash", "size", "mimetype", "duration", "filename",
    "pageCount", "isAnimated", "isGif", "isViewOnce", "waveform",
  ].map((name) => [name, attributes[name]]);
  return {
    ...Object.fromEntries(named.filter(([, value]) => value !== undefined)),
    filehash,
    fullWidth: width,
    fullHeight: height,
    aspectRatio: width && height ? width / height : undefined,
    mediaStage: memoryCache.has(filehash) ? "RESOLVED" : "INIT",
  };
}

/** @param {any} msg */
export function mediaObjectOf(msg) {
  const { attributes } = msg;
  if (!attributes?.filehash || !isMediaType(attributes.type)) return undefined;
  return getOrCreateMediaObject(attributes.filehash).consolidate({ type: attributes.type, size: attributes.size });
}

/** Downloads under way. @type {WeakMap<any, Promise<void>>} */
const running = new WeakMap();

/**
 * Fetches a message's file. What becomes of it is told by `mediaData.mediaStage`, not by an error: `RESOLVED`, or
 * `ERROR_MISSING` (the server has it no longer), `ERROR_UNSUPPORTED` (it isn't what the message says), `ERROR_UNKNOWN`.
 *
 * @param {any} msg
 * @returns {Promise<void>}
 */
export function downloadMedia(msg) {
  const under = running.get(msg) ?? fetchMedia(msg).finally(() => running.delete(msg));
  running.set(msg, under);
  return under;
}

/** @param {any} msg */
async function fetchMedia(msg) {
  const data = mediaDataOf(msg);
  if (!data) throw new Error("the message holds no file");
  const { filehash, mimetype } = data;
  if (memoryCache.has(filehash)) {
    data.set({ mediaStage: "RESOLVED" });
    return;
  }
  data.set({ mediaStage: "FETCHING" });
  try {
    const { directPath, encFilehash, mediaKey, mediaKeyTimestamp, type } = msg.attributes;
    const request = { directPath, encFilehash, filehash, mediaKey, mediaKeyTimestamp, type };
    const bytes = await importNamespace("WAWebDownloadManager").downloadManager.downloadAndMaybeDecrypt(request);
    await resolved(data, new Blob([bytes], { type: mimetype ?? "application/octet-stream" }), msg);
  } catch (error) {
    if (error instanceof MediaTransferError && GONE.has(error.status)) data.set({ mediaStage: "ERROR_MISSING" });
    else if (error instanceof MediaDecryptionError) data.set({ mediaStage: "ERROR_UNSUPPORTED" });
    else data.set({ mediaStage: "ERROR_UNKNOWN" });
    console.warn(error instanceof Error ? error.message : error);
  }
}

/**
 * @param {MediaData} data
 * @param {Blob} blob
 * @param {any} msg
 */
async function resolved(data, blob, msg) {
  const { filehash, type } = data;
  if (shouldUseMediaCache(msgToMediaType(msg.attributes))) {
    memoryCache.put(filehash, blob);
    // It is only a cache: the file is here, whatever becomes of that.
    await mediaStore.put(filehash, await blob.arrayBuffer()).catch((error) => console.warn(error));
  }
  const held = new OpaqueData(blob);
  data.set({ mediaBlob: held, mediaStage: "RESOLVED", type });
  setTimeout(() => {
    if (data.mediaBlob === held) data.set({ mediaBlob: undefined, mediaStage: memoryCache.has(filehash) ? "RESOLVED" : "INIT" });
  }, HELD_MS);
}

/** What a library that sends a file leaves on the message for itself. */
const OWN = [
  "attributes", "mediaBlob", "preview", "renderableUrl", "clientUrl", "deprecatedMms3Url", "url", "uploadhash", "mediaHandle",
  "mediaStage", "streamingSidecar", "firstFrameSidecar", "fullWidth", "fullHeight", "aspectRatio", "sidecar",
];

/**
 * The attributes of a message that is to be sent, without what only the page that sends it uses.
 *
 * @param {Record<string, any>} attributes
 * @returns {Record<string, any>}
 */
export function outgoingAttributes(attributes) {
  if (!isMediaType(attributes.type)) return attributes;
  const { fullWidth: width, fullHeight: height } = attributes;
  const kept = Object.entries(attributes).filter(([name, value]) => value !== undefined && !OWN.includes(name));
  const size = { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };
  // There are no stickers of another type, and not everybody says so.
  const mimetype = attributes.type === "sticker" ? { mimetype: "image/webp" } : {};
  return { ...size, ...mimetype, ...Object.fromEntries(kept) };
}

/**
 * Whether a message is one of a file that never reached the server: its bytes went with the page that had them.
 *
 * @param {Record<string, any>} attributes
 */
export const isUnuploaded = (attributes) => isMediaType(attributes.type) && !attributes.directPath;
