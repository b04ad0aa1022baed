// A buyer who leaves the checkout in the middle of it: the window beside goes with it or is listened to, agreement is
// for one order, and the language's links open the same checkout elsewhere.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

story("stopping closes the gateway's popup, and the buyer can pay again", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  const closed = window.page.waitForEvent("close");
  await checkout.do("stop");
  await closed;
  await checkout.notices("closed");
  const second = await GatewayWindow.poppingUp(page, () => checkout.press());
  await second.approve();
  await checkout.shows("paid");
  const payments = await scene.server.booksOf(token);
  assert.equal(payments.reduce((sum, { taken }) => sum + taken, 0), 500);
});

for (const [how, leave] of [
  ["Escape", (page) => page.keyboard.press("Escape")],
  ["its button", (page) => page.locator("[data-dialog-close]").click()],
]) {
  story(`a dialog that is closed by ${how} takes the popup with it`, {}, async (scene) => {
    const page = await scene.visitor();
    const { checkout, token } = await scene.buyHere(page, "postcard");
    await checkout.fill();
    const window = await GatewayWindow.poppingUp(page, () => checkout.press());
    const closed = window.page.waitForEvent("close");
    await page.bringToFront();
    await leave(page);
    await closed;
    await page.locator("[data-dialog][open]").waitFor({ state: "detached" });
    assert.equal((await scene.server.session(token)).order.status, "PAYMENT_PENDING");
  });
}

story("page keeps listening to a window that only its gateway can close, and says so", {}, async (scene) => {
  const page = await scene.visitor();
  // A script that shows its window inside of the page: nobody but itself has a handle to it.
  await page.addInitScript(() => {
    const requestPayment = () =>
      new Promise((_, reject) => {
        const left = Object.assign(new Error("결제가 취소되었습니다."), { code: "USER_CANCEL" });
        window.leaveTheWindow = () => reject(left);
      });
    window.TossPayments = () => ({ payment: () => ({ requestPayment }) });
  });
  const { checkout } = await scene.buyHere(page, "postcard");
  await checkout.pay();
  await page.waitForFunction(() => window.leaveTheWindow !== undefined);
  await checkout.do("stop");
  await page.locator("[data-when=still_open]:visible").waitFor();
  assert.equal(await checkout.status(), "opening");
  await scene.look(page, "dialog-still-open");
  await page.evaluate(() => window.leaveTheWindow());
  await checkout.notices("closed");
});

story("consent to one order is not kept for the next", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  await page.locator("[data-dialog-close]").click();
  await page.locator("[data-dialog][open]").waitFor({ state: "detached" });
  await page.locator("[data-buy-here]").click();
  await page.locator("[data-dialog][open]").waitFor();
  await checkout.shows("created");
  assert.equal(await page.locator("[name=consent_purchase]").isChecked(), false);
});

story("the language's links always open this checkout, in another tab too", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const links = page.locator("a[data-language]");
  const english = page.locator("a[data-language][lang=en]");
  const leads = async (token) => {
    for (const address of await links.evaluateAll((all) => all.map((link) => link.href))) {
      assert.equal(decodeURIComponent(new URL(address).hash.slice(1)), token);
    }
  };
  await leads(checkout.token());
  const opened = page.context().waitForEvent("page");
  await english.click({ button: "middle" });
  const tab = await opened;
  await new Checkout(tab).shows("created");
  assert.equal(await tab.locator("html").getAttribute("lang"), "en");
  assert.equal(new Checkout(tab).token(), checkout.token());

  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approveToBeDeclined("REJECT_CARD_COMPANY");
  await checkout.shows("failed");
  const before = checkout.token();
  await checkout.do("again");
  await checkout.shows("created", "prepared");
  assert.notEqual(checkout.token(), before);
  await leads(checkout.token());
  await page.evaluate((token) => {
    location.hash = token;
  }, before);
  await checkout.shows("failed");
  await leads(before);
});

story("leaving the page closes the popup", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  const closed = window.page.waitForEvent("close");
  await page.reload();
  await closed;
  assert.equal((await scene.server.session(token)).order.status, "PAYMENT_PENDING");
});

story("dialog warns that an approval would be lost before it closes", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  await page.route("**/api/v1/payments/**", (route) => route.abort());
  await window.approve();
  await checkout.shows("pending");
  await page.keyboard.press("Escape");
  await page.locator("[data-state=pending] [data-when=untaken]:visible").waitFor();
  await page.unroute("**/api/v1/payments/**");
  await checkout.shows("paid");
});
