// What the checkout says is so: it never says that nothing was charged where something was, offers no form where
// money is being taken, and repeats no words that only an address says.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

const SESSION = /\/api\/v1\/payments\/sessions\/ses_[0-9a-f]+$/;

story("page offers no form while an approved payment is being confirmed", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await checkout.remember();
  await scene.server.faults({ call: "confirm", fault: { delay: { ms: 2_500 } }, times: 1 });
  await window.approve();
  await checkout.shows("pending");
  assert.equal(await page.locator("[data-pay]").isVisible(), false);
  await checkout.shows("paid");
  const shown = await checkout.shown();
  assert.ok(!shown.includes("prepared") && !shown.includes("created"), `${shown}`);
  await takenOnce(scene, checkout.token());
});

story("dialog waits from the approval on", {}, async (scene) => {
  const page = await scene.visitor();
  await new Checkout(page).remember();
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  await scene.server.faults({ call: "confirm", fault: { delay: { ms: 2_500 } }, times: 1 });
  await window.approve();
  await checkout.shows("pending");
  await checkout.shows("paid");
  const shown = await checkout.shown();
  assert.deepEqual(shown.slice(shown.lastIndexOf("opening")), ["opening", "pending", "paid"]);
  await takenOnce(scene, token);
});

story("window canceled after another tab has paid changes nothing", {}, async (scene) => {
  const page = await scene.visitor();
  const first = await scene.buy(page, "postcard");
  const tab = await page.context().newPage();
  await tab.goto(page.url());
  const second = new Checkout(tab);
  await first.pay();
  const firstWindow = await GatewayWindow.inPlaceOf(page);
  await second.pay();
  const secondWindow = await GatewayWindow.inPlaceOf(tab);
  await firstWindow.approve();
  await first.shows("paid");
  await secondWindow.cancel();
  await second.shows("paid");
  await second.noticesNothing();
  await takenOnce(scene, first.token());
});

story("notice disappears when its reason is over", {}, async (scene) => {
  const page = await scene.visitor();
  const { checkout, token } = await scene.buyHere(page, "postcard");
  await checkout.fill();
  const window = await GatewayWindow.poppingUp(page, () => checkout.press());
  await window.cancel();
  await checkout.notices("closed");
  const tab = await page.context().newPage();
  await tab.goto(`${scene.server.base}/checkout#${token}`);
  const other = new Checkout(tab);
  await other.pay();
  const otherWindow = await GatewayWindow.inPlaceOf(tab);
  await otherWindow.approve();
  await other.shows("paid");
  await page.bringToFront();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await checkout.shows("paid");
  await checkout.noticesNothing();
});

story("message from an address is not shown as the gateway's", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.decline("NOT_ENOUGH_AMOUNT");
  await checkout.notices("refused");
  const words = page.locator("[data-notice=refused] [data-fill=gateway_message]:visible");
  assert.match(await words.innerText(), /[가-힣]/, "the gateway's own words are shown");

  const token = checkout.token();
  const forged = `${scene.server.base}/checkout?code=REJECT_CARD_COMPANY&message=Call+010-0000-0000#${token}`;
  await page.goto(forged);
  await checkout.notices("refused");
  assert.equal((await page.locator("[data-checkout]").innerText()).includes("010-0000-0000"), false);
  // A session's digits are no payment's: who holds the link cannot make the order number of them.
  const orderId = token.slice(0, 36).replace("ses_", "pay_");
  await page.goto(forged.replace("#", `&orderId=${orderId}#`));
  await checkout.shows("prepared");
  await checkout.noticesNothing();
  assert.equal((await page.locator("[data-checkout]").innerText()).includes("010-0000-0000"), false);

  await checkout.pay();
  await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await page.goto(forged.replace(token, checkout.token()));
  await checkout.shows("paid");
  await checkout.noticesNothing();
});

story("mismatched return leads back to the payment's present state", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  const token = checkout.token();
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  const address = new URL(await scene.server.approve(window.paymentKey()));
  address.searchParams.set("amount", "1");
  await page.goto(address.href);
  await checkout.shows("mismatched");
  assert.equal(await page.locator("[data-state=mismatched] [data-do=reload]").innerText(), "결제 화면으로");
  await checkout.do("reload");
  await checkout.shows("prepared");
  assert.equal(checkout.token(), token);
  assert.equal((await scene.server.booksOf(token))[0].confirms, 0);
});

story("refunded payment is not shown as never charged", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  const token = checkout.token();
  await checkout.shows("created");
  const message = { ko: "결제가 완료되지 않았습니다.", en: "The payment was not completed." };
  const failure = { code: "CANCELED_AT_PROVIDER", fault: "ours", retry: "now", message };
  await page.route(SESSION, async (route) => {
    const answer = await route.fetch();
    const session = await answer.json();
    const payment = { ...session.payment, status: "FAILED", failure };
    await route.fulfill({ response: answer, json: { ...session, status: "failed", next: "begin_again", payment } });
  });
  await page.goto(`${scene.server.base}/checkout?lang=en#${token}`);
  await checkout.shows("failed");
  const said = await page.locator("[data-state=failed]").innerText();
  assert.match(said, /given back/);
  assert.doesNotMatch(said, /Nothing was charged/);
  await scene.look(page, "failed-given-back");
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

story("verified receipt shows the signed values", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buyAndPay(page, "watercolor-course");
  await page.locator("[data-seal=verified]:visible").waitFor();
  const { order } = await scene.server.session(checkout.token());
  assert.equal(order.title, "Watercolour course (8 weeks) 외 1건", "as the gateway is told");
  const title = "Watercolour course (8 weeks) and 1 more";
  assert.equal(await page.locator("[data-receipt] [data-fill=title]").innerText(), title);
  await page.goto(await page.locator("[data-receipt-link]:visible").getAttribute("href"));
  await page.locator("[data-receipt-page][data-status=ready]").waitFor();
  assert.equal(await page.locator("[data-paper] [data-fill=title]").innerText(), title);
  await scene.look(page, "receipt-of-two-lines");
});

async function takenOnce(scene, token) {
  const payments = await scene.server.booksOf(token);
  const sum = (of) => payments.reduce((all, payment) => all + of(payment), 0);
  assert.deepEqual([sum((one) => one.confirms), sum((one) => one.taken)], [1, 500]);
}
