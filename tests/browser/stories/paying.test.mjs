// Paying when all goes well: on the checkout's page and in the shop's dialog, by every method, by keyboard alone,
// in both languages.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { focusIsSeen, tabTo } from "../harness/keyboard.mjs";
import { story } from "../harness/story.mjs";

story("a course is paid by card on the checkout's page, and its receipt holds", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "watercolor-course", { quantity: 2 });
  await checkout.shows("created");
  const token = checkout.token();
  assert.match(token, /^ses_[0-9a-f]{32}\./);
  const amounts = await page.locator("[data-summary] .amounts").innerText();
  for (const part of ["120,000원", "12,000원", "36,000원", "168,000원"]) assert.ok(amounts.includes(part), amounts);

  await checkout.pay({ method: "card" });
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await page.locator("[data-seal=verified]:visible").waitFor();
  assert.equal(new URL(page.url()).search.includes("paymentKey"), false, "the return is taken out of the address");

  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.status, payment.confirms, payment.taken], ["DONE", 1, 168_000]);
  await scene.orderStands(page, "paid");
});

story("a postcard is paid where it is shown, in a dialog and the gateway's popup", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout, token } = await scene.buyHere(page, "postcard", { quantity: 3 });
  await checkout.fill();
  await scene.look(page, "dialog-created");
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  await checkout.shows("opening");
  await scene.look(page, "dialog-opening");
  await window.approve();
  await checkout.shows("paid");
  await scene.look(page, "dialog-paid");
  assert.equal(new URL(page.url()).pathname, "/shop/items/postcard", "the page was never left");

  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.confirms, payment.taken], [1, 1_500]);
  await page.locator("[data-dialog-close]").click();
  await page.locator("[data-dialog][open]").waitFor({ state: "detached" });
  await scene.orderStands(page, "paid");
});

story("on a phone the dialog's payment goes by page and comes back", { viewport: "phone" }, async (scene) => {
  const page = await scene.visitor();
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.shows("created");
  await scene.look(page, "dialog-created");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await page.waitForURL(/\/checkout/);
  await new Checkout(page).shows("paid");
  const [payment] = await scene.server.booksOf(token);
  assert.deepEqual([payment.confirms, payment.taken], [1, 500]);
});

for (const [method, sdks] of [
  ["transfer", "TRANSFER"],
  ["mobile", "MOBILE_PHONE"],
]) {
  story(`the method that was chosen is the window's: ${method}`, {}, async (scene) => {
    const page = await scene.visitor();
    const checkout = await scene.buy(page, "postcard");
    await checkout.pay({ method });
    const window = await GatewayWindow.inPlaceOf(page);
    assert.equal(await page.locator("input[name=method]:checked").getAttribute("value"), sdks);
    await window.approve();
    await checkout.shows("paid");
  });
}

story("everything is paid for by keyboard alone", {}, async (scene) => {
  const page = await scene.visitor();
  const { keyboard } = page;
  await page.goto(`${scene.server.base}/shop`);
  await tabTo(page, "a[href='/shop/items/postcard']");
  await focusIsSeen(page);
  await keyboard.press("Enter");
  await page.locator("[data-shop=item]").waitFor();
  await tabTo(page, "[data-buy-now]");
  await focusIsSeen(page);
  await keyboard.press("Enter");
  await page.waitForURL(/\/checkout/);
  const checkout = new Checkout(page);
  await checkout.shows("created");
  await tabTo(page, "[name=buyer_name]");
  await focusIsSeen(page);
  await keyboard.type("Kim Hana");
  await tabTo(page, "[name=method]");
  await focusIsSeen(page);
  await keyboard.press("ArrowDown");
  for (const name of ["purchase", "personal_data"]) {
    await tabTo(page, `[name=consent_${name}]`);
    await focusIsSeen(page);
    await keyboard.press("Space");
  }
  await tabTo(page, "[data-pay]");
  await focusIsSeen(page);
  await keyboard.press("Enter");
  await GatewayWindow.inPlaceOf(page);
  assert.equal(await page.locator("input[name=method]:checked").getAttribute("value"), "EASY_PAY", "the first wallet follows the card");
  await tabTo(page, "button[value=approve]");
  await keyboard.press("Enter");
  await checkout.shows("paid");
});

story("the language can be switched at any time, and the checkout goes on", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "watercolor-course");
  await checkout.shows("created");
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  const token = checkout.token();
  await page.locator("[data-language][lang=ko]").click();
  await page.locator("html[lang=ko]").waitFor();
  await checkout.shows("created");
  assert.equal(checkout.token(), token);
  assert.match(await page.locator("[data-pay]").innerText(), /84,000원/);

  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  assert.equal(await page.locator("html").getAttribute("lang"), "ko", "the return speaks as the checkout did");
  await page.locator("[data-language][lang=en]").click();
  await page.locator("html[lang=en]").waitFor();
  await checkout.shows("paid");
  const [payment] = await scene.server.booksOf(token);
  assert.equal(payment.confirms, 1);
});

story("what a buyer types is checked while they type it", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const flaw = (field) => page.locator(`#${field}-flaw [data-flaw]:visible`);
  await checkout.press();
  await flaw("buyer_name").waitFor();
  await flaw("consent-purchase").waitFor();
  await flaw("consent-personal_data").waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.name === "buyer_name"), "what is wrong first has the focus");
  await scene.look(page, "created-flaws");
  await page.locator("[name=buyer_email]").pressSequentially("hana@");
  await page.locator("[name=buyer_tel]").fill("12");
  await page.locator("[name=buyer_name]").fill("김하나");
  await flaw("buyer_email").waitFor();
  await flaw("buyer_tel").waitFor();
  await flaw("buyer_name").waitFor({ state: "hidden" });
  await page.locator("[name=buyer_email]").fill("hana@example.com");
  await page.locator("[name=buyer_tel]").fill("010-0000-0000");
  await flaw("buyer_email").waitFor({ state: "hidden" });
  await flaw("buyer_tel").waitFor({ state: "hidden" });
  await checkout.agree();
  await checkout.press();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
});

story("the shop works without a script, up to the checkout, which says that it needs one", {}, async (scene) => {
  const page = await scene.visitor({}, { javaScriptEnabled: false });
  await page.goto(`${scene.server.base}/shop/items/postcard`);
  assert.equal(await page.locator("[data-buy-here]").isVisible(), false);
  assert.equal(await page.locator("noscript").count(), 0);
  await page.locator("[data-buy-now]").click();
  await page.waitForURL(/\/checkout#ses_/);
  await page.locator("noscript").waitFor({ state: "attached" });
  const loading = page.locator("[data-state=loading]");
  assert.equal(await loading.isVisible(), false, "nothing will be loaded");
  await page.goto(page.url().replace("/checkout", "/receipt"));
  assert.equal(await loading.isVisible(), false, "nothing will be loaded");
  await scene.orderStands(page, "unpaid");
});
