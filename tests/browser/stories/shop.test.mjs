// The shop without the checkout: what is shown, in two languages, without a script too, and what it refuses.

import assert from "node:assert/strict";

import { story } from "../harness/story.mjs";

story("the shop shows what there is, and an empty history says so", {}, async (scene) => {
  const page = await scene.visitor();
  await page.goto(scene.server.base);
  assert.equal(new URL(page.url()).pathname, "/shop");
  assert.equal(await page.locator("[data-shop=items] > li").count(), 3);
  await scene.look(page, "shop");
  await page.locator("[data-shop=items] a").first().click();
  await page.locator("[data-shop=item]").waitFor();
  await scene.look(page, "item");
  await page.goto(`${scene.server.base}/shop/orders`);
  await page.locator("[data-shop=no-orders]").waitFor();
  await scene.look(page, "history-empty");
});

story("Korean is drawn with letters, not with boxes", {}, async (scene) => {
  const page = await scene.visitor();
  await page.goto(`${scene.server.base}/shop`);
  const drawn = await page.evaluate(() => {
    const draw = (text) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 48, height: 48 });
      const context = canvas.getContext("2d");
      context.font = `32px ${getComputedStyle(document.body).fontFamily}`;
      context.fillText(text, 4, 36);
      return canvas.toDataURL();
    };
    // Nobody has a letter for U+0378, which is not assigned: it is drawn as a missing one.
    return { one: draw("결"), other: draw("제"), missing: draw("\u0378"), nothing: draw("") };
  });
  const { one, other, missing, nothing } = drawn;
  assert.notEqual(one, other, "two syllables look the same");
  for (const syllable of [one, other]) {
    assert.notEqual(syllable, missing, "a syllable looks like a letter that nobody has");
    assert.notEqual(syllable, nothing, "a syllable is not drawn");
  }
});

story("the language is the browser's, until it is chosen", { lang: "en" }, async (scene) => {
  const page = await scene.visitor();
  const lang = () => page.locator("html").getAttribute("lang");
  await page.goto(`${scene.server.base}/shop/items/watercolor-course`);
  assert.equal(await lang(), "en");
  await page.locator("[data-language][lang=ko]").click();
  await page.locator("html[lang=ko]").waitFor();
  await page.goto(`${scene.server.base}/shop/orders`);
  assert.equal(await lang(), "ko");
});

story("page explains what does not exist or is not possible now", {}, async (scene) => {
  const page = await scene.visitor();
  for (const path of ["/shop/items/gold", "/shop/orders/shop-0000000000000000", "/shop/orders/..%2f..%2fx"]) {
    const answer = await page.goto(scene.server.base + path);
    assert.equal(answer.status(), 404, path);
    await page.locator("[data-shop=sorry]").waitFor();
  }
  await scene.look(page, "not-found");
});

story("a form that another site sends buys nothing", {}, async (scene) => {
  const page = await scene.visitor();
  const { origin } = new URL(scene.server.simulator);
  await page.goto(`${scene.server.base}/shop`);
  // Another port of this machine: the same site to cookies, another origin.
  await page.goto(`${origin}/sandbox/pay/none`);
  await page.setContent(
    `<form method="post" action="${scene.server.base}/shop/orders"><input name="item" value="postcard"><button>x</button></form>`,
  );
  await page.locator("button").click();
  await page.locator("[data-shop=sorry]").waitFor();
  await page.goto(`${scene.server.base}/shop/orders`);
  await page.locator("[data-shop=no-orders]").waitFor();
});

story("order of another visitor is not shown", {}, async (scene) => {
  const page = await scene.visitor();
  await scene.buy(page, "postcard");
  await scene.openOrder(page);
  const address = page.url();
  const stranger = await scene.visitor();
  const answer = await stranger.goto(address);
  assert.equal(answer.status(), 404);
});
