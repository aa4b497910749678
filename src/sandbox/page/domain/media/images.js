import { encodeB64 } from "../../core/base64.js";

/** Pictures: their size, smaller ones, stickers, the first picture of a film. */

const THUMBNAIL_SIDE = 100;
const STICKER_SIDE = 512;
const METADATA_MS = 10000;

/** @typedef {{blob: Blob, width: number, height: number, thumbnail: string}} Picture */

/**
 * @param {CanvasImageSource} source
 * @param {{width: number, height: number}} size
 * @param {string} type
 * @param {{background?: string, quality?: number}} [options]
 */
function draw(source, size, type, { background, quality } = {}) {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(size.width)), Math.max(1, Math.round(size.height)));
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser gives no canvas");
  if (background) {
    context.fillStyle = background;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type, ...(quality === undefined ? {} : { quality }) });
}

/**
 * @param {{width: number, height: number}} size
 * @param {number} most of the longer side
 */
function fitted({ width, height }, most) {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * @param {ImageBitmap} bitmap
 * @returns {Promise<string>} base64 of a small JPEG
 */
async function thumbnailOf(bitmap) {
  const small = await draw(bitmap, fitted(bitmap, THUMBNAIL_SIDE), "image/jpeg", { background: "white", quality: 0.6 });
  return encodeB64(await small.arrayBuffer());
}

/**
 * A picture as it is sent: a JPEG of at most this size is left as it is, byte for byte; anything else becomes one.
 *
 * @param {Blob} file
 * @param {number} maxDimension
 * @returns {Promise<Picture>} rejects when the browser can't read it
 */
export async function processImage(file, maxDimension) {
  const bitmap = await createImageBitmap(file);
  try {
    const size = fitted(bitmap, maxDimension);
    const asItIs = file.type === "image/jpeg" && size.width === bitmap.width && size.height === bitmap.height;
    const blob = asItIs ? file : await draw(bitmap, size, "image/jpeg", { background: "white", quality: 0.9 });
    return { blob, ...size, thumbnail: await thumbnailOf(bitmap) };
  } finally {
    bitmap.close();
  }
}

/**
 * @param {Blob} file
 * @returns {Promise<Blob>} a WebP of 512 by 512 pixels with the picture in its middle; one that moves stands still
 */
export async function toWebpSticker(file) {
  const bitmap = await createImageBitmap(file);
  try {
    const canvas = new OffscreenCanvas(STICKER_SIDE, STICKER_SIDE);
    const context = canvas.getContext("2d");
    if (!context) throw new Error("the browser gives no canvas");
    const scale = STICKER_SIDE / Math.max(bitmap.width, bitmap.height);
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    context.drawImage(bitmap, (STICKER_SIDE - width) / 2, (STICKER_SIDE - height) / 2, width, height);
    return await canvas.convertToBlob({ type: "image/webp" });
  } finally {
    bitmap.close();
  }
}

/**
 * Whether a WebP's header says that it moves (developers.google.com/speed/webp/docs/riff_container, "VP8X").
 *
 * @param {ArrayBuffer} data
 */
export function isAnimatedWebp(data) {
  const bytes = new Uint8Array(data, 0, Math.min(data.byteLength, 21));
  const text = (/** @type {number} */ from, /** @type {number} */ to) => String.fromCharCode(...bytes.slice(from, to));
  return text(0, 4) === "RIFF" && text(8, 16) === "WEBPVP8X" && ((bytes[20] ?? 0) & 2) !== 0;
}

/**
 * Plays a file's beginning, where the browser can.
 *
 * @template {"video" | "audio"} T
 * @param {Blob} file
 * @param {T} tag
 * @param {(element: HTMLElementTagNameMap[T]) => Promise<R>} look
 * @returns {Promise<R>} rejects with `MEDIA_ERR_…` in the message
 * @template R
 */
async function opened(file, tag, look) {
  const element = document.createElement(tag);
  const url = URL.createObjectURL(file);
  element.preload = "auto";
  element.muted = true;
  try {
    const loaded = once(element, "loadeddata");
    element.src = url;
    await loaded;
    // A recording that was never closed says how long it is only when its end was seen.
    if (!Number.isFinite(element.duration)) {
      const known = once(element, "durationchange", () => Number.isFinite(element.duration));
      element.currentTime = Number.MAX_SAFE_INTEGER;
      await known;
      const back = once(element, "seeked");
      element.currentTime = 0;
      await back;
    }
    return await look(element);
  } finally {
    element.removeAttribute("src");
    element.load();
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {HTMLMediaElement} element
 * @param {string} event
 * @param {() => boolean} [holds]
 * @returns {Promise<void>}
 */
function once(element, event, holds = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("MEDIA_ERR_TIMEOUT: the browser doesn't open the file")), METADATA_MS);
    element.addEventListener(event, () => {
      if (!holds()) return;
      clearTimeout(timer);
      resolve();
    });
    element.addEventListener("error", () => {
      clearTimeout(timer);
      const code = ["", "MEDIA_ERR_ABORTED", "MEDIA_ERR_NETWORK", "MEDIA_ERR_DECODE", "MEDIA_ERR_SRC_NOT_SUPPORTED"];
      reject(new Error(`${code[element.error?.code ?? 0]}: ${element.error?.message ?? ""}`));
    });
  });
}

/**
 * @param {Blob} file
 * @returns {Promise<number>} seconds
 */
export const audioDuration = (file) => opened(file, "audio", async (element) => element.duration);

/**
 * @param {{file: Blob, maxDimensions: number[], debugHint?: string, throwOnBlack?: boolean}} request
 * @returns {Promise<{duration: number, thumbs: {url: string, width: number, height: number, fullWidth: number, fullHeight: number}[]}>}
 */
export function generateVideoThumbsAndDuration({ file, maxDimensions }) {
  return opened(file, "video", async (video) => {
    const full = { width: video.videoWidth, height: video.videoHeight };
    if (!full.width) throw new Error("MEDIA_ERR_SRC_NOT_SUPPORTED: there is no picture");
    const thumbs = maxDimensions.map(async (most) => {
      const size = fitted(full, most);
      const blob = await draw(video, size, "image/jpeg", { background: "white", quality: 0.6 });
      const url = `data:image/jpeg;base64,${encodeB64(await blob.arrayBuffer())}`;
      return { url, ...size, fullWidth: full.width, fullHeight: full.height };
    });
    return { duration: video.duration, thumbs: await Promise.all(thumbs) };
  });
}
