// Coming back from the gateway: twice, backwards, in another tab, in another browser, with a changed address, or not
// at all. The money is taken once, whatever the buyer does.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

story("refreshing the result, going back and forward again charge nothing more", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "postcard");
  const token = checkout.token();
  await page.reload();
  await checkout.shows("paid");
  await page.goBack();
  await page.goForward();
  await checkout.shows("paid");
  await page.goBack();
  await page.goBack();
  await page.goto(`${scene.server.base}/checkout#${token}`);
  await checkout.shows("paid");
  await takenOnce(scene, token, 500);
});

story("the address that the gateway sent the buyer to can be opened again", {}, async (scene) => {
  const page = await scene.visitor();
  const { token, address } = await approved(scene, page);
  for (let times = 0; times < 3; times += 1) {
    await page.goto(address);
    await new Checkout(page).shows("paid");
  }
  await takenOnce(scene, token, 500);
});

story("the same address in two tabs at once pays once", {}, async (scene) => {
  const page = await scene.visitor();
  const { token, address } = await approved(scene, page);
  const other = await page.context().newPage();
  await Promise.all([page.goto(address), other.goto(address)]);
  await Promise.all([new Checkout(page).shows("paid"), new Checkout(other).shows("paid")]);
  await takenOnce(scene, token, 500);
});

story("buyer can come back in another browser without cookies or storage", {}, async (scene) => {
  const page = await scene.visitor({ viewport: "phone" });
  const { token, address } = await approved(scene, page);
  const elsewhere = await scene.visitor({ viewport: "phone" });
  await elsewhere.goto(address);
  const there = new Checkout(elsewhere);
  await there.shows("paid");
  await elsewhere.locator("[data-seal=verified]:visible").waitFor();
  await takenOnce(scene, token, 500);
  // The first browser finds out for itself.
  await page.goto(`${scene.server.base}/checkout#${token}`);
  await new Checkout(page).shows("paid");
  await scene.orderStands(page, "paid");
});

story("one of two payments in two tabs pays the order, and the other tab shows it", {}, async (scene) => {
  const page = await scene.visitor();
  const first = await scene.buy(page, "postcard");
  await first.pay({ method: "card" });
  const firstWindow = await GatewayWindow.inPlaceOf(page);

  const other = await page.context().newPage();
  await scene.openOrder(other);
  await other.locator("[data-pay-order]").click();
  await other.waitForURL(/\/checkout/);
  const second = new Checkout(other);
  await second.pay({ method: "transfer" });
  const secondWindow = await GatewayWindow.inPlaceOf(other);

  await firstWindow.approve();
  await first.shows("paid");
  await secondWindow.approve();
  await second.shows("already_paid", "paid_by_another");
  await scene.look(other, "already-paid");
  const [one] = await scene.server.booksOf(first.token());
  const [two] = await scene.server.booksOf(second.token());
  assert.deepEqual([one.confirms, two.confirms], [1, 0]);
});

story("two tabs of one payment: both windows are approved, one is charged", {}, async (scene) => {
  const page = await scene.visitor();
  const first = await scene.buy(page, "postcard");
  const token = first.token();
  const other = await page.context().newPage();
  await other.goto(`${scene.server.base}/checkout#${token}`);
  const second = new Checkout(other);
  await second.shows("created");
  await first.pay();
  const firstWindow = await GatewayWindow.inPlaceOf(page);
  await second.pay();
  const secondWindow = await GatewayWindow.inPlaceOf(other);
  await firstWindow.approve();
  await first.shows("paid");
  await secondWindow.approve();
  await second.shows("paid", "mismatched", "already_paid", "paid_by_another");
  await other.reload();
  await second.shows("paid", "already_paid", "paid_by_another");
  const { order } = await scene.server.session(token);
  assert.equal(order.status, "PAID");
  const payments = [...(await scene.server.booksOf(token)), ...(await booksOfOther(scene, second, token))];
  assert.equal(payments.reduce((sum, { confirms }) => sum + confirms, 0), 1);
});

story("an amount that was changed on the way is refused, and the true one still pays", {}, async (scene) => {
  const page = await scene.visitor();
  const { token, address } = await approved(scene, page);
  const changed = new URL(address);
  changed.searchParams.set("amount", "1");
  await page.goto(changed.href);
  const checkout = new Checkout(page);
  await checkout.shows("mismatched");
  await scene.look(page, "mismatched");
  const [untouched] = await scene.server.booksOf(token);
  assert.equal(untouched.confirms, 0);
  await page.goto(address);
  await checkout.shows("paid");
  await takenOnce(scene, token, 500);
});

story("return that names another payment changes neither payment", {}, async (scene) => {
  const page = await scene.visitor();
  const { token, address } = await approved(scene, page);
  const other = await scene.visitor();
  const theirs = await scene.buy(other, "postcard");
  await theirs.shows("created");
  const mixed = new URL(address);
  mixed.hash = theirs.token();
  await other.goto(mixed.href);
  await theirs.shows("mismatched");
  assert.equal((await scene.server.booksOf(token))[0].confirms, 0);
  assert.equal((await scene.server.session(theirs.token())).order.status, "PAYMENT_PENDING");
});

story("a buyer who approves and never comes back is not charged, and can pay later", {}, async (scene) => {
  const page = await scene.visitor();
  const { token } = await approved(scene, page);
  assert.equal((await scene.server.booksOf(token))[0].confirms, 0);
  await scene.openOrder(page);
  await page.locator(".shop-standing[data-order=unpaid]").waitFor();
  await scene.look(page, "order-unpaid");
  await page.locator("[data-pay-order]").click();
  await page.waitForURL(/\/checkout/);
  const again = new Checkout(page);
  await again.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await again.shows("paid");
  await takenOnce(scene, again.token(), 500);
  assert.equal((await scene.server.booksOf(token))[0].confirms, 0);
});

story("page reports a link that is cut off or has no token", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  const token = checkout.token();
  for (const wrong of ["", "ses_1", token.slice(0, -8), "%00%ff"]) {
    const fresh = await scene.visitor();
    await fresh.goto(`${scene.server.base}/checkout#${wrong}`);
    await new Checkout(fresh).shows("invalid_link");
    if (wrong === "") await scene.look(fresh, "invalid-link");
  }
});

/** A payment that is approved in the gateway's window, whose buyer has not come back: with the way back. */
async function approved(scene, page) {
  const checkout = await scene.buy(page, "postcard");
  const token = checkout.token();
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  return { token, address: await scene.server.approve(window.paymentKey()) };
}

async function takenOnce(scene, token, amount) {
  const payments = await scene.server.booksOf(token);
  const confirms = payments.reduce((sum, payment) => sum + payment.confirms, 0);
  const taken = payments.reduce((sum, payment) => sum + payment.taken, 0);
  assert.deepEqual({ confirms, taken }, { confirms: 1, taken: amount });
}

async function booksOfOther(scene, checkout, token) {
  return checkout.token() === token ? [] : scene.server.booksOf(checkout.token());
}
