// Wallets by name and instalments: chosen on the checkout's page, opened by the gateway's script, told when paid.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

const COURSE = { name: "수채화 강의", quantity: 1, unit_price: 66_000, tax: "taxable" };
const CARD = { name: "엽서", quantity: 1, unit_price: 49_500, tax: "taxable" };

/** The checkout of a new order of one line. */
async function opened(scene, orderId, line, session) {
  const order = { order_id: orderId, total: line.unit_price, lines: [line] };
  const token = await scene.server.order(order, session);
  const page = await scene.visitor();
  await page.goto(`${scene.server.base}/checkout#${token}`);
  const checkout = new Checkout(page);
  await checkout.shows("created");
  return { page, checkout, token };
}

/** The ways to pay as the page lists them. */
function ways(page) {
  return page.locator("[data-method]:visible").evaluateAll((all) => all.map((one) => one.dataset.method));
}

async function paidBy(page, ...words) {
  const said = await page.locator("[data-paid-with]:visible").innerText();
  assert.equal(said.replaceAll(/\s+/g, " ").trim(), words.join(" "));
}

for (const viewport of ["desktop", "phone"]) {
  story(`a buyer pays by KakaoPay, chosen by name: ${viewport}`, { viewport }, async (scene) => {
    const { page, checkout, token } = await opened(scene, `kakao-${viewport}`, COURSE);
    assert.deepEqual(await ways(page), ["card", "tosspay", "kakaopay", "naverpay", "transfer", "mobile"]);
    await checkout.fill({ method: "kakaopay" });
    assert.equal(await page.locator("[data-installments]").isVisible(), false, "a wallet asks for months itself");
    await scene.look(page, "wallet-chosen");
    // A refresh loses nothing of it.
    await page.reload();
    await checkout.shows("created");
    assert.equal(await page.locator("[name=method]:checked").inputValue(), "kakaopay");
    await checkout.press();
    const window = await GatewayWindow.inPlaceOf(page);
    assert.match(await page.locator("main").innerText(), /간편결제 · 카카오페이/, "the wallet's own window");
    await window.approve();
    await checkout.shows("paid");
    await paidBy(page, "카카오페이");
    await page.locator("[data-seal=verified]:visible").waitFor();
    await scene.look(page, "wallet-paid");
    const { payment } = await scene.server.session(token);
    assert.equal(payment.payment_method.easy_pay, "kakaopay");
    for (const [lang, said] of [["ko", "간편결제\n카카오페이"], ["en", "Wallet\nKakao Pay"]]) {
      await page.goto(`${scene.server.base}/receipt?lang=${lang}#${token}`);
      await page.locator("[data-receipt-page][data-status=ready]").waitFor();
      assert.equal(await page.locator("[data-row=by_wallet]").innerText(), said);
      assert.equal(await page.locator("[data-row=issuer]").isVisible(), false, "no card company is a wallet");
      await scene.look(page, `wallet-receipt-${lang}`);
    }
  });

  story(`a card pays in three months: ${viewport}`, { viewport }, async (scene) => {
    const { page, checkout, token } = await opened(scene, `months-${viewport}`, COURSE);
    await checkout.fill({ method: "card" });
    const plans = await page.locator("#installments option").allInnerTexts();
    assert.deepEqual([plans.length, plans[0], plans[1], plans.at(-1)], [13, "카드 결제창에서 선택", "일시불", "12개월"]);
    await page.locator("#installments").selectOption("3");
    await scene.look(page, "months-chosen");
    await checkout.press();
    const window = await GatewayWindow.inPlaceOf(page);
    assert.match(await page.locator("main").innerText(), /카드 · 3개월 할부/);
    await window.approve();
    await checkout.shows("paid");
    await paidBy(page, "카드", "·", "3개월");
    await scene.look(page, "months-paid");
    const { payment } = await scene.server.session(token);
    assert.equal(payment.payment_method.installments, 3);
  });
}

story("less than 50,000 won are not paid in months", {}, async (scene) => {
  const { page, checkout } = await opened(scene, "small", CARD);
  await checkout.fill({ method: "card" });
  assert.equal(await page.locator("[data-installments]").isVisible(), false);
});

story("a wallet that the shop chose is chosen on the page, and another can be taken after it was closed", { lang: "en" }, async (scene) => {
  const { page, checkout, token } = await opened(scene, "changed", COURSE, { easy_pay: "naverpay" });
  assert.equal(await page.locator("[name=method]:checked").inputValue(), "naverpay");
  await checkout.pay({ method: "naverpay" });
  const closed = await GatewayWindow.inPlaceOf(page);
  await closed.cancel();
  await checkout.shows("created", "prepared");
  await checkout.pay({ method: "tosspay" });
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await paidBy(page, "Toss Pay");
  const another = await scene.server.session(checkout.token());
  assert.notEqual(checkout.token(), token, "another choice is another session");
  assert.equal(another.payment.payment_method.easy_pay, "tosspay");
});
