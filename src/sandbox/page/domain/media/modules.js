import { define, importNamespace } from "../../loader.js";
import { notImplemented } from "../../stubs.js";
import { InMemoryMediaBlobCacheImpl, memoryCache, mediaStore } from "./caches.js";
import { filehashOf } from "./crypto.js";
import { generateVideoThumbsAndDuration, isAnimatedWebp, toWebpSticker } from "./images.js";
import { OUTWARD_TYPES, castToV4, getUploadLimit, msgToMediaType, shouldUseMediaCache } from "./kinds.js";
import { EncryptedMediaEntry, MediaDataModel, MediaObject, getOrCreateMediaObject } from "./objects.js";
import { OpaqueData } from "./opaque.js";
import { MediaPrep, getRandomFilehash, prepRawMedia, processRawAudioVideo, processRawMedia, processRawSticker } from "./prep.js";
import { downloadAndMaybeDecrypt, encryptAndUpload, followLogins } from "./transfer.js";

/**
 * @param {{mediaObject: MediaObject, mediaType: string, signal?: AbortSignal}} request
 * @returns {Promise<{mediaEntry: EncryptedMediaEntry}>} rejects with `MediaTransferError`
 */
async function uploadMedia({ mediaObject, mediaType, signal }) {
  const blob = mediaObject.mediaBlob?.forceToBlob();
  if (!blob) throw new Error("the media object holds no file");
  mediaObject.uploadStage = "UPLOADING";
  try {
    const request = { blob, type: mediaType, ...(signal ? { signal } : {}) };
    const uploaded = await importNamespace("WAWebUploadManager").encryptAndUpload(request);
    const mediaEntry = new EncryptedMediaEntry({ ...uploaded, type: mediaType });
    mediaObject.uploadStage = "RESOLVED";
    mediaObject.entries.push(mediaEntry);
    return { mediaEntry };
  } catch (error) {
    mediaObject.uploadStage = "ERROR_UNKNOWN";
    throw error;
  } finally {
    // The bytes are in the cache, or whoever asked has them.
    mediaObject.clearBlob();
  }
}

/** Measures nothing: the live page times its uploads with this. */
function startMediaUploadQpl() {
  const marker = { addAnnotations: () => marker, addPoint: () => marker, end: () => marker };
  return marker;
}

export function defineMedia() {
  followLogins();
  define("WAWebMediaTypes", { OUTWARD_TYPES });
  define("WAWebMediaOpaqueData", { default: OpaqueData });
  define("WAWebMediaDataModel", { default: MediaDataModel });
  define("WAWebMediaObject", { MediaObject });
  define("WAWebMediaStorage", { getOrCreateMediaObject });
  define("WAWebMediaEntry", { EncryptedMediaEntry });
  define("WAWebMediaGatingUtils", { getUploadLimit });
  define("WAWebMmsMediaTypes", { msgToMediaType, castToV4 });
  define("WAWebMediaInMemoryBlobCache", { InMemoryMediaBlobCacheImpl, InMemoryMediaBlobCache: memoryCache });
  define("WAWebMediaStore", { LruMediaStore: mediaStore });
  define("WAWebCryptoCalculateFilehash", {
    calculateFilehashFromBlob: async (/** @type {Blob} */ blob) => filehashOf(await blob.arrayBuffer()),
  });
  define("WAMediaCalculateFilehash", { getRandomFilehash });
  define("WAWebWebp", { isAnimatedWebp });
  define("WAWebImageUtils", { generateVideoThumbsAndDuration, toWebpSticker });
  define("WAWebMediaDataUtils", { processRawAudioVideo, processRawSticker, shouldUseMediaCache });
  define("WAWebProcessRawMedia", { processRawMedia });
  define("WAWebPrepRawMedia", { prepRawMedia });
  define("WAWebMedia", { MediaPrep, prepRawMedia });
  define("WAWebStartMediaUploadQpl", { startMediaUploadQpl });
  define("WAWebUploadManager", { encryptAndUpload });
  define("WAWebMediaMmsV4Upload", {
    uploadMedia,
    uploadUnencryptedMedia: notImplemented("WAWebMediaMmsV4Upload.uploadUnencryptedMedia"),
  });
  define("WAWebDownloadManager", { downloadManager: { downloadAndMaybeDecrypt } });
}
