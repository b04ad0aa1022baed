// The examples against a sandbox, each through the same story. From the repository's root, after a build:
//   DAEGEUM_BIN=target/debug/daegeum node --test docs/examples/shops.test.mjs

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

const folder = mkdtempSync(join(tmpdir(), "daegeum-examples-"));
const examples = import.meta.dirname;
const running = new Set();
let api, simulator, secrets;

/** Starts a program; resolves with what each pattern finds in what it prints. The server refuses settings it does not
 *  know, so it gets none. */
async function start(program, args, env, ...patterns) {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let said = "";
  const found = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`${program} ended: ${said}`)));
    const heard = (chunk) => {
      said += chunk;
      const found = patterns.map((pattern) => pattern.exec(said)?.[1]);
      if (found.every(Boolean)) resolve(found);
    };
    child.stdout.on("data", heard);
    child.stderr.on("data", heard);
  });
  return { child, found };
}

async function kill({ child }) {
  running.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function json(method, url, bearer, body) {
  const headers = { "content-type": "application/json", ...(bearer && { authorization: `Bearer ${bearer}` }) };
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const said = await answer.json();
  assert.ok(answer.ok, `${method} ${url}: ${JSON.stringify(said)}`);
  return said;
}

const merchant = (method, path, body) => json(method, `${api}/api/v1${path}`, secrets.merchant_key, body);

/** What the buyer's browser does: it has the token and nothing else. */
async function pay(token) {
  const session = token.split(".")[0];
  const { window } = await json("POST", `${api}/api/v1/payments/sessions/${session}/prepare`, token);
  const { paymentKey } = await json("POST", `${simulator}/sandbox/windows`, null, {
    amount: window.amount.value, orderId: window.order_id, orderName: window.order_name,
  });
  await json("POST", `${simulator}/sandbox/windows/${paymentKey}/approve`);
  const brought = { payment_key: paymentKey, order_id: window.order_id, amount: window.amount.value };
  const payment = await json("POST", `${api}/api/v1/payments/confirm`, token, brought);
  assert.equal(payment.status, "CAPTURED");
  return payment;
}

function story(name, program, args) {
  const open = () => {
    const env = {
      PAYMENTS_URL: api, PAYMENTS_MERCHANT_KEY: secrets.merchant_key, PAYMENTS_BUYER_JWT_SECRET: secrets.buyer_jwt_secret,
      SHOP_FILE: join(folder, `${name}.known`), SHOP_PORT: "0",
    };
    return start(program, args, env, /the shop is at (http:\S+)\//);
  };
  const buy = async ({ found: [shop] }, path = "/orders") => {
    const body = new URLSearchParams({ item: "수채화 강의" });
    const answer = await fetch(shop + path, { method: "POST", body, redirect: "manual" });
    assert.equal(answer.status, 303);
    const checkout = new URL(answer.headers.get("location"));
    assert.equal(checkout.origin + checkout.pathname, `${api}/checkout`);
    return checkout.hash.slice(1);
  };
  const order = async (token) => (await json("GET", `${api}/api/v1/payments/sessions/${token.split(".")[0]}`, token)).order_id;
  const becomes = async ({ found: [shop] }, id, status) => {
    for (const until = Date.now() + 15_000; Date.now() < until; await pause(50)) {
      const shown = await json("GET", `${shop}/orders/${id}`);
      if (shown.status === status) return shown;
    }
    throw new Error(`${id} does not become ${status}`);
  };

  test(`${name}: what is paid is delivered once, whoever comes back and whatever is killed`, async () => {
    let shop = await open();
    const token = await buy(shop);
    const id = await order(token);
    const asked = await fetch(`${shop.found[0]}/orders/${id}?paymentKey=forged&orderId=${id}&amount=11000`);
    assert.equal((await asked.json()).status, "waiting", "an address is no payment");
    await pay(token);
    const { ticket } = await becomes(shop, id, "delivered");
    assert.ok(ticket);

    const second = await buy(shop);
    await kill(shop);
    await pay(second);
    shop = await open();
    await becomes(shop, await order(second), "delivered");
    assert.equal((await becomes(shop, id, "delivered")).ticket, ticket, "the same ticket after a restart");
    await kill(shop);
  });

  test(`${name}: money that goes back and orders nobody pays are heard of`, async () => {
    const shop = await open();
    const token = await buy(shop);
    const { payment_id, order_id } = await pay(token);
    await becomes(shop, order_id, "delivered");
    await merchant("POST", `/payments/${payment_id}/cancel`);
    assert.equal((await becomes(shop, order_id, "refunded")).ticket, null);

    const unpaid = await order(await buy(shop));
    await json("POST", `${api}/sandbox/clock`, null, { advance: "31m" });
    await becomes(shop, unpaid, "canceled");
    await kill(shop);
  });

  test(`${name}: an order has another checkout, and a buyer sees their payments`, async () => {
    const shop = await open();
    const first = await buy(shop);
    const id = await order(first);
    const second = await buy(shop, `/orders/${id}/pay`);
    assert.notEqual(second, first);
    const { payment_id } = await pay(second);
    await becomes(shop, id, "delivered");
    const { token } = await json("GET", `${shop.found[0]}/buyer-token`);
    const { items } = await json("GET", `${api}/api/v1/me/payments`, token);
    assert.equal(items.filter((item) => item.payment_id === payment_id && item.status === "CAPTURED").length, 1);
    await kill(shop);
  });
}

/** The Java shop's classes; null where there is no JDK. */
function compiled() {
  const classes = join(folder, "classes");
  const names = ["Shop", "Daegeum", "Orders", "Pages", "Json"];
  const sources = names.map((name) => join(examples, "java-shop", `${name}.java`));
  try {
    execFileSync("javac", ["-Xlint:all", "-Werror", "-d", classes, ...sources], { stdio: "inherit" });
    return classes;
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

describe("shops", () => {
  before(async () => {
    const program = resolve(process.env.DAEGEUM_BIN ?? "target/debug/daegeum");
    const args = ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", join(folder, "data")];
    const { found } = await start(program, args, {}, /API +(http:.*)\/api\/v1/, /Toss +(http:\S+)/, /(Try it)/);
    [api, simulator] = found;
    const text = readFileSync(join(folder, "data/sandbox/secrets.toml"), "utf8");
    secrets = Object.fromEntries([...text.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]));
  });

  after(async () => {
    for (const child of running) await kill({ child });
    rmSync(folder, { recursive: true });
  });

  story("node", process.execPath, [join(examples, "node-shop/shop.mjs")]);
  const classes = compiled();
  if (classes) story("java", "java", ["-cp", classes, "Shop"]);
  else test("java", { skip: "there is no JDK" }, () => {});
});
