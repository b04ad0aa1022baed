// The description as third parties use it: their validators have nothing to say, their generators make clients that
// compile strictly and take a payment, and requests made from it are answered as it says.

import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { startWithSecrets } from "./sandbox.mjs";

const folder = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const generated = join(folder, "generated");
const description = join(generated, "openapi.json");
const run = promisify(execFile);

let sandbox;

before(async () => {
  sandbox = await startWithSecrets();
  await rm(generated, { recursive: true, force: true });
  await mkdir(generated);
  const answer = await fetch(`${sandbox.base}/openapi.json`);
  await writeFile(description, await answer.text());
});

after(() => sandbox?.stop());

test("openapi-spec-validator finds the description valid", async () => {
  await python("openapi-spec-validator", [description]);
});

test("redocly lint has nothing to say", async () => {
  const telemetry = { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
  await npm("@redocly/cli/bin/cli.js", ["lint", "--config", "redocly.yaml", description], telemetry);
});

test("a TypeScript client compiles strictly and takes a payment", async () => {
  await npm("openapi-typescript/bin/cli.js", [description, "--output", join(generated, "api.d.ts")]);
  await npm("typescript/bin/tsc", ["--project", "tsconfig.json"]);
  await tool(process.execPath, [join(generated, "client.js")]);
});

test("a Python client type-checks strictly and takes a payment", async () => {
  const made = join(generated, "daegeum_client");
  const options = ["--meta", "none", "--config", "python-client.yaml", "--fail-on-warning"];
  await python("openapi-python-client", ["generate", "--path", description, "--output-path", made, ...options]);
  const paths = { MYPYPATH: generated, PYTHONPATH: generated };
  await python("mypy", ["--strict", "--no-error-summary", "--cache-dir", join(generated, ".mypy"), "client.py"], paths);
  await python("python", ["client.py"], paths);
});

test("requests that schemathesis makes are answered as described", async () => {
  // A server that nobody has asked anything: the same requests are answered the same.
  const own = await startWithSecrets();
  try {
    const address = `${own.base}/openapi.json`;
    await python("schemathesis", ["--config-file", "schemathesis.toml", "run", address], own.environment);
  } finally {
    await own.stop();
  }
});

/** A tool of the Python environment that DAEGEUM_PYTHON names. */
function python(name, args, environment = {}) {
  const bin = process.env.DAEGEUM_PYTHON;
  if (!bin) throw new Error("DAEGEUM_PYTHON names no folder of programs; run `cargo xtask test --only contract`");
  return tool(join(bin, name), args, environment);
}

function npm(script, args, environment = {}) {
  return tool(process.execPath, [join(folder, "node_modules", script), ...args], environment);
}

/** Runs to the end; what it printed is in the error when it fails. */
async function tool(program, args, environment = {}) {
  const env = { ...process.env, ...sandbox.environment, PYTHONDONTWRITEBYTECODE: "1", ...environment };
  try {
    return await run(program, args, { cwd: folder, env, maxBuffer: 64 << 20 });
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")} failed (${error.code})\n${error.stdout}\n${error.stderr}`);
  }
}
