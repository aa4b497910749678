import { settings } from "../settings.js";

/**
 * Whether this device's user counts as online. Going away is told a little later: a library that comes and goes around
 * every message would otherwise make two frames of each.
 */
export class Availability {
  #told = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(available: boolean) => void} */
  #tell;

  /** @param {(available: boolean) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {boolean} available */
  set(available) {
    clearTimeout(this.#timer);
    const change = () => {
      if (this.#told === available) return;
      this.#told = available;
      this.#tell(available);
    };
    if (available) change();
    else this.#timer = setTimeout(change, settings.unavailableDelayMs);
  }

  /** A new connection starts as unavailable. */
  reset() {
    clearTimeout(this.#timer);
    this.#told = false;
  }
}
