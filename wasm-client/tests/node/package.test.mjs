// The package as it is installed: found by its name, whole, and as its README says.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Contract } from "../contract.mjs";
import { example } from "../readme.mjs";

const PACKAGE = fileURLToPath(new URL("../../pkg", import.meta.url));

let project;
let server;
before(async () => {
  project = mkdtempSync(join(tmpdir(), "daegeum-checkout-"));
  mkdirSync(join(project, "node_modules/@daegeum"), { recursive: true });
  symlinkSync(PACKAGE, join(project, "node_modules/@daegeum/checkout"));
  server = await Contract.start();
});
after(async () => {
  rmSync(project, { recursive: true });
  await server.stop();
});

/** What a program prints that imports the package by its name. */
async function printed(program, env = {}) {
  writeFileSync(join(project, "main.mjs"), program);
  const run = spawn(process.execPath, ["main.mjs"], { cwd: project, env: { ...process.env, ...env } });
  let [said, complained] = ["", ""];
  run.stdout.on("data", (text) => (said += text));
  run.stderr.on("data", (text) => (complained += text));
  await new Promise((ended) => run.on("close", ended));
  assert.equal(complained, "");
  return said;
}

test("Node finds it by its name, and it has to be loaded before it is used", async () => {
  const said = await printed(`
    import * as named from "@daegeum/checkout";
    try { named.parseReturn("/") } catch (error) { console.log(error.code) }
    await Promise.all([named.ready(), named.ready()]);
    console.log(named.parseReturn("/").kind);`);
  assert.equal(said, "unsupported\nnothing\n");
});

/** Compiles as its users do, with all that is strict. Not blocking: it takes seconds where others want the processor. */
async function compiles(options, files) {
  const typescript = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
  for (const [name, program] of Object.entries(files)) writeFileSync(join(project, name), program);
  const strictly = ["--strict", "--noUncheckedIndexedAccess", "--noEmit", "--target", "es2022"];
  const run = spawn(process.execPath, [typescript, ...strictly, ...options, ...Object.keys(files)], { cwd: project });
  let said = "";
  run.stdout.on("data", (text) => (said += text));
  await new Promise((ended) => run.on("close", ended));
  assert.equal(said, "", options.join(" "));
}

const TYPED = 'import { ready } from "@daegeum/checkout"; const done: Promise<void> = ready(); void done;';

test("TypeScript finds its types as Node looks for them, from modules and from CommonJS", () =>
  compiles(["--module", "nodenext"], { "main.mts": TYPED, "main.cts": TYPED }));

/** The page in a document of the repository. */
function page(document) {
  const text = readFileSync(new URL(`../../../${document}`, import.meta.url), "utf8");
  const [, code] = text.match(/```js\n(import \{ Checkout[\s\S]*?)```/) ?? [];
  assert.ok(code, `${document} has no page`);
  return code;
}

test("TypeScript finds its types as bundlers do, and compiles the documents' pages", () => {
  const [documents, english, korean] = ["docs/checkout.md", "README.md", "README.ko.md"].map(page);
  const files = { "main.mts": TYPED, "readme.ts": example("pay.js"), "documents.ts": documents, "english.ts": english, "korean.ts": korean };
  return compiles(["--module", "esnext", "--moduleResolution", "bundler"], files);
});

test("the README's backend makes a link that opens the order's checkout", async () => {
  const env = { DAEGEUM_URL: server.url, DAEGEUM_KEY: "merchant", ORDER_ID: "ORD-README" };
  const link = (await printed(example("backend.js"), env)).trim();
  const [session] = [...server.sessions.values()].filter((one) => one.order_id === env.ORDER_ID);
  assert.equal(link, `https://shop.example/pay#${session.token}`);
});

test("the README's example of a page is ten lines", () => {
  assert.ok(example("pay.js").split("\n").length <= 10);
});

test("what is exported is what is declared", async () => {
  const declared = readFileSync(join(PACKAGE, "index.d.ts"), "utf8").matchAll(/^export (?:class|function) (\w+)/gm);
  const names = [...declared].map(([, name]) => name).sort();
  assert.deepEqual(Object.keys(await import("../../pkg/inline.js")).sort(), names);
  assert.deepEqual(Object.keys(await import("../../pkg/index.js")).sort(), names);
  assert.deepEqual(Object.keys(createRequire(import.meta.url)("../../pkg/index.cjs")).sort(), names);
});

test("every file that its manifest names is there, and so is the reference", () => {
  const { exports, main, types, sideEffects, version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  assert.notEqual(version, "0.0.0");
  const files = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(files));
  for (const file of [main, types, ...sideEffects, ...files(exports), "README.md", "LICENSE", "docs/README.md"]) {
    assert.ok(existsSync(join(PACKAGE, file)), file);
  }
});
