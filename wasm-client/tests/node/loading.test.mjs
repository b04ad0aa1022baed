// Where the module comes from: beside the script, inside it, or where the caller says; and what is said where it is not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";

import { Contract } from "../contract.mjs";

const FILE = new URL("../../pkg/core_bg.wasm", import.meta.url);
const BYTES = readFileSync(FILE);

let server;
before(async () => (server = await Contract.start()));
after(() => server.stop());
beforeEach(() => server.pages.clear());

let loaded = 0;
/** The entry for pages, as a page has it that has just been loaded. */
async function fresh() {
  loaded += 1;
  const all = await import(`../../pkg/index.js?${loaded}`);
  assert.throws(() => all.parseReturn("/"), { code: "unsupported" });
  return all;
}

function serve(path, status, headers, body) {
  server.pages.set(path, (_, response) => response.writeHead(status, headers).end(body));
  return server.url + path;
}

const WASM = { "content-type": "application/wasm" };

test("the module is taken from wherever the caller says", async () => {
  const url = serve("/files/core.wasm", 200, WASM, BYTES);
  for (const options of [
    undefined,
    {},
    { url },
    { url: new URL(url) },
    { url: FILE },
    { url: serve("/plain", 200, { "content-type": "application/octet-stream" }, BYTES) },
    { module: BYTES },
    { module: new Uint8Array(BYTES).buffer },
    { module: new WebAssembly.Module(BYTES) },
    { module: Promise.resolve(BYTES) },
    { module: fetch(url) },
  ]) {
    const { ready, parseReturn } = await fresh();
    await Promise.all([ready(options), ready()]);
    assert.equal(parseReturn("/").kind, "nothing", JSON.stringify(options));
  }
});

test("a module that is not there is missed by its address, and the way out is named", async () => {
  const page = { "content-type": "text/html; charset=utf-8" };
  for (const url of [
    serve("/404", 404, {}, "Not found"),
    serve("/403", 403, {}, "Forbidden"),
    serve("/single-page", 200, page, "<!doctype html>"),
    new URL("./nothing.wasm", import.meta.url).href,
  ]) {
    const { ready, CheckoutError } = await fresh();
    const missed = await ready({ url }).catch((error) => error);
    assert.ok(missed instanceof CheckoutError);
    assert.deepEqual([missed.code, missed.retry], ["module_missing", false], url);
    for (const part of [url, "@daegeum/checkout/inline", "ready({ url })", "ready({ module })"]) {
      assert.ok(missed.message.includes(part), `${part}: ${missed.message}`);
    }
  }
});

test("a module that cannot be loaded just now is tried again, at the same place", async () => {
  const { ready, parseReturn, receiptKeys } = await fresh();
  server.pages.set("/core.wasm", (request) => request.socket.destroy());
  const url = `${server.url}/core.wasm`;
  await assert.rejects(ready({ url }), { code: "network", retry: true });
  serve("/core.wasm", 503, {}, "busy");
  await assert.rejects(receiptKeys(server.url), { code: "network", retry: true, status: 503 });
  serve("/core.wasm", 200, WASM, BYTES);
  await ready();
  assert.equal(parseReturn("/").kind, "nothing");
});

test("what is no module is told from one that is missing", async () => {
  const { ready } = await fresh();
  await assert.rejects(ready({ module: new Uint8Array([1, 2, 3]) }), (error) => {
    assert.equal(error.code, "unsupported");
    assert.ok(error.cause instanceof WebAssembly.CompileError);
    return true;
  });
  await assert.rejects(ready({ module: "core_bg.wasm" }), { code: "invalid_argument", field: "module" });
  await assert.rejects(ready({ url: "core_bg.wasm" }), { code: "invalid_argument", field: "url" });
  await assert.rejects(ready({ module: BYTES, url: FILE }), { code: "invalid_argument", field: "url" });
});
