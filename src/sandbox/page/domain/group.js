import { BaseCollection } from "../core/collection.js";
import { BaseModel, defineModel } from "../core/model.js";
import { define } from "../loader.js";
import { notImplemented, standIn } from "../stubs.js";

/** Groups: only what makes the libraries find the module. Whatever is asked of a group throws its name. */

class GroupMetadata extends BaseModel {
  initialize() {
    notImplemented("WAWebGroupMetadataModel.default")();
  }
}
defineModel(GroupMetadata, "group-metadata", ["id", "participants"]);

class GroupMetadataCollection extends BaseCollection {
  static model = GroupMetadata;
}
for (const name of ["find", "update", "add", "onParentGroupChange"]) {
  const stub = notImplemented(`WAWebGroupMetadataCollection.default.${name}`);
  Object.defineProperty(GroupMetadataCollection.prototype, name, { value: stub, writable: true, configurable: true });
}

/** @type {any} */
export const groupMetadata = standIn(new GroupMetadataCollection(), "WAWebGroupMetadataCollection.default");

export function defineGroups() {
  define("WAWebGroupMetadataModel", { default: standIn(GroupMetadata, "WAWebGroupMetadataModel.default") });
  define("WAWebGroupMetadataCollection", { default: groupMetadata });
}
