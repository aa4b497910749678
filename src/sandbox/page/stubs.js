import { BaseCollection } from "./core/collection.js";
import { BaseModel } from "./core/model.js";
import { SandboxNotImplemented } from "./errors.js";
import { define, importNamespace, isDefined } from "./loader.js";

/**
 * Stand-ins for what the contract lists and no domain file defines. Each throws its own name when it is used. What the
 * libraries do to every module at start (look at it, wrap it, listen to it) is no use and is allowed.
 */

/** @typedef {"function" | "class" | "model" | "collection" | "collectionClass" | "object"} Kind */
/** @typedef {{kind: Kind, model?: string, props?: string[], text?: string, displayName?: string}} ExportContract */
/** @typedef {Record<string, Record<string, ExportContract>>} ModuleContracts */

const STUB = Symbol("sandbox stub");

/**
 * @param {string} path
 * @returns {(...args: any[]) => never}
 */
export function notImplemented(path) {
  /** @type {any} */
  const stub = () => {
    throw new SandboxNotImplemented(path);
  };
  stub[STUB] = path;
  return stub;
}

/**
 * Marks something made by hand as a stand-in: it holds the place of a feature that isn't there.
 *
 * @template T
 * @param {T} value
 * @param {string} path
 * @returns {T}
 */
export function standIn(value, path) {
  Object.defineProperty(value, STUB, { value: path });
  return value;
}

/**
 * @param {any} value
 * @returns {boolean} whether an export is a stand-in
 */
export function isStub(value) {
  return Boolean(value) && (typeof value === "function" || typeof value === "object") && value[STUB] !== undefined;
}

/** @param {string} path */
function stubClass(path) {
  const type = class {
    constructor() {
      throw new SandboxNotImplemented(path);
    }
  };
  Object.defineProperty(type, STUB, { value: path });
  return type;
}

/**
 * @param {string} path
 * @param {string} proxyName
 * @param {string[]} props attributes by which a library recognises the class
 */
function stubModel(path, proxyName, props) {
  const type = class extends BaseModel {
    initialize() {
      throw new SandboxNotImplemented(path);
    }
  };
  Object.defineProperty(type, STUB, { value: path });
  Object.defineProperty(type.prototype, "proxyName", { value: proxyName });
  Object.defineProperty(type.prototype, "__props", { value: props });
  return type;
}

/** @param {string} path */
function stubCollection(path) {
  const type = class extends BaseCollection {
    static model = BaseModel;
  };
  for (const name of ["add", "set", "remove", "find", "update", "gadd", "gaddUp"]) {
    Object.defineProperty(type.prototype, name, { value: notImplemented(`${path}.${name}`), writable: true });
  }
  Object.defineProperty(type, STUB, { value: path });
  Object.defineProperty(type.prototype, STUB, { value: path });
  return type;
}

/** What looking at an object means; anything else asks it for something it can't give. */
const PROBES = new Set(["$$typeof", "prototype", "then", "toJSON", "constructor", "displayName"]);

/** @param {string} path */
function stubObject(path) {
  return new Proxy(/** @type {any} */ ({}), {
    get(target, name) {
      if (name === STUB) return path;
      if (Object.hasOwn(target, name)) return target[name];
      if (typeof name === "symbol" || PROBES.has(name)) return undefined;
      throw new SandboxNotImplemented(`${path}.${name}`);
    },
  });
}

/**
 * @param {string} path
 * @param {ExportContract} contract
 */
function stubFor(path, contract) {
  switch (contract.kind) {
    case "class":
      return stubClass(path);
    case "model":
      return stubModel(path, contract.model ?? "", contract.props ?? []);
    case "collectionClass":
      return stubCollection(path);
    case "object":
      return stubObject(path);
    default: {
      const stub = notImplemented(path);
      // wa-js tells some functions apart by what their source or display name contains.
      if (contract.text) Object.defineProperty(stub, "toString", { value: () => contract.text });
      if (contract.displayName) Object.defineProperty(stub, "displayName", { value: contract.displayName });
      return stub;
    }
  }
}

/**
 * Adds what is missing from the contract's modules.
 *
 * @param {ModuleContracts} contracts
 */
export function defineStubs(contracts) {
  for (const [id, exports] of Object.entries(contracts)) {
    const namespace = isDefined(id) ? importNamespace(id) : define(id, {});
    for (const [name, contract] of Object.entries(exports)) place(namespace, id, name, contract);
  }
}

/**
 * @param {Record<string, any>} namespace
 * @param {string} id
 * @param {string} name a dotted path below the namespace
 * @param {ExportContract} contract
 */
function place(namespace, id, name, contract) {
  const path = name.split(".");
  const last = /** @type {string} */ (path.pop());
  let holder = namespace;
  for (const part of path) holder = holder[part] ??= {};
  if (last in holder) return;
  if (contract.kind === "collection") {
    // An instance belongs to the class its module exports beside it.
    const type = holder[`${last}Impl`] ?? stubCollection(`${id}.${name}`);
    holder[last] = new type();
  } else {
    holder[last] = stubFor(`${id}.${name}`, contract);
  }
}
