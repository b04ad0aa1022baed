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

/** What the page says once an order of 0 won is placed, by its kind. */
const PLACED = {
  automatic: { ko: "주문이 완료되었습니다", en: "Your order is complete" },
  on_confirmation: { ko: "예약이 접수되었습니다", en: "Your booking is in" },
};

for (const [capture, lang] of [["automatic", "ko"], ["automatic", "en"], ["on_confirmation", "ko"], ["on_confirmation", "en"]]) {
  story(`an order that costs nothing is placed without a window: ${capture}, ${lang}`, { lang, viewport: "phone" }, async (scene) => {
    const discounts = [{ name: "초대권", amount: 11_000 }];
    const token = await scene.server.order({ order_id: `free-${capture}-${lang}`, total: 0, lines: [LESSON], discounts, capture });
    const page = await scene.visitor();
    await page.goto(`${scene.server.base}/checkout#${token}`);
    const checkout = new Checkout(page);
    await checkout.shows("created");
    assert.equal(await page.locator("[data-methods]").isVisible(), false, "there is nothing to choose");
    await page.locator("[name=buyer_name]").fill("김하나");
    await checkout.agree();
    assert.equal(await page.locator(".deadline").isVisible(), false, "there is nothing to pay by any time");
    await scene.look(page, `free-${capture}`);
    await checkout.press();
    await checkout.shows("paid");
    await page.locator("[data-seal=verified]:visible").waitFor();
    assert.equal(await page.locator("[data-state=paid] h2:visible").innerText(), PLACED[capture][lang]);
    assert.equal(await page.locator("[data-receipt] [data-row=through]").isVisible(), false);
    assert.equal(await page.locator("[data-receipt] [data-fill=amount]").innerText(), { ko: "0원", en: "₩0" }[lang]);
    await scene.look(page, `free-paid-${capture}`);
    await page.reload();
    await checkout.shows("paid");
    assert.deepEqual(await scene.server.booksOf(token), [], "nobody was asked");
  });
}
