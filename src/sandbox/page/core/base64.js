/**
 * @param {ArrayBuffer | Uint8Array} bytes
 * @returns {string} standard base64
 */
export function encodeB64(bytes) {
  let binary = "";
  for (const byte of bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** @param {string} text standard or URL-safe base64, with or without padding */
export function decodeB64ToUint8Array(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** @param {string} text */
export function decodeB64(text) {
  return decodeB64ToUint8Array(text).buffer;
}

/** @param {ArrayBuffer | Uint8Array} bytes */
export function encodeB64UrlSafe(bytes) {
  return encodeB64(bytes).replace(/\+/g, "-").replace(/\//g, "_");
}
