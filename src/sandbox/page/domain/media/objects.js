import { BaseModel, defineModel } from "../../core/model.js";

/** What the page knows of a file: as a message shows it, under its hash, and as it lies on the server. */

export class MediaDataModel extends BaseModel {
  static session = new Set(["stale"]);

  defaults() {
    return { mediaStage: "INIT", isViewOnce: false, isGif: false, isAnimated: false };
  }

  initialize() {
    // whatsapp-web.js spreads the model into a message, and means the attributes that `toJSON` gives.
    Object.defineProperty(this, "attributes", { enumerable: false });
  }

  isDownloadable() {
    return Boolean(this.attributes.directPath);
  }

  isStreamable() {
    return false;
  }

  isStreamableType() {
    return this.attributes.type === "video";
  }
}
defineModel(MediaDataModel, "media-data", [
  "type", "directPath", "mediaKey", "mediaKeyTimestamp", "encFilehash", "mediaStage", "size", "filehash", "mimetype",
  "mediaBlob", "renderableUrl", "fullHeight", "fullWidth", "aspectRatio", "animationDuration", "isAnimated", "isViewOnce",
  "preview", "sidecar", "duration", "isGif", "gifAttribution", "filename", "pageCount", "isVcardOverMmsDocument", "waveform",
  "caption", "stale",
]);

/** Files by their hash, whichever messages hold them. */
export class MediaObject {
  /** @type {any[]} */
  entries = [];
  /** @type {any} */
  contentInfo = {};
  /** @type {any} */
  mediaBlob = undefined;
  downloadStage = "INIT";
  uploadStage = "INIT";
  userUploadAttemptCount = 0;
  userDownloadAttemptCount = 0;
  size = 0;
  type = "UNKNOWN";

  /** @param {string} filehash */
  constructor(filehash) {
    this.filehash = filehash;
  }

  /** @param {Record<string, any>} data of a `MediaDataModel` */
  consolidate(data) {
    if (data.type) this.type = String(data.type).toUpperCase();
    if (data.size !== undefined) this.size = data.size;
    if (data.mediaBlob) this.mediaBlob = data.mediaBlob;
    const { duration, waveform, fullWidth, fullHeight } = data;
    this.contentInfo = { ...this.contentInfo, duration, waveform, fullWidth, fullHeight };
    return this;
  }

  clearBlob() {
    this.mediaBlob = undefined;
  }

  toJSON() {
    const { size, filehash, type, contentInfo, downloadStage, uploadStage } = this;
    return { size, filehash, type, contentInfo, downloadStage, uploadStage };
  }
}

/** @type {Map<string, MediaObject>} */
const objects = new Map();

/** @param {string} filehash */
export function getOrCreateMediaObject(filehash) {
  const object = objects.get(filehash) ?? new MediaObject(filehash);
  objects.set(filehash, object);
  return object;
}

/** A file as it lies on the server. */
export class EncryptedMediaEntry {
  useBackupUrl = false;
  serverStatus = "IN_SERVER";
  sidecar = undefined;
  firstFrameSidecar = undefined;

  /** @param {import("./transfer.js").Uploaded & {type: string}} uploaded */
  constructor({ url, directPath, mediaKey, mediaKeyTimestamp, encFilehash, type }) {
    this.mmsUrl = url;
    this.deprecatedMms3Url = url;
    this.directPath = directPath;
    this.mediaKey = mediaKey;
    this.mediaKeyTimestamp = mediaKeyTimestamp;
    this.encFilehash = encFilehash;
    this.uploadHash = encFilehash;
    this.type = type;
  }

  url() {
    return this.mmsUrl;
  }
}
