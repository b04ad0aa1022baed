// Paying when it is refused, or the buyer changes their mind: the order is kept, nothing is charged, and another try
// pays it.

import assert from "node:assert/strict";

import { GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

story("a declined card is explained, and another method pays the same order", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "watercolor-course");
  await checkout.pay({ method: "card" });
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approveToBeDeclined("REJECT_CARD_COMPANY");
  await checkout.shows("failed");
  const reason = await page.locator("[data-state=failed] [data-fill=reason]").innerText();
  assert.match(reason, /카드/);
  await scene.look(page, "failed");

  const declined = checkout.token();
  const before = await scene.server.session(declined);
  await checkout.do("again");
  await checkout.shows("created", "prepared");
  assert.notEqual(checkout.token(), declined);
  assert.equal(await page.locator("[name=method]:checked").getAttribute("value"), "card", "the one just tried");
  await scene.look(page, "created-again");
  await checkout.pay({ method: "transfer" });
  await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");

  const after = await scene.server.session(checkout.token());
  assert.equal(after.order_id, before.order_id);
  assert.equal(after.order.status, "PAID");
  const [first] = await scene.server.booksOf(declined);
  const [second] = await scene.server.booksOf(checkout.token());
  assert.deepEqual([first.confirms, second.confirms, second.taken], [0, 1, 84_000]);
});

story("decline in the gateway's window leaves the order unchanged", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.decline("NOT_ENOUGH_AMOUNT");
  await checkout.notices("refused");
  await scene.look(page, "prepared-refused");
  await payAgain(scene, page, checkout);
});

story("cancel in the gateway's page returns to the same checkout", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.cancel();
  await checkout.notices("closed");
  await scene.look(page, "prepared-closed");
  await payAgain(scene, page, checkout);
});

story("a popup that is closed is noticed", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  await window.page.close();
  await checkout.notices("closed");
  assert.equal((await scene.server.session(token)).order.status, "PAYMENT_PENDING");
  await checkout.agree();
  const second = await GatewayWindow.poppingUp(page, () => checkout.press());
  await second.approve();
  await checkout.shows("paid");
  await scene.orderStands(page, "paid");
});

story("a popup that is declined says so, and the next try works", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  await window.decline("INVALID_STOPPED_CARD");
  await checkout.notices("refused");
  await checkout.agree();
  const second = await GatewayWindow.poppingUp(page, () => checkout.press());
  await second.approve();
  await checkout.shows("paid");
});

story("a dialog that is left with Escape leaves an order that can be paid later", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout } = await scene.buyHere(page, "postcard");
  await checkout.shows("created");
  await page.keyboard.press("Escape");
  await page.locator("[data-dialog][open]").waitFor({ state: "detached" });
  await scene.openOrder(page);
  await page.locator("[data-pay-order]").click();
  await page.waitForURL(/\/checkout/);
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
});

story("blocked popup is replaced by a full-page window", {}, async (scene) => {
  const page = await scene.visitor();
  await page.addInitScript(() => {
    window.open = () => null;
  });
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.pay();
  await checkout.notices("popup");
  await checkout.agree();
  await checkout.press();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  const payments = await scene.server.booksOf(token);
  const taken = payments.reduce((sum, payment) => sum + payment.taken, 0);
  assert.equal(taken, 500);
});

async function payAgain(scene, page, checkout) {
  const token = checkout.token();
  assert.equal((await scene.server.session(token)).order.status, "PAYMENT_PENDING");
  await checkout.agree();
  await checkout.press();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  const payments = await scene.server.booksOf(checkout.token());
  assert.deepEqual(payments.map(({ confirms }) => confirms).sort(), [0, 1]);
}
