// Paying when all goes well: on the checkout's page and in the shop's dialog, by every method, by keyboard alone,
// in both languages, on a phone and on a desk.

import assert from "node:assert/strict";

import { GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

story("a course is paid by card on the checkout's page, and its receipt holds", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "watercolor-course", { quantity: 2 });
  await checkout.shows("created");
  await scene.look(page, "created");
  const token = checkout.token();
  assert.match(token, /^ses_[0-9a-f]{32}\./);

  await checkout.pay({ method: "card" });
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await page.locator("[data-seal=verified]:visible").waitFor();
  await scene.look(page, "paid");

  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.status, payment.confirms, payment.taken], ["DONE", 1, 168_000]);
  await scene.orderStands(page, "paid");
  await scene.look(page, "history");
  await scene.openOrder(page);
  await scene.look(page, "order-paid");
});
