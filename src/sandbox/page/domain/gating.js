import { define } from "../loader.js";

/** Switches that the libraries read or replace at start. */
export function defineGating() {
  define("WAWebSyncGatingUtils", { isPlaceholderMessageResendEnabled: () => false });
}
