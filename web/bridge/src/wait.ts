/** Waiting for what the page does in its own time. */

const LOOK_MS = 100;

/** Looks until `read` gives something, or the time is over; undefined then. */
export async function until<T>(read: () => T | undefined | Promise<T | undefined>, withinMs: number): Promise<T | undefined> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await read();
    if (found !== undefined || performance.now() >= end) return found;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}
