// The server as it is built, with its sandbox, over a folder of its own. Which program: DAEGEUM_BIN.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/**
 * Starts a server on free ports, with `settings` in its environment, and reads from what it prints where it and its
 * simulator are. `stop()` ends it as its operator would, and fails if it does not end well.
 */
export async function startSandbox(settings = {}) {
  const program = process.env.DAEGEUM_BIN;
  if (!program) throw new Error("DAEGEUM_BIN names no server; run `cargo xtask test`");
  const folder = await mkdtemp(join(tmpdir(), "daegeum-sandbox-"));
  const child = spawn(program, ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", folder], {
    env: { ...withoutSettings(process.env), ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  const end = async (signal) => {
    child.kill(signal);
    const how = await ended;
    await rm(folder, { recursive: true, force: true });
    return how;
  };
  const stop = async () => {
    const how = await end("SIGTERM");
    if (how !== 0) throw new Error(`the server ended with ${how}`);
  };
  try {
    return { ...(await printed(child, ended)), folder, stop };
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
}

/** The settings of whoever runs the tests are not the tests'. */
function withoutSettings(environment) {
  const ours = /^(DAEGEUM_|TOSS_PAYMENTS_|APP_BASE_URL$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.test(name)));
}

/** The two addresses, once both were printed; the rest of what is printed is read and dropped. */
function printed(child, ended) {
  return new Promise((resolve, reject) => {
    const said = [];
    const found = {};
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      found.base ??= /^ {2}API +(http:\/\/\S+)\/api\/v1$/.exec(line)?.[1];
      found.simulator ??= /^ {2}Toss +(http:\/\/\S+) /.exec(line)?.[1];
      if (found.base && found.simulator) resolve(found);
    });
    ended.then((end) => reject(new Error(`the server ended with ${end}:\n${said.join("\n")}`)));
    child.once("error", reject);
  });
}
