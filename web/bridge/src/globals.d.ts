import type { Config } from "./protocol";

declare global {
  /** wa-js, which the driver puts into the page before the bridge. */
  // eslint-disable-next-line no-var
  var WPP: typeof import("@wppconnect/wa-js");
  /** Set by the driver's prelude; the bridge takes it away. */
  var pomboBridgeConfig: Config | undefined;
  /** Where the driver's commands come in: an array of commands. */
  var pomboBridge: ((commands: unknown) => void) | undefined;
}

export {};
