// Where a shop's backend imports the package: plain Node, other runtimes, and bundlers that make one file of it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import nodeResolve from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rolldown } from "rolldown";
import { rollup } from "rollup";
import { build as vite, createServer } from "vite";
import webpack from "webpack";

import { Contract } from "../contract.mjs";
import { alone, BEGUN, native, run, says, workshop } from "./harness.mjs";

const BUN = native("@oven", "bin/bun");
const DENO = native("@deno", "deno");

let folder;
let server;
before(async () => {
  folder = workshop("servers");
  server = await Contract.start();
});
after(() => server.stop());

const at = (path) => join(folder, path);
const main = () => at("main.js");

test("Node imports it", () => says(process.execPath, [main()], folder, server));

test("Node requires it", () => says(process.execPath, [at("required.cjs")], folder, server));

test("Node requires it where modules cannot be required", () =>
  says(process.execPath, ["--no-experimental-require-module", at("required.cjs")], folder, server));

test("Bun imports and requires it", async () => {
  await says(BUN, ["run", main()], folder, server);
  await says(BUN, ["run", at("required.cjs")], folder, server);
});

test("Deno imports it", () => says(DENO, ["run", "--no-check", "--allow-net", "--allow-env", "--node-modules-dir=manual", main()], folder, server));

for (const format of ["esm", "cjs"]) {
  test(`esbuild for Node, ${format}`, async () => {
    const out = at(`esbuild-${format}`);
    const outfile = join(out, format === "cjs" ? "main.cjs" : "main.mjs");
    await esbuild({ entryPoints: [main()], bundle: true, platform: "node", format, outfile, minify: true, logLevel: "error" });
    await alone(out, outfile.slice(out.length + 1), server);
  });
}

for (const [name, options] of [
  ["as it comes", {}],
  ["told that it is for Node", { exportConditions: ["node"] }],
]) {
  test(`Rollup, ${name}`, async () => {
    const out = at(`rollup-${name.length}`);
    const bundle = await rollup({ input: main(), plugins: [nodeResolve(options)] });
    await bundle.write({ file: join(out, "main.mjs"), format: "es" });
    await alone(out, "main.mjs", server);
  });
}

test("Rollup, CommonJS", async () => {
  const out = at("rollup-cjs");
  const bundle = await rollup({ input: main(), plugins: [nodeResolve()] });
  await bundle.write({ file: join(out, "main.cjs"), format: "cjs" });
  await alone(out, "main.cjs", server);
});

for (const format of ["esm", "cjs"]) {
  test(`rolldown for Node, ${format}`, async () => {
    const out = at(`rolldown-${format}`);
    const name = format === "cjs" ? "main.cjs" : "main.mjs";
    const bundle = await rolldown({ input: main(), platform: "node" });
    await bundle.write({ file: join(out, name), format });
    await bundle.close();
    await alone(out, name, server);
  });
}

for (const isModule of [true, false]) {
  test(`webpack for Node, ${isModule ? "modules" : "CommonJS"}`, async () => {
    const out = at(`webpack-${isModule}`);
    const filename = isModule ? "main.mjs" : "main.cjs";
    const output = { path: out, filename, module: isModule, chunkFormat: isModule ? "module" : "commonjs" };
    await packed({ entry: main(), target: "node", mode: "production", output, experiments: { outputModule: isModule } });
    await alone(out, filename, server);
  });
}

test("Vite for a server, with nothing left outside", async () => {
  const out = at("vite-ssr");
  const build = { ssr: main(), outDir: out, emptyOutDir: true };
  await vite({ root: folder, configFile: false, logLevel: "error", ssr: { noExternal: true }, build });
  await alone(out, "main.js", server, [process.execPath, "--input-type=module", "--eval", "await import('./main.js')"]);
});

test("Vite's development server, with nothing left outside", async () => {
  const options = { middlewareMode: true, hmr: false, ws: false, watch: null };
  const dev = await createServer({ root: folder, configFile: false, logLevel: "error", appType: "custom", server: options, ssr: { noExternal: true } });
  try {
    const { backend } = await dev.ssrLoadModule("/backend.js");
    assert.deepEqual(await backend(server.url), BEGUN);
  } finally {
    await dev.close();
  }
});

test("Bun's bundler for Node", async () => {
  const out = at("bun-build");
  run(BUN, ["build", main(), "--target=node", "--outfile", join(out, "main.mjs")], folder);
  await alone(out, "main.mjs", server);
});

function packed(options) {
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString("errors-only")));
      else resolve();
    });
  });
}
