// A network that loses what it carries, on the buyer's side and on the gateway's. What is not known is shown as not
// known, and ends in what happened.

import assert from "node:assert/strict";

import { Checkout, GatewayWindow } from "../harness/checkout.mjs";
import { story } from "../harness/story.mjs";

const CONFIRM = "**/api/v1/payments/confirm";

/** The money is taken, and the answer is lost. */
const TAKEN_IN_SILENCE = { call: "confirm", fault: { response_lost: { silent_ms: 20 } }, times: 1 };

/** The gateway never hears of it. */
const NOT_HEARD = { call: "confirm", fault: { request_lost: { silent_ms: 20 } }, times: 1 };

/** From then on the gateway is too busy to say anything. */
const TOO_BUSY = { call: "any", fault: { rate_limited: {} } };

story("the server's answer to a confirmation is dropped on its way", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  let dropped = 0;
  await page.route(CONFIRM, async (route) => {
    if (dropped > 0) return route.continue();
    dropped += 1;
    await route.fetch();
    await route.abort("connectionreset");
  });
  await window.approve();
  await checkout.shows("paid");
  assert.equal(dropped, 1);
  await takenOnce(scene, checkout.token());
});

story("a confirmation that never arrives is sent again", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await page.route(CONFIRM, (route) => route.abort("connectionfailed"), { times: 2 });
  await window.approve();
  await checkout.shows("paid");
  await takenOnce(scene, checkout.token());
});

story("the gateway's answer is lost: the server asks, and the buyer is told what happened", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await scene.server.faults(TAKEN_IN_SILENCE);
  await window.approve();
  await checkout.shows("paid");
  await takenOnce(scene, checkout.token());
});

story("page promises no second charge while the outcome is unknown, then shows it", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "watercolor-course");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await scene.server.faults(TAKEN_IN_SILENCE, TOO_BUSY);
  await window.approve();
  await checkout.shows("unknown");
  await scene.look(page, "unknown");
  const token = checkout.token();
  const tab = await page.context().newPage();
  await scene.openOrder(tab);
  await tab.locator(".shop-standing[data-order=asking]").waitFor();
  await scene.look(tab, "order-asking");
  await page.reload();
  await checkout.shows("unknown");
  await soundAgain(scene, token);
  await checkout.shows("paid");
  await takenOnce(scene, token, 84_000);
});

story("unknown outcome can turn out as not charged", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await scene.server.faults(NOT_HEARD, TOO_BUSY);
  await window.approveToBeDeclined("NOT_ENOUGH_AMOUNT");
  await checkout.shows("unknown");
  await soundAgain(scene, checkout.token());
  await checkout.shows("failed");
  const [payment] = await scene.server.booksOf(checkout.token());
  assert.equal(payment.confirms, 0);
});

story("the gateway's script is blocked: nothing is charged, and without the blocker it is paid", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  const sdk = `${scene.server.simulator}/v2/standard`;
  await page.route(sdk, (route) => route.abort("blockedbyclient"));
  await checkout.pay();
  await checkout.shows("script_blocked");
  await scene.look(page, "script-blocked");
  await page.unroute(sdk);
  await checkout.do("reload");
  await checkout.shows("created", "prepared");
  await checkout.agree();
  await checkout.press();
  const window = await GatewayWindow.inPlaceOf(page);
  await window.approve();
  await checkout.shows("paid");
  await takenOnce(scene, checkout.token());
});

story("offline while the page waits: it says so, and goes on by itself", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await scene.server.faults(TAKEN_IN_SILENCE, TOO_BUSY);
  await window.approve();
  await checkout.shows("unknown");
  const token = checkout.token();
  await page.context().setOffline(true);
  await checkout.isOffline();
  await scene.look(page, "unknown-offline");
  await soundAgain(scene, token);
  assert.equal(await checkout.status(), "unknown");
  await page.context().setOffline(false);
  await checkout.shows("paid");
  await checkout.isOnline();
  await takenOnce(scene, token);
});

for (const lang of ["ko", "en"]) {
  story(`who presses pay while offline is told so until the network is back (${lang})`, { lang, viewport: "phone" }, async (scene) => {
    const page = await scene.visitor();
    const checkout = await scene.buy(page, "postcard");
    await checkout.fill();
    await page.context().setOffline(true);
    await checkout.press();
    await checkout.notices("offline");
    assert.equal(await page.locator("[data-notice=network]").isVisible(), false);
    await scene.look(page, "pay-offline");
    await page.context().setOffline(false);
    await page.locator("[data-notice=offline]:visible").waitFor({ state: "detached" });
    await checkout.press();
    const window = await GatewayWindow.inPlaceOf(page);
    await window.approve();
    await checkout.shows("paid");
    await takenOnce(scene, checkout.token());
  });
}

story("a server that cannot be reached is waited for", {}, async (scene) => {
  const { page, checkout, reachable } = await scene.buyAndLoseTheServer();
  await scene.look(page, "network");
  await reachable();
  await checkout.do("reload");
  await checkout.shows("created");
});

