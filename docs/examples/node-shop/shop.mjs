// A shop's backend in small, for Node 20 without dependencies. It registers orders, sends buyers to the checkout, and
// hands out a ticket for what the feed says is paid. It believes no browser, and it hands out nothing twice.
// All it knows is one file, written whole; a shop with a database does the same in one transaction.

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const { PAYMENTS_URL = "http://127.0.0.1:8080", SHOP_FILE = "shop.json", SHOP_PORT = "8090" } = process.env;
const { PAYMENTS_MERCHANT_KEY, PAYMENTS_BUYER_JWT_SECRET } = process.env;
if (!PAYMENTS_MERCHANT_KEY || !PAYMENTS_BUYER_JWT_SECRET) throw new Error("two secrets of the server are missing");

const PRICES = { "수채화 강의": 11000, "도예 강의": 33000 };
const BUYER = "buyer-1"; // Whoever is logged in. No name and no mail address: it is stored as it is.

// What the shop knows

const known = existsSync(SHOP_FILE) ? JSON.parse(readFileSync(SHOP_FILE, "utf8")) : { cursor: 0, orders: {} };

/** Whole or not at all, and on disk when this returns. */
function save() {
  sync(`${SHOP_FILE}.new`, "w", JSON.stringify(known));
  renameSync(`${SHOP_FILE}.new`, SHOP_FILE);
  sync(dirname(SHOP_FILE), "r");
}

function sync(path, flag, text) {
  const file = openSync(path, flag);
  if (text) writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
}

// The payment API

/** What is safe to repeat is repeated, with the same key: a lost answer then is no second payment. */
async function api(method, path, body) {
  const headers = { authorization: `Bearer ${PAYMENTS_MERCHANT_KEY}`, "content-type": "application/json" };
  if (method === "POST") headers["idempotency-key"] = randomUUID();
  for (let left = 3; ; left -= 1) {
    const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(15_000) };
    const sent = fetch(`${PAYMENTS_URL}/api/v1${path}`, request);
    const heard = sent.then(async (answer) => ({ status: answer.status, said: await answer.json() }));
    const { status, said } = await heard.catch((lost) => ({ status: 599, said: lost }));
    if (status < 300) return said;
    const mayHelp = status >= 500 || status === 429;
    if (!mayHelp || left === 1) throw new Error(`${method} ${path}: ${status}`, { cause: said });
    await pause(1_000);
  }
}

/** The buyer's own token, for pages that show a buyer their payments. Ten minutes are enough for a page. */
function buyerToken(buyer) {
  const part = (claims) => Buffer.from(JSON.stringify(claims)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 600;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: buyer, exp })}`;
  return `${signed}.${createHmac("sha256", PAYMENTS_BUYER_JWT_SECRET).update(signed).digest("base64url")}`;
}

// Buying

/** The browser names the item; what it costs is known here. The order is kept before anybody else hears of it. */
async function buy(item) {
  const price = PRICES[item];
  const order_id = `shop-${randomBytes(8).toString("hex")}`;
  known.orders[order_id] = { item, buyer: BUYER, status: "waiting", ticket: null };
  save();
  const lines = [{ name: item, quantity: 1, unit_price: price, tax: "taxable" }];
  await api("POST", "/orders", {
    order_id, buyer_id: BUYER, currency: "KRW", total: price, capture: "automatic", lines,
  });
  return checkout(order_id);
}

/** Behind the `#`, which no server sees and no log keeps. */
async function checkout(order_id) {
  const session = await api("POST", "/payments/sessions", { order_id });
  return `${PAYMENTS_URL}/checkout#${session.session_token}`;
}

// Delivering

/** What is done about an event and the place in the feed are one write: neither is ever there without the other. A
 *  write that fails ends the process: what is not on disk has not happened. */
async function follow() {
  for (;;) {
    const page = await api("GET", `/events?after=${known.cursor}&limit=100`).catch((error) => console.error(error));
    for (const event of page?.items ?? []) {
      apply(event);
      known.cursor = event.sequence;
      save();
    }
    if (!page?.items.length) await pause(500);
  }
}

function apply({ event_type, order_id }) {
  const order = known.orders[order_id];
  if (!order) return; // Another shop's, under the same merchant.
  if (event_type === "PAYMENT_SUCCEEDED" && order.status === "waiting") {
    Object.assign(order, { status: "delivered", ticket: randomUUID() });
  }
  if (event_type === "PAYMENT_CANCELED") order.status = "canceled"; // Nobody paid in time: free the seat.
  if (event_type === "PAYMENT_REFUNDED") Object.assign(order, { status: "refunded", ticket: null });
}

// Pages

const button = ([item, won]) => `<button name="item" value="${item}">${item} ${won}원</button>`;
const buttons = Object.entries(PRICES).map(button).join(" ");
const page = `<!doctype html><meta charset="utf-8"><form method="post" action="/orders">${buttons}</form>`;

async function answer(request, url) {
  const [, place, order_id, action] = url.pathname.split("/");
  const order = Object.hasOwn(known.orders, order_id ?? "") ? known.orders[order_id] : null;
  if (request.method === "GET") {
    if (place === "") return { type: "text/html; charset=utf-8", body: page };
    if (place === "buyer-token") return { body: JSON.stringify({ token: buyerToken(BUYER) }) };
    if (place === "orders" && order && !action) return { body: JSON.stringify(order) };
  } else if (request.method === "POST" && place === "orders") {
    if (order && action === "pay") return { status: 303, location: await checkout(order_id) };
    const item = order_id ? null : new URLSearchParams(await text(request)).get("item");
    if (item && Object.hasOwn(PRICES, item)) return { status: 303, location: await buy(item) };
  }
  return { status: 404, body: "{}" };
}

async function text(request) {
  let read = "";
  for await (const chunk of request.setEncoding("utf8")) {
    read += chunk;
    if (read.length > 1_000) throw new Error("this form is too long");
  }
  return read;
}

const server = createServer(async (request, response) => {
  const failed = (error) => (console.error(error), { status: 502, body: '{"error":"try again"}' });
  const said = await answer(request, new URL(request.url, "http://shop")).catch(failed);
  const headers = { "content-type": said.type ?? "application/json", "cache-control": "no-store" };
  if (said.location) headers.location = said.location;
  response.writeHead(said.status ?? 200, headers).end(said.body);
});
server.listen(Number(SHOP_PORT), "127.0.0.1", () => {
  console.log(`the shop is at http://127.0.0.1:${server.address().port}/`);
});
await follow();
