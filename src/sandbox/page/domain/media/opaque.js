import { decodeB64ToUint8Array, encodeB64 } from "../../core/base64.js";

/** A file in the page's hands: a blob whose address is given back once nobody holds on to it. */
export class OpaqueData {
  /** @type {Blob} */
  #blob;
  /** @type {string | null} */
  #url = null;
  #retained = 0;
  released = false;

  /** @param {Blob} blob */
  constructor(blob) {
    this.#blob = blob;
  }

  /**
   * @param {BlobPart} data
   * @param {string} [type]
   */
  static async createFromData(data, type) {
    // A File keeps its name: documents are called by it.
    if (data instanceof Blob && (type === undefined || data.type === type)) return new OpaqueData(data);
    const name = data instanceof File ? data.name : undefined;
    const options = type === undefined ? {} : { type };
    return new OpaqueData(name === undefined ? new Blob([data], options) : new File([data], name, options));
  }

  /** @param {string} base64 */
  static async createFromBase64Jpeg(base64) {
    return new OpaqueData(new Blob([decodeB64ToUint8Array(base64)], { type: "image/jpeg" }));
  }

  url() {
    this.throwIfReleased("url");
    this.#url ??= URL.createObjectURL(this.#blob);
    return this.#url;
  }

  type() {
    return this.#blob.type;
  }

  size() {
    return this.#blob.size;
  }

  /** The file's name, where it has one. */
  name() {
    return this.#blob instanceof File ? this.#blob.name : undefined;
  }

  forceToBlob() {
    return this.#blob;
  }

  formData() {
    return this.#blob;
  }

  async getBase64() {
    return encodeB64(await this.#blob.arrayBuffer());
  }

  async validate() {
    return this.#blob.size > 0;
  }

  /** @param {any} other */
  isBlobEqual(other) {
    return (other instanceof OpaqueData ? other.#blob : other) === this.#blob;
  }

  retain() {
    this.#retained += 1;
  }

  /** Gives the address back, soon, unless somebody holds on to it. The bytes stay as long as they are referred to. */
  autorelease() {
    this.#retained = Math.max(0, this.#retained - 1);
    if (this.#retained || this.#url === null) return;
    const url = this.#url;
    this.#url = null;
    setTimeout(() => URL.revokeObjectURL(url), 0);
  }

  /** @param {Promise<any>} promise */
  autoreleaseWhenPromiseCompletes(promise) {
    this.retain();
    const release = () => this.autorelease();
    promise.then(release, release);
  }

  /** @param {string} what */
  throwIfReleased(what) {
    if (this.released) throw new Error(`${what}: the data was released`);
  }

  /** A file is no part of a record. */
  toJSON() {
    return undefined;
  }
}
