import { encodeB64 } from "../../core/base64.js";
import { importNamespace } from "../../loader.js";
import { sendWith } from "../send.js";
import { memoryCache } from "./caches.js";
import { filehashOf } from "./crypto.js";
import { audioDuration, isAnimatedWebp, processImage } from "./images.js";
import { msgToMediaType } from "./kinds.js";
import { MediaDataModel } from "./objects.js";
import { OpaqueData } from "./opaque.js";

/** A file on its way to become a message: looked at, made what WhatsApp wants, and sent. */

const MOST_PIXELS = 1600;
const VIDEO_THUMBNAIL = 100;

/**
 * @typedef {object} PrepOptions
 * @property {boolean} [isPtt]
 * @property {boolean} [asDocument]
 * @property {boolean} [asGif]
 * @property {boolean} [asSticker]
 * @property {boolean} [isAudio]
 * @property {number} [maxDimension]
 * @property {{duration?: number, waveform?: Uint8Array}} [precomputedFields]
 */

/** @typedef {Record<string, any> & {type: string, mediaBlob: OpaqueData, mimetype: string}} Prepared */

/**
 * @param {OpaqueData} data
 * @param {PrepOptions} options
 */
function typeOf(data, options) {
  const [main] = data.type().split("/");
  if (options.asDocument) return "document";
  if (options.asSticker) return "sticker";
  if (options.isPtt) return "ptt";
  if (options.isAudio) return "audio";
  return main === "image" || main === "video" || main === "audio" ? main : "document";
}

/**
 * @param {OpaqueData} data
 * @param {{maxDimension?: number}} [options]
 * @returns {Promise<Prepared>}
 */
async function processRawMedia(data, { maxDimension = MOST_PIXELS } = {}) {
  const picture = await processImage(data.forceToBlob(), maxDimension);
  const { width: fullWidth, height: fullHeight, thumbnail: preview, blob } = picture;
  return { type: "image", mediaBlob: new OpaqueData(blob), mimetype: blob.type, fullWidth, fullHeight, preview };
}

/**
 * @param {OpaqueData} data
 * @returns {Promise<Prepared>}
 */
async function processRawSticker(data) {
  const blob = data.forceToBlob();
  const size = { fullWidth: 512, fullHeight: 512 };
  const sticker = await importNamespace("WAWebImageUtils").toWebpSticker(blob);
  return { type: "sticker", mediaBlob: new OpaqueData(sticker), mimetype: "image/webp", ...size };
}

/**
 * @param {OpaqueData} data
 * @param {PrepOptions} [options]
 * @returns {Promise<Prepared>} rejects for a film that the browser can't play; of a sound it can't, the duration is missing
 */
async function processRawAudioVideo(data, options = {}) {
  const file = data.forceToBlob();
  const common = { mediaBlob: data, mimetype: data.type() };
  const { precomputedFields = {} } = options;
  if (file.type.startsWith("video/")) {
    const request = { file, maxDimensions: [VIDEO_THUMBNAIL], debugHint: "prep", throwOnBlack: false };
    // Through the namespace: wa-js knows films that this browser can't play.
    const { duration, thumbs } = await importNamespace("WAWebImageUtils").generateVideoThumbsAndDuration(request);
    const [thumb] = thumbs;
    const { fullWidth, fullHeight } = thumb;
    const preview = thumb.url.split(",", 2)[1];
    return { ...common, type: "video", isGif: Boolean(options.asGif), duration: whole(duration), fullWidth, fullHeight, preview };
  }
  const type = options.isPtt ? "ptt" : "audio";
  const duration = precomputedFields.duration ?? whole(await audioDuration(file).catch(() => undefined));
  const waveform = precomputedFields.waveform;
  return { ...common, type, ...(duration === undefined ? {} : { duration }), ...(waveform ? { waveform } : {}) };
}

/** @param {number | undefined} seconds */
function whole(seconds) {
  return seconds === undefined || !Number.isFinite(seconds) ? undefined : Math.max(1, Math.round(seconds));
}

/**
 * @param {string} type
 * @param {OpaqueData} data
 * @param {PrepOptions} options
 * @returns {Promise<Prepared>}
 */
function processed(type, data, options) {
  const utils = importNamespace("WAWebMediaDataUtils");
  if (type === "sticker") return utils.processRawSticker(data);
  if (type === "image") return importNamespace("WAWebProcessRawMedia").processRawMedia(data, options);
  if (type === "document") return Promise.resolve(documentOf(data));
  return utils.processRawAudioVideo(data, options);
}

/**
 * @param {OpaqueData} data
 * @returns {Prepared}
 */
