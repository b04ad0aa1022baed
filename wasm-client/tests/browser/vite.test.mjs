// The package built into a page by Vite, from node_modules and by its name.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "vite";

import { example, page as readmePage } from "../readme.mjs";
import { launch, site } from "./chromium.mjs";

const PACKAGE = fileURLToPath(new URL("../../pkg", import.meta.url));

test("Vite finds the package and its module, and the page pays", async () => {
  const root = mkdtempSync(join(tmpdir(), "daegeum-vite-"));
  const [browser, shop] = [await launch(), await site()];
  try {
    mkdirSync(join(root, "node_modules/@daegeum"), { recursive: true });
    symlinkSync(PACKAGE, join(root, "node_modules/@daegeum/checkout"));
    writeFileSync(join(root, "pay.js"), example("pay.js"));
    writeFileSync(join(root, "index.html"), `<!doctype html><body>${readmePage().replace("pay.js", "./pay.js")}`);
    await build({ root, logLevel: "error", build: { modulePreload: { polyfill: false }, target: "es2022" } });
    const files = readdirSync(join(root, "dist/assets"));
    assert.equal(files.filter((name) => name.endsWith(".wasm")).length, 1);
    shop.folder("/", join(root, "dist"), ["index.html"]);
    shop.folder("/assets/", join(root, "dist/assets"), files);
    const session = shop.session();
    const page = await browser.newPage();
    const said = (text) => page.waitForFunction((text) => document.querySelector("#state")?.textContent === text, text);
    await page.goto(`${shop.url}/index.html#${session.token}`);
    await said("created");
    await page.click("#pay");
    await said("paid");
  } finally {
    await browser.close();
    await shop.stop();
    rmSync(root, { recursive: true });
  }
});
