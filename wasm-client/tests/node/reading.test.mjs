// What is read without a network: addresses, buyers, receipts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Checkout, checkBuyer, CheckoutError, parseReturn, ready, receiptKeys, resume, verifyReceipt } from "../../pkg/inline.js";
import { Contract } from "../contract.mjs";
import { approves, inPage } from "../page.mjs";

let server;
before(async () => {
  await ready();
  server = await Contract.start();
});
after(() => server.stop());

/** The table that the engine's tests read, too; about a session of the server here, where one is given. */
function table(session) {
  const text = readFileSync(new URL("../../../engine/src/brought_back/cases.json", import.meta.url), "utf8");
  const { token, payment } = JSON.parse(text);
  const filled = text.replaceAll("{token}", session?.token ?? token).replaceAll("{payment}", session?.payment_id ?? payment);
  return JSON.parse(filled);
}

test("each case of a return is read as the table says", () => {
  const { returns } = table();
  assert.ok(returns.length > 20);
  for (const { case: name, address, return: expected } of returns) {
    assert.deepEqual(parseReturn(address), expected, name);
  }
  assert.equal(parseReturn(new URL("https://a.example/?code=USER_CANCEL&message=y")).kind, "refused");
});

test("each case of a return leaves the address as the table says, and the checkout is found again in it", async () => {
  const session = server.session("paid");
  for (const { case: name, address, return: expected, token, left } of table(session).returns) {
    const opens = async () => (token === session.token ? Checkout.fromUrl(address) : Checkout.open({ token: session.token }));
    const href = address || "https://shop.example/";
    const after = await inPage(href, approves, async () => {
      location.origin = server.url;
      assert.equal((await resume(await opens())).status, "paid", name);
    });
    if (expected.kind === "nothing") assert.equal(after, href, name);
    else assert.equal(after, left, name);
    const found = await Checkout.fromUrl(left, { api: server.url });
    assert.equal(found.token, session.token, name);
  }
});

test("each case of a link is written as the table says", async () => {
  const session = server.session();
  const checkout = await Checkout.open({ api: server.url, token: session.token });
  for (const { case: name, address, link, place } of table(session).links) {
    assert.equal(checkout.linkTo(address), link, name);
    await inPage(address, (request) => Promise.reject(Object.assign(new Error("seen"), { code: request.successUrl })), async () => {
      const prepared = await checkout.prepare();
      await assert.rejects(checkout.openWindow(prepared), { reason: place }, name);
    });
  }
});

test("an address opens the checkout of its fragment, or none", async () => {
  const { token, session_id, payment_id } = server.session();
  const api = server.url;
  for (const url of [`/pay#${token}`, `/pay?orderId=o#${token}`, `/pay#${token}?code=x`, `/pay#${token}&code=x`]) {
    assert.equal((await Checkout.fromUrl(url, { api })).session_id, session_id, url);
  }
  for (const url of ["/pay", "/pay#terms", `/pay?paymentKey=k&orderId=${payment_id}&amount=1`]) {
    assert.equal(await Checkout.fromUrl(url, { api }), null, url);
  }
  await assert.rejects(Checkout.fromUrl(`/pay#${token.slice(0, 50)}`, { api }), { code: "invalid_link" });
});

test("a buyer's data is checked by the server's rules", () => {
  assert.deepEqual(checkBuyer({}), []);
  assert.deepEqual(checkBuyer({ buyer_name: "김하나", buyer_email: "hana@example.com", buyer_tel: "+82 10-0000-0000" }), []);
  assert.deepEqual(checkBuyer({ buyer_name: " ", buyer_email: "a@b", buyer_tel: "0".repeat(16) }), [
    { field: "buyer_name", code: "empty" },
    { field: "buyer_email", code: "malformed" },
    { field: "buyer_tel", code: "too_long" },
  ]);
  assert.throws(() => checkBuyer({ buyer_tel: 1 }), { code: "invalid_argument", field: "buyer_tel" });
});

test("a receipt is verified without asking anybody", async () => {
  const session = server.session("paid");
  const checkout = await Checkout.open({ api: server.url, token: session.token });
  const [receipt, keys] = [await checkout.receipt(), await receiptKeys(server.url)];
  const before = server.heard.length;
  const expected = { payment_id: session.payment_id, order_id: session.order_id, amount: 11_000 };
  assert.deepEqual(await verifyReceipt(receipt, keys, expected), server.claims(session));
  assert.deepEqual(await verifyReceipt(receipt, JSON.parse(JSON.stringify(keys))), server.claims(session));
  assert.equal(server.heard.length, before);
});

test("a receipt is of the payment that has taken the session over", async () => {
  const session = server.session("created");
  const checkout = await Checkout.open({ api: server.url, token: session.token });
  const { payment_id: before } = await checkout.load();
  server.takeOver(session);
  server.move(session, "paid");
  const claims = await verifyReceipt(await checkout.receipt(), server.jwks());
  assert.notEqual(claims.payment_id, before);
  assert.equal(claims.payment_id, (await checkout.load()).payment_id);
});