function documentOf(data) {
  const mimetype = data.type() || "application/octet-stream";
  const filename = data.name();
  return { type: "document", mediaBlob: data, mimetype, ...(filename ? { filename } : {}) };
}

/**
 * @param {string} type
 * @param {OpaqueData} data
 * @param {PrepOptions} options
 * @returns {Promise<Prepared>}
 */
async function prepared(type, data, options) {
  const result = await processed(type, data, options);
  const bytes = await result.mediaBlob.forceToBlob().arrayBuffer();
  const isAnimated = type === "sticker" && importNamespace("WAWebWebp").isAnimatedWebp(bytes);
  return { ...result, isAnimated, filehash: await filehashOf(bytes), size: bytes.byteLength };
}

export class MediaPrep {
  /**
   * @param {string} type
   * @param {Promise<Prepared>} preparing
   */
  constructor(type, preparing) {
    this.type = type;
    this._mediaData = new MediaDataModel({ type, mediaStage: "PREPARING" });
    this._ready = preparing.then((fields) => this._mediaData.set({ ...fields, mediaStage: "RESOLVED" }));
    // Whoever waits is told; a library may look away for a moment.
    this._ready.catch(() => {});
  }

  /** @returns {Promise<import("./message.js").MediaData>} rejects when the file can't be what it is to be */
  async waitForPrep() {
    await this._ready;
    return this._mediaData;
  }

  /**
   * @param {{chat: any, options?: Record<string, any>}} request
   * @returns {Promise<import("../send.js").SendResult>}
   */
  async sendToChat({ chat, options = {} }) {
    const data = await this.waitForPrep();
    const { caption, footer, isViewOnce, quotedMsg, productMsgOptions = {} } = options;
    const { caption: _name, filename, ...given } = productMsgOptions;
    const named = data.type === "document" ? { filename: filename ?? data.filename } : {};
    const attributes = {
      ...given,
      ...(quotedMsg ? quotedMsg.msgContextInfo(chat) : {}),
      ...mediaAttributes(data),
      ...named,
      ...(caption === undefined ? {} : { caption }),
      ...(footer === undefined ? {} : { footer }),
      ...(isViewOnce ? { isViewOnce: true } : {}),
      isUnsentMedia: true,
    };
    const [, result] = sendWith(chat, attributes, async () => {
      const uploaded = await uploadPrepared(data);
      memoryCache.put(data.filehash, data.mediaBlob.forceToBlob());
      return { ...uploaded, isUnsentMedia: false };
    });
    return result;
  }
}

/**
 * @param {import("./message.js").MediaData} data
 * @returns {Record<string, any>}
 */
function mediaAttributes(data) {
  const named = ["type", "mimetype", "size", "filehash", "duration", "waveform"].map((name) => [name, data.get(name)]);
  const flags = ["isGif", "isAnimated"].filter((name) => data.get(name)).map((name) => [name, true]);
  return {
    ...Object.fromEntries([...named, ...flags].filter(([, value]) => value !== undefined)),
    ...(data.fullWidth === undefined ? {} : { width: data.fullWidth, height: data.fullHeight }),
    ...(data.preview === undefined ? {} : { body: data.preview }),
  };
}

/** @param {import("./message.js").MediaData} data */
async function uploadPrepared(data) {
  const { getOrCreateMediaObject } = importNamespace("WAWebMediaStorage");
  const mediaObject = getOrCreateMediaObject(data.filehash);
  mediaObject.consolidate({ ...data.toJSON(), mediaBlob: data.mediaBlob });
  const mediaType = importNamespace("WAWebMmsMediaTypes").msgToMediaType({ type: data.type, isGif: data.isGif });
  const request = { mimetype: data.mimetype, mediaObject, mediaType };
  const { mediaEntry } = await importNamespace("WAWebMediaMmsV4Upload").uploadMedia(request);
  const { directPath, mediaKey, mediaKeyTimestamp, encFilehash } = mediaEntry;
  return { ...mediaAttributes(data), directPath, mediaKey, mediaKeyTimestamp, encFilehash };
}

/**
 * @param {OpaqueData} data
 * @param {PrepOptions} [options]
 */
function prepRawMedia(data, options = {}) {
  const type = typeOf(data, options);
  return new MediaPrep(type, prepared(type, data, options));
}

export { prepRawMedia, processRawMedia, processRawAudioVideo, processRawSticker };

/** A random digest in base64, for what isn't encrypted. */
export const getRandomFilehash = async () => encodeB64(crypto.getRandomValues(new Uint8Array(32)));

