/** What the installed whatsapp-web.js can do and tell, as one JSON object: methods by class, events, message types. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const root = dirname(require.resolve("whatsapp-web.js/package.json"));
const { Events, MessageTypes } = require(join(root, "src/util/Constants.js"));

/** @type {Record<string, string[]>} */
const classes = {};
/** @param {Function} made */
function add(made) {
  const own = Object.getOwnPropertyNames(made.prototype).filter((name) => name !== "constructor" && !name.startsWith("_"));
  if (own.length) classes[made.name] = own.sort();
}
add(require(join(root, "src/Client.js")));
for (const file of readdirSync(join(root, "src/structures"))) {
  const made = require(join(root, "src/structures", file));
  if (typeof made === "function" && made.prototype) add(made);
}

const types = readFileSync(join(root, "index.d.ts"), "utf8");
const [, options = ""] = /interface MessageSendOptions \{([\s\S]*?)\n    \}/.exec(types) ?? [];
const sendOptions = [...options.matchAll(/^ {8}(\w+)\?:/gm)].map(([, name]) => name);

process.stdout.write(
  JSON.stringify({
    version: require(join(root, "package.json")).version,
    classes,
    events: Object.values(Events).sort(),
    types: Object.values(MessageTypes).sort(),
    options: sendOptions.sort(),
  }),
);
