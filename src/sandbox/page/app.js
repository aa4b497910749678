import contract from "./contract.json" with { type: "json" };
import { defineAddons, loadAddons } from "./domain/addons/index.js";
import { defineAuth } from "./domain/auth.js";
import { defineCalls } from "./domain/call.js";
import { defineChats, loadChats } from "./domain/chat.js";
import { defineChatActions } from "./domain/chatactions.js";
import { defineCollections } from "./domain/collections.js";
import { controlledBy, defineConn } from "./domain/conn.js";
import { defineConstants } from "./domain/constants.js";
import { defineContacts, loadContacts } from "./domain/contact.js";
import { defineContents } from "./domain/contents/index.js";
import { defineGating } from "./domain/gating.js";
import { defineGroups, loadGroups } from "./domain/groups/index.js";
import { loadKnown } from "./domain/known.js";
import { defineMe, loadLogin } from "./domain/me.js";
import { defineMedia } from "./domain/media/modules.js";
import { defineMute } from "./domain/mute.js";
import { defineMsgs } from "./domain/msg.js";
import { definePeople } from "./domain/people.js";
import { definePresence } from "./domain/presence.js";
import { defineReceipts } from "./domain/receipts.js";
import { defineReceiving } from "./domain/receive.js";
import { defineSending } from "./domain/send.js";
import { defineUtils } from "./domain/utils.js";
import { publish } from "./loader.js";
import { session } from "./net/session.js";
import { VERSION } from "./settings.js";
import { openKeystore } from "./storage/keystore.js";
import { openModels } from "./storage/models.js";
import { openSignalStore } from "./storage/signal.js";
import { defineStubs } from "./stubs.js";
import { startInterface } from "./ui.js";

/**
 * Every module is defined in one go, before the first library can look, and none is added later. Then what is stored is
 * loaded, and only then the page connects: nothing can arrive that the collections don't expect.
 *
 * @param {import("./net/session.js").Keys} keys filled in when the databases are open
 */
function defineAll(keys) {
  defineConstants();
  defineUtils();
  defineMe();
  defineConn();
  defineAuth(keys);
  defineContacts();
  defineMsgs();
  defineChats();
  defineMute();
  defineChatActions();
  definePeople();
  definePresence();
  defineGroups();
  defineCalls();
  defineGating();
  defineMedia();
  defineSending();
  defineReceiving();
  defineReceipts();
  defineAddons();
  defineContents();
  const { WAWebCollections, ...others } = /** @type {any} */ (contract).modules;
  defineStubs(others);
  // Gathers what the others hold, stand-ins among them.
  defineCollections();
  defineStubs({ WAWebCollections });
}

async function start() {
  /** @type {any} */
  const keys = {};
  controlledBy(session);
  defineAll(keys);
  startInterface();
  const opening = openKeystore();
  publish();
  Object.assign(window, { Debug: { VERSION } });
  const { noise, fresh } = await opening;
  Object.assign(keys, { noise, signal: await openSignalStore() });
  loadLogin(fresh);
  await openModels();
  await loadContacts();
  await loadKnown();
  await loadChats();
  await loadGroups();
  await loadAddons();
  session.start(keys);
}

start().catch(reportError);
