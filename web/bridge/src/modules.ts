/** The page's own modules, for what wa-js has no name of. Their ids are those that whatsapp-web.js asks for. */

type Namespace = Record<string, unknown>;

/** The module with this id; undefined where the page has none, or none yet. */
export function moduleOf(id: string): Namespace | undefined {
  try {
    const find = (globalThis as { importNamespace?: (id: string) => Namespace }).importNamespace;
    return find?.(id);
  } catch {
    return undefined;
  }
}

/** A function of a module, by its path in it. */
export function functionOf(id: string, path: string): ((...args: unknown[]) => unknown) | undefined {
  const [name = "", ...holders] = path.split(".").reverse();
  const holder = holders.reverse().reduce<Namespace | undefined>((found, part) => found?.[part] as Namespace, moduleOf(id));
  const found = holder?.[name];
  return typeof found === "function" ? (found as (...args: unknown[]) => unknown).bind(holder) : undefined;
}

/**
 * Has `listen` called with the arguments of each call of a module's function, before the function itself.
 *
 * The page calls its functions through their modules, where wa-js and whatsapp-web.js replace them in the same way.
 *
 * @returns whether the page has the function
 */
export function listenTo(id: string, path: string, listen: (...args: unknown[]) => void): boolean {
  return wrap(id, path, (original, args) => {
    listen(...args);
    return original(...args);
  });
}

/** Puts `around` in the place of a module's function. */
export function wrap(
  id: string,
  path: string,
  around: (original: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
): boolean {
  const [name = "", ...holders] = path.split(".").reverse();
  const holder = holders.reverse().reduce<Namespace | undefined>((found, part) => found?.[part] as Namespace, moduleOf(id));
  const original = holder?.[name];
  if (!holder || typeof original !== "function") return false;
  const bound = (...args: unknown[]): unknown => Reflect.apply(original, holder, args) as unknown;
  holder[name] = (...args: unknown[]) => around(bound, args);
  return true;
}
