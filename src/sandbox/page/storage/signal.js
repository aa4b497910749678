import { decodeB64ToUint8Array, encodeB64 } from "../core/base64.js";
import { completion, openDatabase, result } from "./idb.js";

/** @typedef {{registrationId: number, identityKeyPair: {pubKey: ArrayBuffer, privKey: ArrayBuffer}}} RegistrationInfo */
/** @typedef {{registration: RegistrationInfo, advSecret: string}} SignalIdentity */

/**
 * The device's identity key, registration number and the secret shown in the QR, in the database `signal-storage`.
 *
 * @returns {Promise<SignalIdentity>}
 */
export async function openSignalStore() {
  const database = await openDatabase("signal-storage", 1, (created) => {
    created.createObjectStore("signal-meta-store", { keyPath: "key" });
  });
  const held = await result(database.transaction("signal-meta-store").objectStore("signal-meta-store").get("identity"));
  if (held) return held.value;
  const value = await generateIdentity();
  const transaction = database.transaction("signal-meta-store", "readwrite");
  transaction.objectStore("signal-meta-store").put({ key: "identity", value });
  await completion(transaction);
  return value;
}

/** @returns {Promise<SignalIdentity>} */
async function generateIdentity() {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey({ name: "X25519" }, true, ["deriveBits"]));
  const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const registrationId = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  const identityKeyPair = {
    pubKey: decodeB64ToUint8Array(x ?? "").buffer,
    privKey: decodeB64ToUint8Array(d ?? "").buffer,
  };
  return { registration: { registrationId, identityKeyPair }, advSecret: encodeB64(crypto.getRandomValues(new Uint8Array(32))) };
}
