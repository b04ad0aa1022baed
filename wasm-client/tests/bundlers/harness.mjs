// A place where programs import the package as people do: from node_modules, by its name, packed and unpacked as npm
// does it. What is built is run in a folder that has nothing else, so that a file left behind is missed.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PACKAGE = process.env.DAEGEUM_PACKAGE ?? fileURLToPath(new URL("../../pkg", import.meta.url));

/** What each program comes to that begins a checkout. */
export const BEGUN = { status: "created", back: "refused", refused: "invalid_link" };
/** What each page comes to that opens one. */
export const OPENED = { status: "created", back: "refused" };

/** A fresh folder with the programs, beside which node_modules has the bundlers and the package. */
export function workshop(name) {
  const folder = join(HERE, "built", name);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(HERE, "programs"), folder, { recursive: true });
  const installed = join(folder, "node_modules/@daegeum/checkout");
  mkdirSync(installed, { recursive: true });
  const [{ filename }] = JSON.parse(run("npm", ["pack", PACKAGE, "--json", "--pack-destination", folder], HERE));
  run("tar", ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"], HERE);
  return folder;
}

/** A program of an npm package that is installed here. */
export const tool = (path) => join(HERE, "node_modules", path);

/** The program that an npm package has for this system, which npm installs beside no other's. */
export function native(scope, program) {
  const folder = tool(scope);
  const found = readdirSync(folder).map((name) => join(folder, name, program)).filter((path) => existsSync(path));
  assert.ok(found.length > 0, `${scope} has no ${program} for this system`);
  return found[0];
}

/** What a program prints; it fails where the program does. */
export function run(program, args, cwd, env = {}) {
  return execFileSync(program, args, { cwd, env: { ...process.env, ...env }, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs what was built, alone in a folder, and holds what it says to what is expected. */
export async function alone(built, main, server, [program, ...args] = [process.execPath]) {
  const folder = mkdtempSync(join(tmpdir(), "daegeum-alone-"));
  try {
    cpSync(built, folder, { recursive: true });
    await says(program, [...args, main], folder, server);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a program where it is. Not blocking: the server it asks is this process. */
export async function says(program, args, cwd, server) {
  const child = spawn(program, args, { cwd, env: { ...process.env, DAEGEUM_URL: server.url, NO_COLOR: "1" } });
  let [said, complained] = ["", ""];
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (complained += text));
  const code = await new Promise((ended) => child.on("close", ended));
  assert.equal(code, 0, complained);
  assert.deepEqual(JSON.parse(said), BEGUN);
}
