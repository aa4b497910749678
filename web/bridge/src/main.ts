/** The bridge between the driver and wa-js. Runs once per document, from its start. */

import { Channel, describe } from "./channel";
import { hasPageBasics, lackingOwnBasics } from "./contract";
import { find, recent, resolve } from "./find";
import { logout, pairingCode, probe, refreshQr } from "./linking";
import { followNews } from "./news";
import { BridgeError, type Command, type Config } from "./protocol";
import { send } from "./send";
import { StateFollower } from "./state";

const LOOK_MS = 250;

type Handler = (args: Readonly<Record<string, unknown>>) => unknown;

const HANDLERS: Readonly<Record<string, Handler>> = {
  send,
  find,
  recent,
  resolve,
  refreshQr,
  pairingCode,
  logout,
  probe,
};

async function run(channel: Channel, command: Command): Promise<void> {
  const { id, name, args } = command;
  try {
    const handler = HANDLERS[name];
    if (!handler) throw new BridgeError("UNKNOWN_COMMAND", name);
    channel.tell({ t: "result", id, ok: true, value: (await handler(args)) ?? null });
  } catch (error) {
    const code = error instanceof BridgeError ? error.code : "PAGE_FAULT";
    channel.tell({ t: "result", id, ok: false, code, detail: describe(error) });
  }
}

/** Resolves when wa-js has found the page's modules. */
function injected(): Promise<void> {
  return new Promise((done) => {
    if (WPP.isInjected) done();
    // A turn later than wa-js's own listeners of that event, which put its patches into the page.
    else WPP.on("loader.injected", () => setTimeout(done, 0));
  });
}

async function start(config: Config): Promise<void> {
  const emit = (globalThis as unknown as Record<string, (batch: string) => void>)[config.binding];
  if (typeof emit !== "function") return;
  const channel = new Channel(emit);
  Object.defineProperty(globalThis, "pomboBridge", {
    value: (commands: readonly Command[]) => {
      for (const command of commands) void run(channel, command);
    },
  });
  const lacking = lackingOwnBasics();
  if (lacking.length > 0) {
    channel.tell({ t: "unfit", detail: `wa-js lacks ${lacking.join(", ")}` });
    return;
  }
  await injected();
  while (!hasPageBasics()) await new Promise((done) => setTimeout(done, LOOK_MS));
  try {
    followNews(channel);
  } catch (error) {
    channel.fault("news", error);
  }
  new StateFollower(channel, config).start();
}

const config = globalThis.pomboBridgeConfig;
if (config) {
  Reflect.deleteProperty(globalThis, "pomboBridgeConfig");
  void start(config);
}
