// What a buyer agrees to before paying, each apart from the other, and what the server is told of it.

import assert from "node:assert/strict";

import { GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

story("consents are asked apart, and the server is told the hashes of what was shown", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const { consents } = await scene.server.session(checkout.token());
  const shown = await page.locator("[data-consent]:visible").allInnerTexts();
  assert.equal(shown.length, 2);
  for (const [at, asked] of consents.entries()) {
    const text = shown[at].replaceAll(/\n+/g, "\n").trim();
    assert.equal(text, asked.ko.text, "what is shown is what is agreed to");
  }
  assert.ok(shown[0].includes("https://shop.example/refunds") && shown[1].includes("토스페이먼츠"));
  const links = page.locator("[data-consent=purchase] .details a");
  const hrefs = await links.evaluateAll((all) => all.map((one) => [one.href, one.textContent, one.target, one.rel].join(" ")));
  const opened = (address) => `${address} ${address} _blank noopener`;
  assert.deepEqual(hrefs, ["https://shop.example/terms", "https://shop.example/refunds"].map(opened));
  await scene.look(page, "consents");
  assert.equal(await page.locator(".through [data-gateway=TOSS]").isVisible(), true);
  await page.locator("[name=buyer_name]").fill("김하나");
  await page.locator("[name=consent_purchase]").check();
  await checkout.press();
  await page.locator("#consent-personal_data-flaw [data-flaw]:visible").waitFor();
  await page.locator("[name=consent_personal_data]").check();
  const prepared = page.waitForRequest(/\/prepare$/);
  await checkout.press();
  const sent = (await prepared).postDataJSON().consents;
  assert.deepEqual(sent, consents.map(({ consent, ko }) => ({ consent, text_hash: ko.text_hash })));
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
});

story("another payment of the order is agreed to again, and by the other language's text", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approveToBeDeclined("REJECT_CARD_COMPANY");
  await checkout.shows("failed");
  await checkout.do("again");
  await checkout.shows("created");
  const prepared = page.waitForRequest(/\/prepare$/);
  await checkout.press();
  const { consents } = await scene.server.session(checkout.token());
  const hashes = (await prepared).postDataJSON().consents.map((one) => one.text_hash);
  assert.deepEqual(hashes, consents.map((one) => one.en.text_hash));
});

story("an address that nothing is at says so in the visitor's language", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const answer = await page.goto(`${scene.server.base}/checkuot`);
  assert.equal(answer.status(), 404);
  assert.equal(await page.locator("h1").innerText(), "There is no such page");
  await scene.look(page, "nowhere");
});
