/** The bridge between the driver and wa-js. Runs once per document, from its start. */

import { Channel, describe } from "./channel";
import {
  sendButtons,
  sendContacts,
  sendEvent,
  sendGroupInvite,
  sendList,
  sendLocation,
  sendPoll,
} from "./contents";
import { hasPageBasics, lackingOwnBasics } from "./contract";
import { changes, find, recent, resolve } from "./find";
import * as groups from "./groups";
import { closeMedia, fileInput, openMedia, readMedia, sendMedia } from "./media";
import { logout, pairingCode, refreshQr, takeOver } from "./linking";
import { deleteForMe, markPlayed, star } from "./marks";
import { followNews } from "./news";
import { edit, effect, pin, react, revoke, vote } from "./operations";
import { followPeople, PEOPLE_HANDLERS } from "./people";
import { BridgeError, type Command, type Config } from "./protocol";
import { send } from "./send";
import { probe, StateFollower } from "./state";

const LOOK_MS = 250;

type Handler = (args: Readonly<Record<string, unknown>>) => unknown;

const HANDLERS: Readonly<Record<string, Handler>> = {
  send,
  sendMedia,
  sendLocation,
  sendContacts,
  sendPoll,
  sendEvent,
  sendGroupInvite,
  sendList,
  sendButtons,
  react,
  edit,
  revoke,
  vote,
  pin,
  effect,
  star,
  deleteForMe,
  markPlayed,
  openMedia,
  readMedia,
  closeMedia,
  find,
  recent,
  changes,
  resolve,
  createGroup: groups.createGroup,
  listGroups: groups.listGroups,
  getGroup: groups.getGroup,
  changeGroup: groups.changeGroup,
  setGroupPicture: groups.setGroupPicture,
  changeParticipants: groups.changeParticipants,
  leaveGroup: groups.leaveGroup,
  groupInviteCode: groups.groupInviteCode,
  revokeGroupInvite: groups.revokeGroupInvite,
  previewInvite: groups.previewInvite,
  joinGroup: groups.joinGroup,
  groupRequests: groups.groupRequests,
  decideRequests: groups.decideRequests,
  refreshQr,
  pairingCode,
  logout,
  takeOver,
  ...PEOPLE_HANDLERS,
  // A look first: what the page's own events failed to say is told before the probe is answered.
  probe: () => {
    if (!follower) throw new BridgeError("PAGE_FAULT", "this document isn't WhatsApp Web, or isn't yet");
    follower.look();
    return probe();
  },
};

let follower: StateFollower | undefined;

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

/** Whether the profile says whose device it is, in the entry in which the page keeps it. */
function holdsLogin(): boolean {
  try {
    return localStorage.getItem("last-wid-md") !== null;
  } catch {
    return false;
  }
}

async function start(config: Config): Promise<void> {
  const emit = (globalThis as unknown as Record<string, (batch: string) => void>)[config.binding];
  if (typeof emit !== "function") return;
  const channel = new Channel(emit);
  // Before the page's own scripts: when WhatsApp refuses a login, they remove it.
  channel.tell({ t: "login", held: holdsLogin() });
  Object.defineProperty(globalThis, "pomboBridge", {
    value: (commands: readonly Command[]) => {
      for (const command of commands) void run(channel, command);
    },
  });
  Object.defineProperty(globalThis, "pomboFile", { value: fileInput });
  const lacking = lackingOwnBasics();
  if (lacking.length > 0) {
    channel.tell({ t: "unfit", detail: `wa-js lacks ${lacking.join(", ")}` });
    return;
  }
  await injected();
  while (!hasPageBasics()) await new Promise((done) => setTimeout(done, LOOK_MS));
  try {
    followNews(channel);
    followPeople(channel);
  } catch (error) {
    channel.fault("news", error);
  }
  follower = new StateFollower(channel, config);
  follower.start();
}

const config = globalThis.pomboBridgeConfig;
if (config) {
  Reflect.deleteProperty(globalThis, "pomboBridgeConfig");
  void start(config);
}
