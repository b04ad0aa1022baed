// A story: one visitor or several, a real server with its simulator, and Chromium. Stories of one file share a
// server and follow each other; each has a browser profile of its own. Whatever any of its pages does wrong fails it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { isForEverybody } from "./axe.mjs";
import { PATIENCE_MS, launch, newVisitor } from "./browser.mjs";
import { Checkout, GatewayWindow } from "./checkout.mjs";
import { picture } from "./screenshots.mjs";
import { startServer } from "./server.mjs";

const USUAL = { lang: "ko", viewport: "desktop", scheme: "light" };
const LONGEST_MS = 120_000;

let server;
let browser;

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Tells a story: `story("name", { lang, viewport, scheme }, async (scene) => …)`. */
export function story(name, options, tell) {
  test(name, { timeout: LONGEST_MS }, async () => {
    server ??= await startServer();
    browser ??= await launch();
    const scene = new Scene({ ...USUAL, ...options });
    try {
      await tell(scene);
      assert.deepEqual(scene.wrongs(), []);
    } catch (error) {
      await scene.keepPictures(name);
      throw error;
    } finally {
      await scene.end();
    }
  });
}

class Scene {
  #visitors = [];

  constructor(options) {
    this.options = options;
    this.server = server;
  }

  /** A page of somebody who was never here: no cookies, no storage. `more` is for their browser's context. */
  async visitor(options = {}, more = {}) {
    const as = { ...this.options, ...options };
    const { context, wrongs } = await newVisitor(browser, as, more);
    this.#visitors.push({ context, wrongs });
    return context.newPage();
  }

  /** Buys on the shop's page and arrives at the checkout's. */
  async buy(page, slug, { quantity = 1 } = {}) {
    await this.lookAt(page, slug, { quantity });
    await page.locator("[data-buy-now]").click();
    await page.waitForURL(/\/checkout/);
    return new Checkout(page);
  }

  /** Buys where the item is shown: the checkout opens in a dialog, and its token is in no address. */
  async buyHere(page, slug, { quantity = 1 } = {}) {
    await this.lookAt(page, slug, { quantity });
    const ordered = page.waitForResponse((answer) => answer.request().method() === "POST");
    await page.locator("[data-buy-here]").click();
    const { session_token: token } = await (await ordered).json();
    await page.locator("[data-dialog][open]").waitFor();
    return { checkout: new Checkout(page), token };
  }

  async lookAt(page, slug, { quantity = 1 } = {}) {
    await page.goto(`${server.base}/shop/items/${slug}`);
    await page.locator("#quantity").fill(String(quantity));
  }

  /** Pays by page from the shop to the result; the way most stories begin or end. */
  async buyAndPay(page, slug, choice = {}) {
    const checkout = await this.buy(page, slug, choice);
    await checkout.pay(choice);
    const window = await GatewayWindow.inPlaceOf(page);
    await window.approve();
    await checkout.shows("paid");
    return checkout;
  }

  /** A checkout whose server cannot be reached since it was opened, which it shows; `reachable` ends that. */
  async buyAndLoseTheServer(options = {}) {
    const page = await this.visitor(options);
    const checkout = await this.buy(page, "postcard");
    await checkout.shows("created");
    const session = "**/api/v1/payments/sessions/**";
    await page.route(session, (route) => route.abort("connectionrefused"));
    await page.reload();
    await checkout.shows("network");
    return { page, checkout, reachable: () => page.unroute(session) };
  }

  /** The order that stands like this in the visitor's history. */
  async orderStands(page, tag) {
    await page.goto(`${server.base}/shop/orders`);
    await page.locator(`[data-shop=orders] [data-order=${tag}]`).first().waitFor({ timeout: PATIENCE_MS });
  }

  /** Opens the newest order of the visitor. */
  async openOrder(page) {
    await page.goto(`${server.base}/shop/orders`);
    await page.locator(".shop-order").first().click();
    await page.locator(".shop-standing").waitFor();
  }

  /** Opens another payment of the visitor's newest order in another tab. */
  async payInAnotherTab(page) {
    const tab = await page.context().newPage();
    await this.openOrder(tab);
    await tab.locator("[data-pay-order]").click();
    await tab.waitForURL(/\/checkout/);
    return new Checkout(tab);
  }

  /** The order on whose page one is stands like this, now or when the page is loaded again. */
  async thisOrderStands(page, tag) {
    await server.until(async () => {
      if ((await page.locator(`.shop-standing[data-order=${tag}]`).count()) > 0) return true;
      await page.reload();
      return false;
    });
  }

  /** A picture of this state, and nothing serious that axe finds in it. */
  async look(page, state) {
    const { lang, viewport, scheme } = this.options;
    await picture(page, `${state}-${lang}-${viewport}-${scheme}`);
    await isForEverybody(page, state);
  }

  wrongs() {
    return this.#visitors.flatMap(({ wrongs }) => wrongs);
  }

  async keepPictures(name) {
    const pages = this.#visitors.flatMap(({ context }) => context.pages());
    const title = name.replaceAll(/[^a-z0-9]+/gi, "-");
    for (const [at, page] of pages.entries()) {
      // A page that cannot be drawn any more must not hide why the story failed.
      await picture(page, `failed-${title}-${at}`).catch(() => {});
    }
  }

  async end() {
    await Promise.all(this.#visitors.map(({ context }) => context.close()));
    await server.noFaults();
  }
}
