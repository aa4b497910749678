import { decodeB64ToUint8Array, encodeB64 } from "../../core/base64.js";
import { KEY_INFO } from "./kinds.js";

/**
 * WhatsApp's media encryption (docs/sandbox-protocol.md, "Media"): HKDF-SHA256 of a media key, AES-256-CBC, and the first
 * ten bytes of an HMAC-SHA256 over IV and ciphertext.
 */

const MAC_BYTES = 10;
const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

/** What was downloaded isn't what the message says. */
export class MediaDecryptionError extends Error {
  /** @param {string} what */
  constructor(what) {
    super(`the media can't be decrypted: ${what}`);
    this.name = "MediaDecryptionError";
  }
}

/**
 * @param {BufferSource} data
 * @returns {Promise<string>} base64
 */
export async function filehashOf(data) {
  return encodeB64(await crypto.subtle.digest("SHA-256", data));
}

/** @param {unknown} mediaKey what a message says that its key is */
function keyBytes(mediaKey) {
  try {
    const bytes = typeof mediaKey === "string" ? decodeB64ToUint8Array(mediaKey) : new Uint8Array(0);
    if (bytes.length) return bytes;
  } catch {
    // Said below.
  }
  throw new MediaDecryptionError("the message has no key");
}

/**
 * @param {string} mediaKey base64
 * @param {string} kind
 */
async function expand(mediaKey, kind) {
  const info = KEY_INFO[kind];
  if (!info) throw new Error(`media of the kind "${kind}" has no keys`);
  const material = await crypto.subtle.importKey("raw", keyBytes(mediaKey), "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new TextEncoder().encode(info) };
  const okm = new Uint8Array(await crypto.subtle.deriveBits(parameters, material, 112 * 8));
  const mac = { name: "HMAC", hash: "SHA-256" };
  return {
    iv: okm.slice(0, 16),
    cipher: await crypto.subtle.importKey("raw", okm.slice(16, 48), "AES-CBC", false, ["encrypt", "decrypt"]),
    mac: await crypto.subtle.importKey("raw", okm.slice(48, 80), mac, false, ["sign"]),
  };
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array<ArrayBuffer>} iv
 * @param {Uint8Array<ArrayBuffer>} ciphertext
 */
async function tag(key, iv, ciphertext) {
  // WebCrypto signs one buffer; the blob puts the two together without a copy of ours.
  const data = await new Blob([iv, ciphertext]).arrayBuffer();
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data)).slice(0, MAC_BYTES);
}

/** @typedef {{blob: Blob, mediaKey: string, filehash: string, encFilehash: string}} EncryptedMedia */

/**
 * @param {ArrayBuffer} plain
 * @param {string} kind
 * @param {string} [mediaKey] base64; a fresh one when there is none
 * @returns {Promise<EncryptedMedia>}
 */
export async function encryptMedia(plain, kind, mediaKey = encodeB64(crypto.getRandomValues(new Uint8Array(KEY_BYTES)))) {
  const keys = await expand(mediaKey, kind);
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv: keys.iv }, keys.cipher, plain));
  const blob = new Blob([ciphertext, await tag(keys.mac, keys.iv, ciphertext)]);
  const encFilehash = await filehashOf(await blob.arrayBuffer());
  return { blob, mediaKey, filehash: await filehashOf(plain), encFilehash };
}

/**
 * @param {ArrayBuffer} encrypted
 * @param {string} kind
 * @param {{mediaKey: string, filehash?: string, encFilehash?: string}} expected
 * @returns {Promise<ArrayBuffer>} rejects with `MediaDecryptionError`
 */
export async function decryptMedia(encrypted, kind, { mediaKey, filehash, encFilehash }) {
  const length = encrypted.byteLength - MAC_BYTES;
  if (length < BLOCK_BYTES || length % BLOCK_BYTES) throw new MediaDecryptionError("it isn't whole blocks and a MAC");
  if (encFilehash && (await filehashOf(encrypted)) !== encFilehash) {
    throw new MediaDecryptionError("the digest of the encrypted file isn't the message's");
  }
  const keys = await expand(mediaKey, kind);
  const ciphertext = new Uint8Array(encrypted, 0, length);
  const given = new Uint8Array(encrypted, length);
  const right = await tag(keys.mac, keys.iv, ciphertext);
  if (!right.every((byte, index) => byte === given[index])) throw new MediaDecryptionError("the MAC is wrong");
  let plain;
  try {
    plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv: keys.iv }, keys.cipher, ciphertext);
  } catch {
    throw new MediaDecryptionError("the padding is wrong");
  }
  if (filehash && (await filehashOf(plain)) !== filehash) {
    throw new MediaDecryptionError("the file's digest isn't the message's");
  }
  return plain;
}
