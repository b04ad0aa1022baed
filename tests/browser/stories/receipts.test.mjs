// The receipt for people: on its page, on paper, and as a file that a phone opens without the server.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

/** Follows the link that the checkout shows once it is paid. */
async function openReceipt(page) {
  const [receipt] = await Promise.all([page.waitForEvent("popup"), page.locator("[data-receipt-link]:visible").click()]);
  await receipt.locator("[data-receipt-page][data-status=ready]").waitFor();
  return receipt;
}

const said = (page, name) => page.locator(`[data-paper] [data-fill=${name}]`).innerText();

story("a receipt names seller, amounts, card and the gateway's slip", {}, async (scene) => {
  const page = await scene.visitor();
  await scene.buyAndPay(page, "watercolor-course");
  const receipt = await openReceipt(page);
  const paper = await receipt.locator("[data-paper]").innerText();
  for (const text of ["물그림 상점", "123-45-67891", "통신판매업신고번호", "호스팅서비스 제공자", "토스페이먼츠"]) {
    assert.ok(paper.includes(text), `${text} in ${paper}`);
  }
  assert.ok(paper.includes("세금계산서나 현금영수증이 아닙니다"));
  assert.equal(await said(receipt, "issuer"), "현대카드");
  assert.match(await said(receipt, "approval"), /^\d{8}$/);
  assert.equal(await receipt.locator("[data-paper] [data-method=card]").isVisible(), true);
  const slip = await receipt.locator("[data-slip] a").getAttribute("href");
  assert.ok(slip.startsWith(`${scene.server.simulator}/sandbox/receipts/`), slip);
  assert.equal(await receipt.locator("[data-row=refunded]").isVisible(), false);
  await scene.look(receipt, "receipt");
});

story("a saved receipt is a page of its own, without the token, a script or anything to fetch", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "postcard");
  const token = checkout.token();
  const receipt = await openReceipt(page);
  const [saved] = await Promise.all([receipt.waitForEvent("download"), receipt.locator("[data-do=save]").click()]);
  assert.match(saved.suggestedFilename(), /^receipt-pay_[0-9a-f]{32}\.html$/);
  const path = await saved.path();
  const text = await readFile(path, "utf8");
  assert.ok(text.startsWith("<!doctype html>"), text.slice(0, 80));
  for (const absent of [token, token.split(".")[0], "<script", "<link", "<img", " src=", "<button", "hidden"]) {
    assert.ok(!text.split("</style>")[1].includes(absent), `${absent} is in ${text}`);
  }
  const links = [...text.matchAll(/href="([^"]*)"/g)].map((found) => found[1]);
  assert.equal(links.length, 1, `the gateway's slip alone: ${links}`);
  const elsewhere = await scene.visitor();
  await elsewhere.setContent(text);
  assert.ok((await elsewhere.locator("body").innerText()).includes("neither a tax invoice nor a cash receipt"));
  assert.equal(await elsewhere.locator("article.paper").evaluate((paper) => getComputedStyle(paper).backgroundColor), "rgb(255, 255, 255)");
});

story("on paper stands the receipt and nothing to press, and programs get the signed form", {}, async (scene) => {
  const page = await scene.visitor();
  await scene.buyAndPay(page, "postcard");
  const receipt = await openReceipt(page);
  const [signed] = await Promise.all([receipt.waitForEvent("download"), receipt.locator("[data-do=signed]").click()]);
  assert.match(await readFile(await signed.path(), "utf8"), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  await receipt.emulateMedia({ media: "print" });
  assert.equal(await receipt.locator("[data-paper]").isVisible(), true);
  assert.equal(await receipt.locator("[data-do=save]").isVisible(), false);
  assert.equal(await receipt.locator("header.site").isVisible(), false);
});

story("a receipt says what has gone back, and there is no signed form any more", {}, async (scene) => {
  const page = await scene.visitor();
  await scene.buyAndPay(page, "postcard");
  const link = await page.locator("[data-receipt-link]:visible").getAttribute("href");
  await scene.openOrder(page);
  await page.locator("form[action$='/cancel'] button").click();
  await scene.thisOrderStands(page, "refunded");
  await page.goto(link);
  await page.locator("[data-receipt-page][data-status=ready]").waitFor();
  assert.equal(await said(page, "refunded"), `−${await said(page, "amount")}`);
  assert.equal(await page.locator("[data-do=signed]").isVisible(), false);
});

story("a receipt leads back to the address of its session", {}, async (scene) => {
  const { base } = scene.server;
  const order = { order_id: "back", total: 500, lines: [{ name: "엽서", quantity: 1, unit_price: 500, tax: "taxable" }] };
  const token = await scene.server.order(order, { redirect_url: `${base}/shop/orders`, failure_redirect_url: `${base}/shop/items/postcard` });
  const page = await scene.visitor();
  await page.goto(`${base}/checkout#${token}`);
  const checkout = new Checkout(page);
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  const { session_id: id } = await scene.server.session(token);
  const receipt = await openReceipt(page);
  const back = () => receipt.locator("a[data-leave]").evaluate((link) => link.href);
  assert.equal(await back(), `${base}/shop/orders?session_id=${id}&status=paid`);
  // Of half a link nothing is known but the shop.
  await receipt.goto(`${base}/receipt#${token.slice(0, 20)}`);
  await receipt.locator("[data-receipt-page][data-status=invalid_link]").waitFor();
  assert.equal(await back(), `${base}/shop`);
});

story("who has not paid has no receipt, and half a link opens none", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const token = checkout.token();
  await page.goto(`${scene.server.base}/receipt#${token}`);
  await page.locator("[data-receipt-page][data-status=none]").waitFor();
  await page.goto(`${scene.server.base}/receipt#${token.slice(0, 20)}`);
  await page.locator("[data-receipt-page][data-status=invalid_link]").waitFor();
});
