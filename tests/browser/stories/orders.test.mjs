// After the payment: bookings that a host confirms or cancels, money back, orders that are paid already, and time.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

story("a booking is paid, reserved, and settled when the host confirms it", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "hanok-night", { quantity: 2 });
  await scene.look(page, "booked");
  const token = checkout.token();
  assert.equal((await scene.server.session(token)).order.status, "AUTHORIZED");
  await scene.openOrder(page);
  await page.locator(".shop-standing[data-order=reserved]").waitFor();
  await scene.look(page, "order-reserved");
  await page.locator("[data-host=confirm]").click();
  await page.locator(".shop-standing[data-order=paid]").waitFor();
  await scene.look(page, "order-paid");
  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.confirms, payment.taken, payment.returned], [1, 240_000, 0]);
});

story("a booking that the host cancels is given back, and its checkout says so", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "hanok-night");
  const token = checkout.token();
  await scene.openOrder(page);
  await page.locator("[data-host=cancel]").click();
  await scene.thisOrderStands(page, "canceled");
  await scene.look(page, "order-canceled");
  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.taken, payment.returned, payment.cancels.length], [120_000, 120_000, 1]);
  await page.goto(`${scene.server.base}/checkout#${token}`);
  await new Checkout(page).shows("refunded");
  await scene.look(page, "refunded");
});

story("a paid course is refunded once, however often it is asked for", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "watercolor-course");
  const token = checkout.token();
  await scene.openOrder(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await page.locator("[data-host=cancel]").click();
  await scene.thisOrderStands(page, "refunded");
  await scene.look(page, "order-refunded");
  await other.locator("[data-host=cancel]").click();
  await other.locator("[data-shop=sorry], .shop-standing[data-order=refunded]").waitFor();
  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.returned, payment.cancels.length], [84_000, 1]);
  await scene.orderStands(page, "refunded");
});

story("an order that is paid cannot be paid again from an old checkout", {}, async (scene) => {
  const page = await scene.visitor();
  const old = await scene.buy(page, "postcard");
  await old.shows("created");
  const oldToken = old.token();
  await scene.openOrder(page);
  await page.locator("[data-pay-order]").click();
  await page.waitForURL(/\/checkout/);
  const checkout = new Checkout(page);
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await page.goto(`${scene.server.base}/checkout#${oldToken}`);
  await checkout.shows("already_paid", "paid_by_another");
  assert.equal(await page.locator("[data-pay]").isVisible(), false);
  assert.deepEqual(await scene.server.booksOf(oldToken), []);
});

story("a checkout whose time is over says so, and its order is canceled", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const token = checkout.token();
  await scene.server.moveClock("31m");
  await scene.server.until(async () => (await scene.server.session(token)).order.status === "CANCELED");
  await page.reload();
  await checkout.shows("expired", "canceled");
  await scene.look(page, "expired");
  assert.equal(await page.locator("[data-pay]").isVisible(), false);
  await scene.orderStands(page, "canceled");
});

story("a session's link ends after a day", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "postcard");
  await scene.server.moveClock("25h");
  await page.reload();
  await checkout.shows("expired", "invalid_link");
  await scene.orderStands(page, "paid");
});

story("an approval that comes back too late charges nothing", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  const token = checkout.token();
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  const address = await scene.server.approve(window.paymentKey());
  await scene.server.moveClock("11m");
  await page.goto(address);
  await checkout.shows("failed");
  const [payment] = await scene.server.booksOf(token);
  assert.equal(payment.confirms, 0);
});

story("an order whose time ends while its form is open says so when it is to be paid", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.fill();
  const token = checkout.token();
  await scene.server.moveClock("31m");
  await checkout.press();
  await checkout.shows("over", "expired", "canceled");
  assert.equal(await page.locator("[data-pay], [data-do=again]:visible, [data-do=reload]:visible").first().isVisible(), false);
  await scene.look(page, "over");
  assert.deepEqual(await scene.server.booksOf(token), []);
});

story("order with the most payments is shown as over", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approveToBeDeclined("REJECT_CARD_COMPANY");
  await checkout.shows("failed");
  const MOST = 100;
  let token = checkout.token();
  for (let payments = 1; payments < MOST; payments += 1) token = await scene.server.another(token);
  await checkout.do("again");
  const over = page.locator("[data-state=failed] [data-when=over]:visible");
  await over.waitFor();
  assert.match(await over.innerText(), /다시 주문/);
  assert.equal(await page.locator("[data-do=again]:visible").count(), 0);

  // The last one can be paid as it was chosen; chosen otherwise it would be one more.
  await page.goto(`${scene.server.base}/checkout#${token}`);
  await checkout.pay({ method: "card" });
  await GatewayWindow.inPlaceOf(page);
  await window.cancel();
  await checkout.notices("closed");
  await checkout.pay({ method: "transfer" });
  await checkout.shows("over");
  await page.locator("[data-state=over] [data-when=too_many]:visible").waitFor();
});