test("a receipt that was changed, or is of something else, is refused", async () => {
  const session = server.session("paid");
  const [claims, keys] = [server.claims(session), server.jwks()];
  const good = server.sign(claims);
  const [header, body, signature] = good.split(".");
  const b64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const other = await Contract.start();
  await other.stop();
  const cases = [
    ["signature", `${header}.${b64({ ...claims, title: "더 비싼 강의" })}.${signature}`],
    ["signature", `${header}.${body}.${signature.slice(0, -8)}AAAAAAAA`],
    ["unbalanced", server.sign({ ...claims, amount: 12_000 })],
    ["malformed", server.sign(claims, { alg: "none" })],
    ["malformed", server.sign(claims, { typ: "JWT" })],
    ["malformed", server.sign({ ...claims, amount: "11000" })],
    ["malformed", `${header}.${body}`],
    ["malformed", "receipt"],
    ["unknown_key", server.sign(claims, { kid: "another" })],
    ["unknown_key", other.sign(claims)],
  ];
  for (const [reason, receipt] of cases) {
    await assert.rejects(verifyReceipt(receipt, keys), { code: "receipt_invalid", reason }, `${reason} ${receipt}`);
  }
  for (const expected of [{ amount: 1 }, { amount: 0 }, { order_id: "ORD-0" }, { payment_id: "pay_0" }]) {
    const refused = verifyReceipt(good, keys, expected);
    await assert.rejects(refused, { code: "receipt_invalid", reason: "another" }, JSON.stringify(expected));
  }
  await assert.rejects(verifyReceipt(good, { keys: [] }), { code: "receipt_invalid", reason: "unknown_key" });
});

test("a receipt has one text", async () => {
  const keys = server.jwks();
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const spare = (text) => text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) ^ 1];
  const standard = (text) => text.replaceAll("-", "+").replaceAll("_", "/");
  // Signatures are random enough that one of a few has a letter in which the alphabets differ.
  const signed = Array.from({ length: 50 }, () => server.sign(server.claims(server.session("paid"))));
  const good = signed.find((receipt) => /[-_]/.test(receipt.split(".")[2]));
  const [header, body, signature] = good.split(".");
  await verifyReceipt(good, keys);
  const others = [
    `${good}==`,
    `${good}\n`,
    ` ${good}`,
    `${good}.x`,
    `${header}.${body}.${standard(signature)}`,
    `${header}.${body}.${signature.slice(0, 5)}\n${signature.slice(5)}`,
    `${header}.${body}.${spare(signature)}`,
    `${header}.${body}.AAAA`,
    `${header}.${body}.`,
    `${header}=.${body}.${signature}`,
    server.sign(server.claims(server.session("paid")), { crit: ["exp"], exp: 1 }),
    server.sign(server.claims(server.session("paid")), { crit: [] }),
  ];
  for (const other of others) {
    assert.notEqual(other, good);
    await assert.rejects(verifyReceipt(other, keys), { code: "receipt_invalid" }, JSON.stringify(other));
  }
});

test("what is no receipt, and what cannot be expected of one, is told", async () => {
  const [keys, good] = [server.jwks(), server.sign(server.claims(server.session("paid")))];
  for (const receipt of [undefined, null, 5, {}, ""]) {
    await assert.rejects(verifyReceipt(receipt, keys), { code: "receipt_invalid", reason: "malformed" });
  }
  for (const nothing of [undefined, null, [], "keys", { keys: "keys" }, { keys: [null, 5] }]) {
    await assert.rejects(verifyReceipt(good, nothing), { code: "receipt_invalid", reason: "unknown_key" });
  }
  const expectations = [{ paymentId: "pay_0" }, { amount: 11_000, order: "ORD-1" }, "ORD-1", 5, { amount: "11000" }, { order_id: 1 }];
  for (const expected of expectations) {
    await assert.rejects(verifyReceipt(good, keys, expected), { code: "invalid_argument" }, JSON.stringify(expected));
  }
  for (const expected of [undefined, null, {}, { amount: undefined }]) await verifyReceipt(good, keys, expected);
});

test("there is no receipt before the money is taken", async () => {
  const checkout = await Checkout.open({ api: server.url, token: server.session("pending").token });
  await assert.rejects(checkout.receipt(), { code: "not_permitted", api_code: "RECEIPT_UNAVAILABLE" });
});

test("an error is an error, with its own name", () => {
  const error = new CheckoutError("network", "away", { retry: true });
  assert.ok(error instanceof Error);
  assert.equal(String(error), "CheckoutError: away");
  assert.deepEqual({ ...error }, {
    name: "CheckoutError",
    code: "network",
    reason: null,
    api_code: null,
    status: null,
    request_id: null,
    field: null,
    retry: true,
  });
});