story("a busy server is said to be busy, and goes on by itself", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  const busy = { status: 503, contentType: "application/problem+json", body: '{"code":"OVERLOADED","message":"busy"}' };
  await page.route(CONFIRM, (route) => route.fulfill(busy));
  await window.approve();
  await checkout.isBusy();
  assert.equal(await checkout.status(), "pending");
  await page.unroute(CONFIRM);
  await checkout.shows("paid");
  await checkout.isOnline();
  await takenOnce(scene, checkout.token());
});

story("a page whose module is blocked says that, and not that the server is gone", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const address = page.url();
  const other = await scene.visitor();
  await other.route("**/*.wasm", (route) => route.abort("blockedbyclient"));
  await other.goto(address);
  const there = new Checkout(other);
  await there.shows("unloaded");
  await scene.look(other, "unloaded");
  await other.unroute("**/*.wasm");
  await there.do("reload");
  await there.shows("created");
});

story("a page whose script does not come says so after a while", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  await checkout.shows("created");
  const address = page.url();
  const other = await scene.visitor();
  await other.route("**/assets/checkout-*.js", (route) => route.abort("blockedbyclient"));
  await other.goto(address);
  const late = other.locator("[data-state=loading] .late");
  assert.equal(await late.isVisible(), false);
  await late.waitFor();
});

story("while another payment of the order is under way, the page says so and waits for it", {}, async (scene) => {
  const page = await scene.visitor();
  const first = await scene.buy(page, "postcard");
  await first.pay();
  const firstWindow = await GatewayWindow.inPlaceOf(page);
  const second = await scene.payInAnotherTab(page);
  await second.pay({ method: "transfer" });
  const secondWindow = await GatewayWindow.inPlaceOf(second.page);
  await scene.server.faults(TAKEN_IN_SILENCE, TOO_BUSY);
  await firstWindow.approve();
  await first.shows("unknown");
  await secondWindow.approve();
  await second.shows("under_way");
  await scene.look(second.page, "under-way");
  await soundAgain(scene, first.token());
  await first.shows("paid");
  await second.shows("already_paid", "paid_by_another");
  await takenOnce(scene, first.token());
  assert.equal((await scene.server.booksOf(second.token()))[0].taken, 0);
});

story("waiting payment pays when the other one fails", {}, async (scene) => {
  const page = await scene.visitor();
  const first = await scene.buy(page, "postcard");
  await first.pay();
  const firstWindow = await GatewayWindow.inPlaceOf(page);
  const second = await scene.payInAnotherTab(page);
  await second.pay({ method: "transfer" });
  const secondWindow = await GatewayWindow.inPlaceOf(second.page);
  await scene.server.faults(NOT_HEARD, TOO_BUSY);
  await firstWindow.approveToBeDeclined("NOT_ENOUGH_AMOUNT");
  await first.shows("unknown");
  await secondWindow.approve();
  await second.shows("under_way");
  await soundAgain(scene, first.token());
  // Whichever of the two is asked about first: that one failed, or that the other has paid since.
  await first.shows("failed", "already_paid");
  await second.shows("paid");
  await takenOnce(scene, second.token());
});

story("server completes a confirmation whose browser is gone", {}, async (scene) => {
  const page = await scene.visitor();
  const checkout = await scene.buy(page, "postcard");
  const token = checkout.token();
  await checkout.pay();
  const window = await GatewayWindow.inPlaceOf(page);
  await scene.server.faults({ call: "confirm", fault: { delay: { ms: 1_000 } }, times: 1 });
  const asked = page.waitForRequest(CONFIRM);
  await window.approve();
  await asked;
  const called = scene.server.until(async () => (await scene.server.books()).calls.confirm > 0);
  await called;
  await page.close();
  await scene.server.until(async () => (await scene.server.session(token)).status === "paid");
  const later = await scene.visitor();
  await later.goto(`${scene.server.base}/checkout#${token}`);
  await new Checkout(later).shows("paid");
  await takenOnce(scene, token);
});

/** The gateway answers again. Each move of the clock is longer than any pause between two questions, so it brings one. */
async function soundAgain({ server }, token) {
  const calls = async () => JSON.stringify((await server.books()).calls);
  const isKnown = async () => !["pending", "unknown"].includes((await server.session(token)).status);
  await server.noFaults();
  while (!(await isKnown())) {
    const before = await calls();
    await server.moveClock("31s");
    await server.until(async () => (await isKnown()) || (await calls()) !== before);
  }
}

async function takenOnce(scene, token, amount = 500) {
  const payments = await scene.server.booksOf(token);
  const sum = (of) => payments.reduce((all, payment) => all + of(payment), 0);
  const { confirms, taken } = { confirms: sum((one) => one.confirms), taken: sum((one) => one.taken) };
  assert.deepEqual({ confirms, taken }, { confirms: 1, taken: amount });
}
