// The package as a plain module from a static folder, in Chromium, under a strict policy.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { also, Contract } from "../contract.mjs";
import { example, page as readmePage } from "../readme.mjs";
import { approve, ended, launch, refuse, site } from "./chromium.mjs";

const LOAD = "GET /api/v1/payments/sessions/:id";
const CONFIRM = "POST /api/v1/payments/confirm";

let browser;
let shop;
let page;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  shop = await site();
  const script = example("pay.js").replace('"@daegeum/checkout"', '"/checkout/index.js"');
  shop.page("/pay", readmePage().replace('src="pay.js"', 'src="/pay.js"'), script);
  shop.page("/tools", "", 'import * as all from "/checkout/index.js"; window.checkout = all;');
  shop.put("/tools", "text/html", '<script type="module" src="/tools.js"></script><button>go</button>');
  page = await (await browser.newContext()).newPage();
});
afterEach(async () => {
  await page.context().close();
  await shop.stop();
});

const said = (text) => page.waitForFunction((text) => document.querySelector("#state")?.textContent === text, text);

/** Runs in a page that has the package as `window.checkout`. */
async function tools(token, run, argument) {
  await page.goto(`${shop.url}/tools#${token}`);
  await page.waitForFunction(() => window.checkout);
  return page.evaluate(run, argument);
}

/** What a step throws there, in words. */
const thrown = (token, run, argument) =>
  tools(token, `(${run})(${JSON.stringify(argument ?? null)}).then(() => "nothing", (error) => error.code + " " + error.reason)`);

test("the README's page pays, comes back and keeps its link", async () => {
  const session = shop.session();
  await page.goto(`${shop.url}/pay?lang=ko#${session.token}`);
  await said("created");
  await page.click("#pay");
  await said("paid");
  assert.equal(page.url(), `${shop.url}/pay#${session.token}`, "the return is gone, the link is there");
  assert.equal(shop.count(CONFIRM), 1);
  await page.reload();
  await said("paid");
  assert.equal(shop.count(CONFIRM), 1);
});

test("a refresh while the return is being confirmed repeats it", async () => {
  const session = shop.session("prepared");
  shop.confirmed = "pending";
  const back = `paymentKey=tgen_1&orderId=${session.payment_id}&amount=11000`;
  const arrived = new Promise((resolve) => shop.fault(CONFIRM, () => resolve()));
  await page.goto(`${shop.url}/pay?${back}#${session.token}`);
  await arrived;
  assert.ok(page.url().includes("paymentKey"), "the address still has what is not dealt with");
  await page.reload();
  shop.fault(LOAD, also());
  shop.fault(LOAD, also());
  shop.fault(LOAD, also(() => shop.move(session, "paid")));
  await said("paid");
  assert.equal(shop.count(CONFIRM), 2);
  assert.equal(page.url(), `${shop.url}/pay#${session.token}`);
});

test("a buyer who leaves the window is told, and can go on", async () => {
  const session = shop.session();
  shop.window = refuse("PAY_PROCESS_CANCELED", "취소되었습니다.");
  await page.goto(`${shop.url}/pay#${session.token}`);
  await said("created");
  await page.click("#pay");
  await said("window_closed: 취소되었습니다.");
  assert.equal(page.url(), `${shop.url}/pay#${session.token}`);
  shop.window = approve();
  await page.click("#pay");
  await said("paid");
});

test("an amount that was changed on the way is not confirmed", async () => {
  const session = shop.session();
  shop.window = approve({ amount: 100 });
  await page.goto(`${shop.url}/pay#${session.token}`);
  await said("created");
  await page.click("#pay");
  await said("mismatched: What was brought back is of another amount.");
  assert.equal(shop.count(CONFIRM), 0);
});

