// Every state of shop and checkout as it looks: in a language, on a screen, by day or by night. What a story reaches
// is reached; what a checkout shows only when something rare happened is shown by a session that says it happened.

import assert from "node:assert/strict";

import { GatewayWindow } from "./checkout.mjs";
import { story } from "./story.mjs";

/** States that take an accident at the gateway, or another gateway. What `next` is with each is the API's. */
const RARE = [
  ["pending", "wait"],
  ["unknown", "wait"],
  ["awaiting_deposit", "transfer"],
  ["authorized", "nothing"],
  ["in_review", "nothing"],
  ["paid_by_another", "nothing"],
  ["canceled", "begin_again"],
  ["expired", "begin_again"],
  ["refunded", "nothing"],
];

/** Tells how all of it looks: `{ lang, viewport, scheme }`. */
export function gallery(as) {
  const { lang, viewport, scheme } = as;
  const look = async (scene, page, state) => {
    await fits(page, state);
    await scene.look(page, state);
  };

  story(`the shop looks right: ${lang}, ${viewport}, ${scheme}`, as, async (scene) => {
    const page = await scene.visitor();
    await page.goto(`${scene.server.base}/shop`);
    await look(scene, page, "shop");
    await page.goto(`${scene.server.base}/shop/orders`);
    await look(scene, page, "history-empty");
    const { checkout: panel } = await scene.buyHere(page, "watercolor-course");
    await panel.shows("created");
    await look(scene, page, "dialog-created");
    await page.locator("[data-dialog-close]").click();
    await look(scene, page, "item");
    await page.goto(`${scene.server.base}/shop/items/nothing`);
    await look(scene, page, "not-found");
    await scene.buyAndPay(page, "hanok-night");
    await look(scene, page, "booked");
    await page.goto(`${scene.server.base}/shop/orders`);
    await look(scene, page, "history");
    await page.locator(".shop-order").nth(0).click();
    await page.locator(".shop-standing[data-order=reserved]").waitFor();
    await look(scene, page, "order-reserved");
    await page.locator("[data-host=cancel]").click();
    await scene.thisOrderStands(page, "canceled");
    await look(scene, page, "order-canceled");
    await page.goto(`${scene.server.base}/shop/orders`);
    await page.locator(".shop-order").nth(1).click();
    await page.locator(".shop-standing[data-order=unpaid]").waitFor();
    await look(scene, page, "order-unpaid");
  });

  story(`the checkout looks right: ${lang}, ${viewport}, ${scheme}`, as, async (scene) => {
    const page = await scene.visitor();
    const checkout = await scene.buy(page, "watercolor-course", { quantity: 2 });
    await checkout.shows("created");
    await look(scene, page, "created");
    await checkout.press();
    await look(scene, page, "created-flaws");
    await checkout.pay();
    const window = await GatewayWindow.inPlaceOf(page);
    await window.cancel();
    await checkout.notices("closed");
    await look(scene, page, "prepared-closed");
    await checkout.agree();
    await checkout.press();
    await GatewayWindow.inPlaceOf(page);
    await window.approveToBeDeclined("EXCEED_MAX_DAILY_PAYMENT_COUNT");
    await checkout.shows("failed");
    await look(scene, page, "failed");
    await checkout.do("again");
    await checkout.pay({ method: "transfer" });
    await GatewayWindow.inPlaceOf(page);
    await window.approve();
    await checkout.shows("paid");
    await page.locator("[data-seal=verified]:visible").waitFor();
    await look(scene, page, "paid");
  });

  story(`what seldom happens looks right: ${lang}, ${viewport}, ${scheme}`, as, async (scene) => {
    const page = await scene.visitor();
    const checkout = await scene.buy(page, "watercolor-course");
    await checkout.shows("created");
    for (const [status, next] of RARE) {
      await sayingThat(page, { status, next }, async () => {
        await page.reload();
        await checkout.shows(status);
        await look(scene, page, `rare-${status}`);
      });
    }
    await page.goto(`${scene.server.base}/checkout#ses_1`);
    await page.reload();
    await checkout.shows("invalid_link");
    await look(scene, page, "invalid-link");
  });
}

/** While `tell` runs, the server's word about a session is another. */
async function sayingThat(page, another, tell) {
  const session = /\/api\/v1\/payments\/sessions\/ses_[0-9a-f]+$/;
  await page.route(session, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), ...another } });
  });
  await tell();
  // The page may be asking at this moment; what it hears then is of no account.
  await page.unrouteAll({ behavior: "ignoreErrors" });
}

/** Nothing is wider than the screen. */
async function fits(page, state) {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(beyond <= 0, `${state} is ${beyond} px wider than the screen`);
}
