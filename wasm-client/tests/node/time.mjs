// The package's timers, written down and come at once, so that no test waits for a back-off.

const real = globalThis.setTimeout;

/** Runs `during` and says which waits the package asked for, in milliseconds. */
export async function waits(during) {
  const asked = [];
  globalThis.setTimeout = (run, ms, ...args) => {
    // Node's own fetch has timers too; and the longest that a request may take is no wait.
    const isOurs = new Error().stack.includes("/pkg/inline.js");
    if (!isOurs || ms === 30_000) return real(run, ms, ...args);
    asked.push(ms);
    return real(run, 0, ...args);
  };
  try {
    await during();
  } finally {
    globalThis.setTimeout = real;
  }
  return asked;
}
