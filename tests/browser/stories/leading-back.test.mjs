// The hosted page leads back to the order it is about.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

const POSTCARD = { name: "엽서", quantity: 1, unit_price: 500, tax: "taxable" };

async function open(scene, page, order_id, addresses) {
  const token = await scene.server.order({ order_id, total: 500, lines: [POSTCARD] }, addresses);
  await page.goto(`${scene.server.base}/checkout#${token}`);
  const checkout = new Checkout(page);
  await checkout.shows("created");
  return { token, checkout };
}

const back = (page) => page.locator("[data-checkout] a[data-leave]:visible").first();

story("paid buyer is led back to the order, without the token", {}, async (scene) => {
  const page = await scene.visitor();
  const redirect_url = `${scene.server.base}/shop/orders?order=1`;
  const { token, checkout } = await open(scene, page, "back-1", { redirect_url });
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await page.locator("[data-leaving]:visible").waitFor();
  await scene.look(page, "leaving");
  const session_id = token.split(".")[0];
  const expected = `${redirect_url}&session_id=${session_id}&status=paid`;
  assert.equal(await back(page).getAttribute("href"), expected);
  await page.waitForURL(expected);
});

story("buyer who stays or returns later is not redirected", {}, async (scene) => {
  const page = await scene.visitor({ lang: "en" });
  const redirect_url = `${scene.server.base}/shop/orders`;
  const { checkout } = await open(scene, page, "back-2", { redirect_url });
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await page.getByRole("button", { name: "Stay on this page" }).click();
  await page.locator("[data-leaving]:visible").waitFor({ state: "detached" });
  await page.reload();
  await checkout.shows("paid");
  assert.equal(await page.locator("[data-leaving]:visible").count(), 0);
});

story("buyer who gave up is led to the shop's failure address", {}, async (scene) => {
  const page = await scene.visitor();
  const addresses = {
    redirect_url: `${scene.server.base}/shop/orders`,
    failure_redirect_url: `${scene.server.base}/shop?cart=kept`,
  };
  const { token, checkout } = await open(scene, page, "back-3", addresses);
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approveToBeDeclined("REJECT_CARD_COMPANY");
  await checkout.shows("failed");
  const session_id = token.split(".")[0];
  const href = await back(page).getAttribute("href");
  assert.equal(href, `${addresses.failure_redirect_url}&session_id=${session_id}&status=failed`);
});
