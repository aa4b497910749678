import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { define } from "../loader.js";
import { notImplemented, standIn } from "../stubs.js";

/** Calls: the collection that the libraries listen to. No call can be made or received yet. */

class CallModel extends BaseModel {
  initialize() {
    notImplemented("WAWebCallModel.default")();
  }
}
defineModel(CallModel, "call", ["id", "peerJid", "isVideo", "isGroup", "outgoing", "offerTime"]);

class CallCollection extends BaseCollection {
  static model = CallModel;
  /** whatsapp-web.js listens for calls by replacing `set` of the first map among the collection's own fields. */
  _activeCalls = new Map();
}
for (const name of ["processIncomingCall", "setActiveCall"]) {
  const stub = notImplemented(`WAWebCallCollection.default.${name}`);
  Object.defineProperty(CallCollection.prototype, name, { value: stub, writable: true, configurable: true });
}

export function defineCalls() {
  define("WAWebCallModel", { default: standIn(CallModel, "WAWebCallModel.default") });
  define("WAWebCallCollection", { default: standIn(new CallCollection(), "WAWebCallCollection.default") });
}
