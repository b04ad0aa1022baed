// Where a shop's page imports the package: what bundlers make for browsers, opened in Chromium.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { after, before, test } from "node:test";

import nodeResolve from "@rollup/plugin-node-resolve";
import { build as esbuild } from "esbuild";
import { rolldown } from "rolldown";
import { rollup } from "rollup";
import { build as vite, createServer } from "vite";
import webpack from "webpack";

import { Contract } from "../contract.mjs";
import { launch, shown } from "./chromium.mjs";
import { native, OPENED, run, workshop } from "./harness.mjs";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8" };

let folder;
let server;
let browser;
before(async () => {
  folder = workshop("pages");
  server = await Contract.start();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

const at = (path) => join(folder, path);

/** What a page says that is made of these files, or of a page around one script. */
function opened(out, script) {
  server.pages.clear();
  for (const file of readdirSync(out, { recursive: true }).map((name) => join(out, name))) {
    if (statSync(file).isFile()) serve(`/${relative(out, file)}`, readFileSync(file));
  }
  if (script) serve("/index.html", `<!doctype html><title>pay</title><body><script type="module" src="/${script}"></script>`);
  return shown(browser, `${server.url}/index.html#${server.session().token}`);
}

function serve(path, body) {
  server.pages.set(path, (_, response) => response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(body));
}

test("Vite", async () => {
  writeFileSync(at("index.html"), '<!doctype html><title>pay</title><body><script type="module" src="/page.js"></script>');
  await vite({ root: folder, configFile: false, logLevel: "error", build: { outDir: at("vite") } });
  assert.deepEqual(await opened(at("vite")), OPENED);
});

test("Vite's development server, without a word about the package", async () => {
  writeFileSync(at("index.html"), '<!doctype html><title>pay</title><body><script type="module" src="/page.js"></script>');
  const proxy = { "/api": server.url };
  const dev = await createServer({ root: folder, configFile: false, logLevel: "error", cacheDir: at("vite-dev"), server: { host: "127.0.0.1", port: 0, proxy } });
  try {
    await dev.listen();
    const { port } = dev.httpServer.address();
    assert.deepEqual(await shown(browser, `http://127.0.0.1:${port}/#${server.session().token}`), OPENED);
  } finally {
    await dev.close();
  }
});

test("webpack", async () => {
  const out = at("webpack");
  await packed({ entry: at("page.js"), mode: "production", output: { path: out, filename: "main.js", publicPath: "auto" } });
  assert.deepEqual(await opened(out, "main.js"), OPENED);
});

/** Bundlers that move scripts and no files: each way out that the documents name. */
const MOVERS = {
  esbuild: (entry, outfile) => esbuild({ entryPoints: [entry], bundle: true, platform: "browser", format: "esm", outfile, logLevel: "error" }),
  Rollup: async (input, file) => (await rollup({ input, plugins: [nodeResolve({ browser: true })] })).write({ file, format: "es" }),
  rolldown: async (input, file) => (await rolldown({ input, platform: "browser" })).write({ file, format: "esm" }),
  Bun: async (entry, file) => run(native("@oven", "bin/bun"), ["build", entry, "--target=browser", "--outfile", file], folder),
};

for (const [name, bundle] of Object.entries(MOVERS)) {
  test(`${name}, with the module inside`, async () => {
    const out = at(`${name}-inline`);
    await bundle(at("page.inline.js"), join(out, "main.js"));
    assert.deepEqual(await opened(out, "main.js"), OPENED);
  });

  test(`${name}, with the module where the shop says`, async () => {
    const out = at(`${name}-url`);
    await bundle(at("page.url.js"), join(out, "main.js"));
    copyModule(join(out, "files"));
    assert.deepEqual(await opened(out, "main.js"), OPENED);
  });

  test(`${name}, with the module beside the bundle`, async () => {
    const out = at(`${name}-beside`);
    await bundle(at("page.js"), join(out, "main.js"));
    copyModule(out);
    assert.deepEqual(await opened(out, "main.js"), OPENED);
  });
}

test("a module that was left behind is missed by its name, with the way out", async () => {
  const out = at("left-behind");
  await MOVERS.esbuild(at("page.js"), join(out, "main.js"));
  const said = await opened(out, "main.js");
  assert.match(said, /^module_missing: .*\/core_bg\.wasm.*@daegeum\/checkout\/inline.*ready\(\{ url \}\)/);
  serve("/core_bg.wasm", "");
  server.pages.set("/core_bg.wasm", server.pages.get("/index.html"));
  assert.match(await shown(browser, `${server.url}/index.html#${server.session().token}`), /^module_missing: .*there is a page/);
});

function copyModule(to) {
  mkdirSync(to, { recursive: true });
  copyFileSync(at("node_modules/@daegeum/checkout/core_bg.wasm"), join(to, "core_bg.wasm"));
}

function packed(options) {
  return new Promise((resolve, reject) => {
    webpack(options, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString("errors-only")));
      else resolve();
    });
  });
}
