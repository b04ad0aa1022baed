// Orders that cost less, or nothing.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

const LESSON = { name: "수채화 강의", quantity: 1, unit_price: 11_000, tax: "taxable" };

story("a coupon is shown and the buyer pays what is left", {}, async (scene) => {
  const discounts = [{ name: "첫 구매 쿠폰", amount: 1_100 }];
  const token = await scene.server.order({ order_id: "less", total: 9_900, lines: [LESSON], discounts });
  const page = await scene.visitor();
  await page.goto(`${scene.server.base}/checkout#${token}`);
  const checkout = new Checkout(page);
  await checkout.shows("created");
  const summary = await page.locator("[data-summary]").innerText();
  for (const part of ["11,000원", "첫 구매 쿠폰", "−1,100원", "9,000원", "900원", "9,900원"]) {
    assert.ok(summary.includes(part), `${part} in ${summary}`);
  }
  await scene.look(page, "discounted");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  const [payment] = await scene.server.booksOf(token);
  assert.equal(payment.taken, 9_900);
});

story("an order that costs nothing is placed without a window", {}, async (scene) => {
  const discounts = [{ name: "초대권", amount: 11_000 }];
  const token = await scene.server.order({ order_id: "free", total: 0, lines: [LESSON], discounts });
  const page = await scene.visitor();
  await page.goto(`${scene.server.base}/checkout#${token}`);
  const checkout = new Checkout(page);
  await checkout.shows("created");
  assert.equal(await page.locator("[data-methods]").isVisible(), false, "there is nothing to choose");
  await page.locator("[name=buyer_name]").fill("김하나");
  await checkout.agree();
  await scene.look(page, "free");
  await checkout.press();
  await checkout.shows("paid");
  await page.locator("[data-seal=verified]:visible").waitFor();
  await scene.look(page, "free-paid");
  await page.reload();
  await checkout.shows("paid");
  assert.deepEqual(await scene.server.booksOf(token), [], "nobody was asked");
});
