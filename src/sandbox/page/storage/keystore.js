import { decodeB64ToUint8Array, encodeB64 } from "../core/base64.js";
import { completion, openDatabase, result } from "./idb.js";

/**
 * The login's keys, kept where the real page keeps them: the noise key pair in localStorage, encrypted with an AES key
 * that is derived from a non-extractable key in IndexedDB (`wawc_db_enc`, store `keys`) and a salt in localStorage. So
 * localStorage alone restores nothing.
 */

const SALT = "WAWebEncKeySalt";
const NOISE = "WANoiseInfo";
const NOISE_IV = "WANoiseInfoIv";
const KEY_BYTES = 128;

/** @typedef {{staticKeyPair: {pubKey: ArrayBuffer, privKey: ArrayBuffer}, recoveryToken: ArrayBuffer}} NoiseInfo */

/** @returns {Promise<CryptoKey>} */
async function masterKey() {
  const database = await openDatabase("wawc_db_enc", 1, (created) => {
    created.createObjectStore("keys", { keyPath: "id" });
    created.createObjectStore("fts_hmac_keys", { keyPath: "id" });
  });
  const held = await result(database.transaction("keys").objectStore("keys").get(1));
  if (held) return held.key;
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  bytes.fill(0);
  const transaction = database.transaction("keys", "readwrite");
  transaction.objectStore("keys").put({ id: 1, key });
  await completion(transaction);
  return key;
}

/** @param {CryptoKey} master */
async function encryptionKey(master) {
  let salt = localStorage.getItem(SALT);
  if (!salt) {
    salt = JSON.stringify(encodeB64(crypto.getRandomValues(new Uint8Array(16))));
    localStorage.setItem(SALT, salt);
  }
  const parameters = { name: "HKDF", hash: "SHA-256", salt: decodeB64ToUint8Array(JSON.parse(salt)), info: new Uint8Array() };
  return crypto.subtle.deriveKey(parameters, master, { name: "AES-CBC", length: 128 }, false, ["encrypt", "decrypt"]);
}

/** @returns {Promise<NoiseInfo>} */
async function generateNoise() {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey({ name: "X25519" }, true, ["deriveBits"]));
  const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const recoveryToken = crypto.getRandomValues(new Uint8Array(16)).buffer;
  return {
    staticKeyPair: { pubKey: decodeB64ToUint8Array(x ?? "").buffer, privKey: decodeB64ToUint8Array(d ?? "").buffer },
    recoveryToken,
  };
}

/**
 * @param {CryptoKey} key
 * @param {NoiseInfo} info
 */
async function storeNoise(key, info) {
  const parts = { pubKey: info.staticKeyPair.pubKey, privKey: info.staticKeyPair.privKey, recoveryToken: info.recoveryToken };
  /** @type {Record<string, string>} */
  const encrypted = {};
  /** @type {Record<string, string>} */
  const ivs = {};
  for (const [name, bytes] of Object.entries(parts)) {
    const iv = crypto.getRandomValues(new Uint8Array(16));
    encrypted[name] = encodeB64(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, bytes));
    ivs[name] = encodeB64(iv);
  }
  localStorage.setItem(NOISE, JSON.stringify(encrypted));
  localStorage.setItem(NOISE_IV, JSON.stringify(ivs));
}

/**
 * @param {CryptoKey} key
 * @returns {Promise<NoiseInfo | null>} nothing when there is none, or none that this browser's key opens
 */
async function loadNoise(key) {
  const stored = localStorage.getItem(NOISE);
  const storedIvs = localStorage.getItem(NOISE_IV);
  if (!stored || !storedIvs) return null;
  const encrypted = JSON.parse(stored);
  const ivs = JSON.parse(storedIvs);
  /** @param {string} name */
  const open = (name) =>
    crypto.subtle.decrypt({ name: "AES-CBC", iv: decodeB64ToUint8Array(ivs[name]) }, key, decodeB64ToUint8Array(encrypted[name]));
  try {
    const staticKeyPair = { pubKey: await open("pubKey"), privKey: await open("privKey") };
    return { staticKeyPair, recoveryToken: await open("recoveryToken") };
  } catch (error) {
    // Another browser's key, or a restored half: not a login. Anything else is a defect and must show.
    if (error instanceof DOMException && error.name === "OperationError") return null;
    throw error;
  }
}

/** @returns {Promise<{noise: NoiseInfo, fresh: boolean}>} `fresh`: made now, so no stored login belongs to it */
export async function openKeystore() {
  const key = await encryptionKey(await masterKey());
  const stored = await loadNoise(key);
  if (stored) return { noise: stored, fresh: false };
  const noise = await generateNoise();
  await storeNoise(key, noise);
  return { noise, fresh: true };
}

/**
 * The proof a connection starts with: HMAC-SHA256 of the server's nonce under the X25519 secret shared with it.
 *
 * @param {NoiseInfo} noise
 * @param {string} serverKey base64
 * @param {string} nonce base64
 */
export async function prove(noise, serverKey, nonce) {
  const pair = noise.staticKeyPair;
  /** @param {ArrayBuffer} bytes */
  const url = (bytes) => encodeB64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const jwk = { kty: "OKP", crv: "X25519", x: url(pair.pubKey), d: url(pair.privKey) };
  const own = await crypto.subtle.importKey("jwk", jwk, { name: "X25519" }, false, ["deriveBits"]);
  const server = await crypto.subtle.importKey("raw", decodeB64ToUint8Array(serverKey), { name: "X25519" }, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "X25519", public: server }, own, 256);
  const key = await crypto.subtle.importKey("raw", shared, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return encodeB64(await crypto.subtle.sign("HMAC", key, decodeB64ToUint8Array(nonce)));
}

/**
 * @param {string} secret base64, the secret that only the phone which read the QR knows
 * @param {string} message base64
 * @param {string} mac base64
 */
export async function verifyMac(secret, message, mac) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", decodeB64ToUint8Array(secret), algorithm, false, ["verify"]);
  return crypto.subtle.verify("HMAC", key, decodeB64ToUint8Array(mac), decodeB64ToUint8Array(message));
}
