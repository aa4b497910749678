/** The kinds of files, under each of the names the page has for them, and how large each may be. */

export const OUTWARD_TYPES = {
  IMAGE: "image",
  VIDEO: "video",
  AUDIO: "audio",
  PTT: "ptt",
  PTV: "ptv",
  STICKER: "sticker",
  DOCUMENT: "document",
  PRODUCT: "product",
  UNKNOWN: "unknown",
};

/** Types of messages that hold a file. */
const MEDIA_TYPES = new Set(["image", "video", "audio", "ptt", "ptv", "sticker", "document"]);

/** @param {any} type */
export const isMediaType = (type) => MEDIA_TYPES.has(type);

/** The info strings from which the keys of each kind are made. @type {Record<string, string>} */
export const KEY_INFO = {
  image: "WhatsApp Image Keys",
  sticker: "WhatsApp Image Keys",
  video: "WhatsApp Video Keys",
  gif: "WhatsApp Video Keys",
  ptv: "WhatsApp Video Keys",
  audio: "WhatsApp Audio Keys",
  ptt: "WhatsApp Audio Keys",
  document: "WhatsApp Document Keys",
};

const MIB = 1024 * 1024;
/** What WhatsApp's help pages say of its clients; the live page takes its numbers from settings of the server. */
const UPLOAD_LIMITS = { image: 16 * MIB, video: 64 * MIB, audio: 16 * MIB, sticker: MIB, document: 2048 * MIB };

/**
 * @param {string} mediaType
 * @param {string | null} [_origin]
 * @param {boolean} [_isVcard]
 * @returns {number} bytes
 */
export function getUploadLimit(mediaType, _origin, _isVcard) {
  const limit = /** @type {Record<string, number>} */ (UPLOAD_LIMITS)[mediaType === "ptt" ? "audio" : mediaType];
  return limit ?? UPLOAD_LIMITS.document;
}

/**
 * The server's name of a message's kind of file.
 *
 * @param {{type: string, isGif?: boolean, isNewsletter?: boolean}} msg
 */
export function msgToMediaType({ type, isGif, isNewsletter }) {
  const kind = type === "video" && isGif ? "gif" : type;
  return isNewsletter ? `newsletter-${kind}` : kind;
}

/** @param {string} type */
export const castToV4 = (type) => String(type).toLowerCase();

/**
 * Small files are kept in memory, so that they needn't be downloaded again.
 *
 * @param {string} kind
 */
export const shouldUseMediaCache = (kind) => ["image", "sticker", "audio", "ptt", "gif"].includes(kind);
