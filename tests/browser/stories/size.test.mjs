// What a phone has to fetch to pay: all of the checkout's page, the wasm module included, over the wire.

import assert from "node:assert/strict";

import { story } from "../harness/story.mjs";

const MOST_BYTES = 100_000;

story("the checkout with its module is at most 100 KB over the wire, and is then kept", {}, async (scene) => {
  const page = await scene.visitor({ viewport: "phone" });
  const checkout = await scene.buy(page, "watercolor-course");
  const address = page.url();

  const fresh = await scene.visitor({ viewport: "phone" });
  const fetched = await watchedBytes(fresh);
  await fresh.goto(address);
  await checkout.shows("created");
  await fresh.locator("[data-checkout][data-status=created]").waitFor();
  const total = [...fetched.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const listed = [...fetched.values()].map(({ url, bytes }) => `${bytes} ${new URL(url).pathname}`).join("\n");
  console.log(`${listed}\n${total} bytes`);
  assert.ok([...fetched.values()].some(({ url }) => url.endsWith(".wasm")), "the module is among them");
  assert.ok(total <= MOST_BYTES, `${total} bytes:\n${listed}`);

  fetched.clear();
  await fresh.reload();
  await fresh.locator("[data-checkout][data-status=created]").waitFor();
  const again = [...fetched.values()].filter(({ url, bytes }) => url.includes("/assets/") && bytes > 0);
  assert.deepEqual(again, [], "what was fetched once is kept");
});

/** Bytes as they came over the connection, headers included, by request. */
async function watchedBytes(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const fetched = new Map();
  devtools.on("Network.responseReceived", ({ requestId, response }) => {
    if (response.url.startsWith("http")) fetched.set(requestId, { url: response.url, bytes: 0, cached: response.fromDiskCache });
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const one = fetched.get(requestId);
    if (one && !one.cached) one.bytes = encodedDataLength;
  });
  return fetched;
}
