// Builds the page bridge into one script: dist/bridge.js.
import { build } from "esbuild";

await build({
  entryPoints: ["bridge/src/main.ts"],
  outfile: "dist/bridge.js",
  bundle: true,
  format: "iife",
  target: "chrome120",
  charset: "ascii",
  legalComments: "none",
  logLevel: "info",
  absWorkingDir: import.meta.dirname ?? new URL(".", import.meta.url).pathname,
});
