// What the buyer has filled in is kept in their tab, and what the page says fits what it knows.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

const field = (page, name) => page.locator(`[name=${name}]`);

story("another language and a refresh keep what was typed, in this tab alone", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.fill({ method: "transfer" });
  await field(page, "buyer_tel").fill("010-1234-5678");
  for (const step of [() => page.reload(), () => page.getByRole("link", { name: "English" }).click()]) {
    await step();
    await checkout.shows("created");
    assert.equal(await field(page, "buyer_name").inputValue(), "김하나");
    assert.equal(await field(page, "buyer_tel").inputValue(), "010-1234-5678");
    assert.equal(await page.locator("[name=method]:checked").getAttribute("value"), "transfer");
    assert.equal(await field(page, "consent_purchase").isChecked(), true);
  }
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  const other = await scene.visitor();
  await other.goto(page.url());
  await new Checkout(other).shows("created");
  assert.equal(await field(other, "buyer_name").inputValue(), "");
  const next = await scene.buy(page, "postcard");
  await next.shows("created");
  assert.equal(await field(page, "consent_purchase").isChecked(), false, "another order is agreed to anew");
});

story("after a decline the method just tried is preselected and the consent stands", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay({ method: "mobile" });
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approveToBeDeclined("REJECT_CARD_COMPANY");
  await checkout.shows("failed");
  await checkout.do("again");
  await checkout.shows("created");
  assert.equal(await page.locator("[name=method]:checked").getAttribute("value"), "mobile");
  assert.equal(await field(page, "consent_purchase").isChecked(), true);
});

story("a server that does not answer is told from a browser that is offline", {}, async (scene) => {
  const { page, checkout, reachable } = await scene.buyAndLoseTheServer({ lang: "en" });
  const said = page.locator("[data-state=network]");
  assert.match(await said.innerText(), /does not answer/);
  assert.doesNotMatch(await said.innerText(), /offline/i);
  await page.context().setOffline(true);
  await checkout.do("reload");
  await page.getByText("You are offline").first().waitFor();
  await reachable();
  await page.context().setOffline(false);
  await checkout.shows("created");
});

story("a hundred lines are folded", {}, async (scene) => {
  const lines = Array.from({ length: 100 }, (_, n) => ({
    name: `엽서 ${n + 1}`, quantity: 1, unit_price: 100, tax: "taxable",
  }));
  const token = await scene.server.order({ order_id: "many", total: 10_000, lines });
  const page = await scene.visitor();
  await page.goto(`${scene.server.base}/checkout#${token}`);
  await new Checkout(page).shows("created");
  assert.equal(await page.locator("[data-summary] .lines li:visible").count(), 8);
  await scene.look(page, "folded");
  await page.getByText("92개 상품 더 보기").click();
  assert.equal(await page.locator("[data-summary] .lines li:visible").count(), 100);
});