test("a fragment that is lost or written behind is found again in the same tab", async () => {
  for (const to of [(url) => url.replace(/#.*/, ""), (url) => url.replace(/(\?.*)#(.*)/, "#$2$1")]) {
    const session = shop.session();
    const outcome = (asked) => ({ paymentKey: "tgen_1", orderId: asked.orderId, amount: asked.amount.value });
    shop.window = ended(outcome, to);
    await page.goto(`${shop.url}/pay#${session.token}`);
    await page.reload();
    await said("created");
    await page.click("#pay");
    await said("paid");
    assert.equal(page.url(), `${shop.url}/pay#${session.token}`);
  }
});

test("a popup says how it ended, and the page stays", async () => {
  const session = shop.session();
  const pay = async () => {
    const made = await window.checkout.Checkout.fromUrl();
    return window.checkout.pay(made, { mode: "popup", buyer_name: "김하나" });
  };
  assert.equal((await tools(session.token, pay)).status, "paid");
  shop.window = refuse("REJECT_CARD_COMPANY", "거절");
  const run = async () => window.checkout.pay(await window.checkout.Checkout.fromUrl(), { mode: "popup" });
  assert.equal(await thrown(shop.session().token, run), "window_refused REJECT_CARD_COMPANY");
  shop.window = (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<script>close()</script>");
  assert.equal(await thrown(shop.session().token, run), "window_closed USER_CANCEL");
});

test("a popup that the browser blocks is told apart", async () => {
  const run = async () => {
    window.open = () => null;
    return window.checkout.pay(await window.checkout.Checkout.fromUrl(), { mode: "popup" });
  };
  assert.equal(await thrown(shop.session().token, run), "popup_blocked POPUP_BLOCKED");
});

test("another payment of the order takes over the page's link", async () => {
  const session = shop.session("failed");
  const pay = async () => {
    const again = [];
    const made = await window.checkout.Checkout.fromUrl();
    const paid = await window.checkout.pay(made, { mode: "popup", onAgain: (next) => again.push(next.token) });
    return { status: paid.status, again, hash: location.hash };
  };
  const { status, again, hash } = await tools(session.token, pay);
  assert.equal(status, "paid");
  assert.equal(again.length, 1);
  assert.equal(hash, `#${again[0]}`);
  assert.notEqual(again[0], session.token);
});

test("a script that is blocked, empty or late is told, taken out, and tried again", async () => {
  const session = shop.session();
  const run = async () => window.checkout.pay(await window.checkout.Checkout.fromUrl(), { mode: "popup" });
  const scripts = () => page.evaluate(() => document.querySelectorAll('script[src$="/sdk.js"]').length);
  const inPlace = `(${run})().then(({ status }) => status, (error) => error.code + " " + error.reason)`;
  shop.pages.set("/sdk.js", (request) => request.socket.destroy());
  assert.equal(await thrown(session.token, run), "script_blocked blocked");
  assert.equal(await scripts(), 0);
  shop.put("/sdk.js", "text/javascript", "");
  assert.equal(await page.evaluate(inPlace), "script_blocked empty");
  const asked = new Promise((resolve) => shop.pages.set("/sdk.js", resolve));
  await page.clock.install();
  const late = page.evaluate(inPlace);
  const hanging = await asked;
  await page.clock.fastForward(15_000);
  assert.equal(await late, "script_blocked timeout");
  assert.equal(await scripts(), 0);
  await page.clock.resume();
  // Chromium asks for nothing twice at one time.
  hanging.socket.destroy();
  shop.sdk();
  assert.equal(await page.evaluate(inPlace), "paid");
});

test("a signal ends the waiting for a window", async () => {
  shop.window = () => {};
  const run = async () => {
    const made = await window.checkout.Checkout.fromUrl();
    const prepared = await made.prepare();
    const controller = new AbortController();
    const opened = made.openWindow(prepared, { mode: "popup", signal: controller.signal });
    const real = window.open;
    window.open = (...args) => {
      setTimeout(() => controller.abort());
      return real(...args);
    };
    return opened;
  };
  assert.equal(await thrown(shop.session().token, run), "aborted null");
});

test("a page that comes into view, or a network that comes back, ends a pause", async () => {
  for (const wake of ["online", "visibilitychange"]) {
    const session = shop.session("pending");
    await page.clock.install();
    await tools(session.token, async () => {
      const made = await window.checkout.Checkout.fromUrl();
      window.settled = made.settle();
    });
    await page.waitForResponse((response) => response.url().includes("/sessions/"));
    shop.move(session, "paid");
    const settled = page.evaluate(() => window.settled.then(({ status }) => status));
    // The clock stands: nothing but the event can end the pause, however often it has to be said.
    const said = setInterval(() => {
      const tell = (type) => (type === "online" ? window : document).dispatchEvent(new Event(type));
      page.evaluate(tell, wake).catch(() => {});
    }, 20);
    try {
      assert.equal(await settled, "paid", wake);
    } finally {
      clearInterval(said);
    }
  }
});

test("a policy that forbids WebAssembly is named", async () => {
  const script = `import { ready } from "/checkout/index.js";
    ready().catch((error) => (document.body.dataset.said = error.code + " " + error.retry));`;
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self'";
  shop.page("/strict", '<body><script type="module" src="/strict.js"></script>', script, policy);
  await page.goto(`${shop.url}/strict`);
  await page.waitForFunction(() => document.body.dataset.said);
  assert.equal(await page.evaluate(() => document.body.dataset.said), "unsupported false");
});

test("an origin that the server does not list is named, and told from a server that is away", async () => {
  const server = await Contract.start();
  const token = server.session().token;
  const load = ({ api, token }) => window.checkout.Checkout.open({ api, token }).then((checkout) => checkout.load());
  try {
    assert.equal(await thrown("", load, { api: server.url, token }), `origin_not_allowed ${shop.url}`);
    server.allow(shop.url);
    assert.equal(await thrown("", load, { api: server.url, token }), "nothing");
  } finally {
    await server.stop();
  }
  assert.equal(await thrown("", load, { api: server.url, token }), "network null");
});

test("a page without a token says so", async () => {
  await page.goto(`${shop.url}/pay`);
  await said("nothing to pay: this address has no token");
  await page.click("#pay");
  await said("nothing to pay: this address has no token");
  assert.deepEqual(shop.heard, []);
});

test("a module that does not load is tried again", async () => {
  const serve = shop.pages.get("/checkout/core_bg.wasm");
  shop.pages.set("/checkout/core_bg.wasm", (request) => request.socket.destroy());
  assert.equal(await thrown("", () => window.checkout.ready()), "network null");
  shop.pages.set("/checkout/core_bg.wasm", serve);
  assert.equal(await page.evaluate(() => window.checkout.ready().then(() => "loaded")), "loaded");
});

test("a receipt is verified in the browser", async () => {
  const session = shop.session("paid");
  const verified = async () => {
    const { Checkout, receiptKeys, verifyReceipt } = window.checkout;
    const made = await Checkout.fromUrl();
    const { payment_id } = await made.load();
    return verifyReceipt(await made.receipt(), await receiptKeys(), { payment_id });
  };
  assert.deepEqual(await tools(session.token, verified), shop.claims(session));
});
