/**
 * The page's module registry with the interface the libraries look for: `__d`, `require`, `importNamespace`,
 * `ErrorGuard`, `require("__debug").modulesMap` and `Bootloader`.
 *
 * A module's namespace is a plain, mutable object. The libraries replace exports in it, so whoever delivers an event
 * must look the function up in the namespace at that moment: `namespace(id).name(…)`, never a saved reference.
 */

/** @typedef {Record<string, any>} Namespace */
/** @typedef {(...args: any[]) => void} Factory */
/** @typedef {{id: string, dependencies: string[], factory: Factory, exports: Namespace | null}} Module */

/** @type {Record<string, Module>} */
const modules = {};

/**
 * @param {string} id
 * @returns {Namespace}
 */
export function importNamespace(id) {
  const module = Object.hasOwn(modules, id) ? modules[id] : undefined;
  if (!module) throw new Error(`Requiring unknown module "${id}"`);
  if (!module.exports) {
    const holder = { exports: /** @type {Namespace} */ ({}) };
    module.exports = holder.exports;
    module.factory(window, require, importDefault, importNamespace, requireLazy, holder, holder.exports);
    module.exports = holder.exports;
  }
  return module.exports;
}

/** @param {string} id */
function importDefault(id) {
  const exports = importNamespace(id);
  return "default" in exports ? exports.default : exports;
}

/**
 * The default export when there is one, else the namespace.
 *
 * @param {string} id
 */
export function require(id) {
  if (id === "__debug") return { modulesMap: modules };
  return importDefault(id);
}

/**
 * @param {string[]} ids
 * @param {(...exports: any[]) => void} callback
 */
function requireLazy(ids, callback) {
  callback(...ids.map(require));
}

/**
 * @param {string} id
 * @param {string[]} dependencies
 * @param {Factory} factory
 */
function defineFactory(id, dependencies, factory) {
  if (Object.hasOwn(modules, id)) throw new Error(`module "${id}" is defined twice`);
  modules[id] = { id, dependencies, factory, exports: null };
}

/**
 * Defines a module whose exports exist already: all of the page's are made before the first library looks.
 *
 * @template {Namespace} T
 * @param {string} id
 * @param {T} exports
 * @returns {T} the namespace, live
 */
export function define(id, exports) {
  const namespace = { ...exports };
  defineFactory(id, [], (_global, _require, _default, _namespace, _lazy, module) => {
    module.exports = namespace;
  });
  importNamespace(id);
  return namespace;
}

/** @param {string} id */
export function isDefined(id) {
  return Object.hasOwn(modules, id);
}

export function moduleIds() {
  return Object.keys(modules);
}

/** Nothing is loaded later, so every component is there: the bootloader only has to say so. */
const bootloader = {
  /**
   * @param {string[]} _components
   * @param {() => void} callback
   */
  loadModules(_components, callback) {
    queueMicrotask(callback);
  },
  __debug: { componentMap: new Map() },
};

/** Makes the registry visible to the libraries; called when every module is defined. */
export function publish() {
  define("Bootloader", bootloader);
  const errorGuard = {
    skipGuardGlobal() {},
    /**
     * @param {Function} callback
     * @param {any} context
     * @param {any[]} [args]
     */
    applyWithGuard: (callback, context, args = []) => callback.apply(context, args),
  };
  Object.assign(window, { ErrorGuard: errorGuard, importNamespace, importDefault, requireLazy });
  // wa-js waits for these two, whichever comes last: the rest must be in place.
  Object.assign(window, { require, __d: defineFactory });
}
