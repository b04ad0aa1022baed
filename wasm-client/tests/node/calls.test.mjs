// One call at a time: what is sent, what is read, and what is thrown for each refusal.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { Checkout, CheckoutError, createSession, pay, ready, resume, verifyReceipt } from "../../pkg/inline.js";
import { Contract, refuse } from "../contract.mjs";
import { approves, inPage } from "../page.mjs";

let server;
before(async () => (server = await Contract.start()));
after(() => server.stop());

const open = (session) => Checkout.open({ api: server.url, token: session.token });
const thrown = (code, more = {}) => (error) => {
  assert.ok(error instanceof CheckoutError, String(error));
  assert.equal(error.code, code);
  for (const [name, value] of Object.entries(more)) {
    if (value instanceof RegExp) assert.match(error[name], value);
    else assert.equal(error[name], value, name);
  }
  return true;
};

test("a merchant's backend begins a checkout and makes a link of it", async () => {
  const checkout = await createSession({
    api: `${server.url}/`,
    key: "merchant",
    order_id: "ORD-A",
    buyer_tel: "010-0000-0000",
  });
  assert.match(checkout.session_id, /^ses_[0-9a-f]{32}$/);
  assert.ok(!("payment_id" in checkout), "the token does not say which payment: the session does");
  assert.equal(checkout.expires_at, "2100-01-01T00:00:00.000Z");
  assert.equal(checkout.linkTo("https://shop.example/pay?lang=ko#old"), `https://shop.example/pay?lang=ko#${checkout.token}`);
  assert.deepEqual(server.bodies.at(-1), { order_id: "ORD-A", buyer_tel: "010-0000-0000" });
  const session = await checkout.load();
  assert.equal(session.status, "created");
  assert.equal(session.next, "prepare");
  assert.match(session.payment_id, /^pay_[0-9a-f]{32}$/);
  assert.equal(session.amount, 11_000);
  assert.equal(session.order.lines[0].name, "수채화 강의");
});

test("what JavaScript is given are plain objects and numbers", async () => {
  const session = await (await open(server.session("failed"))).load();
  assert.equal(Object.getPrototypeOf(session), Object.prototype);
  assert.equal(typeof session.amount, "number");
  assert.equal(session.payment.failure.message.en, "The card's limit is exceeded.");
  assert.deepEqual(structuredClone(session), session);
});

test("consents go with the preparation of each payment, and with nothing else", async () => {
  const consents = [{ consent: "purchase", text_hash: "0".repeat(64), version: "2026-11" }];
  const checkout = await open(server.session());
  await checkout.prepare({ method: "card", consents });
  assert.deepEqual(server.bodies.at(-1), { method: "card", consents });
  await assert.rejects(checkout.prepare({ consents: "all" }), thrown("invalid_argument", { field: "consents" }));
  await assert.rejects(checkout.again({ consents }), thrown("invalid_argument", { field: "consents" }));
  const failed = await open(server.session("failed"));
  await inPage("https://shop.example/pay", approves, () => pay(failed, { method: "card", consents, mode: "popup" }));
  const sent = (route) => server.bodies.filter((_, at) => server.heard[at] === route).at(-1);
  assert.equal(sent("POST /api/v1/payments/sessions").consents, undefined);
  assert.deepEqual(sent("POST /api/v1/payments/sessions/:id/prepare"), { consents });
});

test("preparing notes the first choice and refuses another", async () => {
  const checkout = await open(server.session());
  const prepared = await checkout.prepare({ method: "transfer", buyer_name: "김하나" });
  assert.equal(prepared.window.method, "TRANSFER");
  assert.equal(prepared.window.order_id, prepared.payment_id);
  await checkout.prepare({ method: "transfer", buyer_name: "김하나" });
  await checkout.prepare();
  const refused = checkout.prepare({ method: "card" });
  await assert.rejects(refused, thrown("not_permitted", { api_code: "SESSION_PREPARED", status: 409, retry: false }));
  const another = await checkout.again({ method: "card" });
  assert.notEqual(another.session_id, checkout.session_id);
  const next = await another.prepare();
  assert.notEqual(next.payment_id, prepared.payment_id);
  assert.equal(next.window.method, "CARD");
});

test("what the server would refuse of a buyer is not sent", async () => {
  const checkout = await open(server.session());
  const before = server.heard.length;
  const refused = checkout.prepare({ buyer_email: "nobody" });
  await assert.rejects(refused, thrown("invalid_buyer", { field: "buyer_email", reason: "malformed" }));
  assert.equal(server.heard.length, before);
  const errors = [{ field: "buyer_tel", code: "INVALID_VALUE", message: "A telephone number has 8 to 15 digits." }];
  server.fault("POST /api/v1/payments/sessions/:id/prepare", refuse(400, "INVALID_VALUE", { errors }));
  await assert.rejects(checkout.prepare(), thrown("invalid_buyer", { field: "buyer_tel", message: errors[0].message }));
});

test("each refusal is told by what a page does about it", async () => {
  const load = "GET /api/v1/payments/sessions/:id";
  const checkout = await open(server.session());
  for (const [status, code, expected, retry] of [
    [401, "INVALID_CREDENTIALS", "invalid_link", false],
    [401, "TOKEN_EXPIRED", "session_expired", false],
    [409, "SESSION_EXPIRED", "session_expired", false],
    [409, "ORDER_NOT_PAYABLE", "not_permitted", false],
    [422, "MISMATCHED", "mismatched", false],
    [404, "PAYMENT_NOT_FOUND", "api", false],
    [429, "RATE_LIMITED", "api", true],
    [503, "OVERLOADED", "api", true],
    [500, "INTERNAL", "api", true],
  ]) {
    server.fault(load, refuse(status, code));
    const request_id = "req_1";
    await assert.rejects(checkout.load(), thrown(expected, { api_code: code, status, retry, request_id }), code);
  }
});

test("a wrong key is the merchant's own mistake, not a wrong link", async () => {
  const begin = (key, order_id) => createSession({ api: server.url, key, order_id });
  await assert.rejects(begin("nobody", "ORD-B"), thrown("api", { api_code: "INVALID_CREDENTIALS" }));
  await assert.rejects(begin("merchant", "unknown"), thrown("api", { api_code: "ORDER_NOT_FOUND", status: 404 }));
});

test("an answer of something in between is no answer of the server", async () => {
  const checkout = await open(server.session());
  const load = "GET /api/v1/payments/sessions/:id";
  server.fault(load, (response) => response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>"));
  await assert.rejects(checkout.load(), thrown("api", { status: 502, api_code: null, retry: true }));
  server.fault(load, (response) => response.writeHead(200).end("<h1>Log in to the network</h1>"));
  await assert.rejects(checkout.load(), thrown("network", { retry: true }));
  server.fault(load, (response) => response.writeHead(302, { location: "/elsewhere" }).end());
  await assert.rejects(checkout.load(), thrown("network"));
});

test("a status of a newer server is not guessed at, and its word for what is next is not taken", async () => {
  const checkout = await open(server.session());
  const load = "GET /api/v1/payments/sessions/:id";
  const answer = async (change) => {
    const view = await checkout.load();
    server.fault(load, (response) => response.writeHead(200).end(JSON.stringify({ ...view, ...change })));
    return checkout.load();
  };
  await assert.rejects(answer({ status: "half_paid" }), thrown("unsupported", { reason: "status" }));
  for (const amount of ["11000", 1.5, -1, 2 ** 53, null]) {
    await assert.rejects(answer({ amount }), thrown("unsupported", { reason: "amount" }), String(amount));
  }
  assert.equal((await answer({ status: "paid", next: "open_window" })).next, "nothing");
});

test("nobody there is a network failure that may be tried again", async () => {
  const checkout = await Checkout.open({ api: "http://127.0.0.1:1", token: server.session().token });
  await assert.rejects(checkout.load(), thrown("network", { retry: true, status: null }));
  server.fault("GET /api/v1/payments/sessions/:id", "drop");
  await assert.rejects((await open(server.session())).load(), thrown("network"));
});

test("a signal ends a call, before it is sent and while it waits", async () => {
  const checkout = await open(server.session());
  const before = server.heard.length;
  const reason = new Error("the dialog was closed");
  const early = checkout.load({ signal: AbortSignal.abort(reason) });
  await assert.rejects(early, thrown("aborted", { cause: reason, retry: false }));
  assert.equal(server.heard.length, before);
  const controller = new AbortController();
  const gone = new Promise((resolve) => {
    server.fault("GET /api/v1/payments/sessions/:id", (response) => {
      response.on("close", resolve);
      controller.abort();
    });
  });
  await assert.rejects(checkout.load({ signal: controller.signal }), thrown("aborted"));
  await gone;
});

test("a token that was cut off is refused before anything is sent", async () => {
  for (const token of ["", "ses_", "ses_1.2.3", server.session().token.slice(0, 40), "eyJhbGciOi"]) {
    await assert.rejects(Checkout.open({ api: server.url, token }), thrown("invalid_link"), token);
  }
});

test("a session is begun once for an idempotency key", async () => {
  await createSession({ api: server.url, key: "merchant", order_id: "ORD-I", idempotency_key: "order-i-1" });
  assert.deepEqual(server.bodies.at(-1), { order_id: "ORD-I", idempotency_key: "order-i-1" });
});

/** Is told of a wrong argument by its name, and sends nothing. */
async function wrong(field, message, call) {
  const before = server.heard.length;
  await assert.rejects(async () => call(), thrown("invalid_argument", { field, retry: false }), field);
  await assert.rejects(async () => call(), { message }, field);
  assert.equal(server.heard.length, before, field);
}

test("an option that there is not is named, with the one that was meant", async () => {
  const checkout = await open(server.session());
  const [api, key, order_id] = [server.url, "merchant", "ORD-W"];
  await wrong("redirectUrl", /^createSession has no option `redirectUrl`; did you mean `redirect_url`\?$/, () => createSession({ api, key, order_id, redirectUrl: "/pay" }));
  await wrong("buyer_nmae", /did you mean `buyer_name`/, () => createSession({ api, key, order_id, buyer_nmae: "김하나" }));
  await wrong("orderId", /did you mean `order_id`/, () => createSession({ api, key, orderId: "ORD-W" }));
  await wrong("amount", /it has method, /, () => createSession({ api, key, order_id, amount: 1 }));
  await wrong("apiUrl", /did you mean `api`/, () => Checkout.open({ apiUrl: api, token: checkout.token }));
  await wrong("Api", /did you mean `api`/, () => Checkout.fromUrl("/pay", { Api: api }));
  await wrong("signall", /did you mean `signal`/, () => checkout.load({ signall: undefined }));
  await wrong("bank", /it has method/, () => checkout.prepare({ bank: "04" }));
  await wrong("signal", /^prepare has no option `signal`; it has method/, () => checkout.prepare({ signal: AbortSignal.abort() }));
  await wrong("returnURL", /did you mean `returnUrl`/, () => checkout.openWindow({}, { returnURL: "/pay" }));
  await wrong("onchange", /did you mean `onChange`/, () => checkout.settle({ onchange() {} }));
  await wrong("retry", /it has signal/, () => checkout.confirm({}, { retry: 3 }));
  await wrong("onApprove", /did you mean `onApproved`/, () => pay(checkout, { onApprove() {} }));
  await wrong("method", /^resume has no option/, () => resume(checkout, { method: "card" }));
  await wrong("paymentId", /did you mean `payment_id`/, () => verifyReceipt("", { keys: [] }, { paymentId: "pay_0" }));
  await wrong("modul", /did you mean `module`/, () => ready({ modul: new Uint8Array() }));
});

test("every option of a session that the declarations name is taken", async () => {
  const declared = readFileSync(new URL("../../pkg/index.d.ts", import.meta.url), "utf8");
  const members = (name) => [...declared.match(new RegExp(`interface ${name} [^{]*\\{\\n([\\s\\S]*?)\\n\\}`))[1].matchAll(/^  (\w+)\??:/gm)];
  const names = ["NewSession", "Choice", "Buyer", "Waiting"].flatMap(members).map(([, name]) => name);
  assert.ok(names.includes("failure_redirect_url") && names.includes("signal"));
  const refused = await createSession({ unlike_any_of_them: 1 }).catch((error) => error);
  const [, known] = refused.message.match(/; it has (.*)$/);
  assert.deepEqual(known.split(", ").sort(), names.sort());
});

test("every word of a choice that the declarations name is taken", async () => {
  const declared = readFileSync(new URL("../../pkg/index.d.ts", import.meta.url), "utf8");
  const checkout = await open(server.session());
  const words = (type) => declared.match(new RegExp(`type ${type} =([^;]*);`))[1].match(/\w+/g);
  for (const [name, type] of [["method", "Method"], ["easy_pay", "EasyPay"], ["installments", "Installments"], ["consents", "ConsentName"]]) {
    const wrong = name === "consents" ? [{ consent: "-" }] : "-";
    const refused = await checkout.prepare({ [name]: wrong }).catch((error) => error);
    const [, known] = refused.message.match(/and only (.*) are known\.$/);
    assert.deepEqual(known.split(", "), words(type), name);
  }
});

test("an argument that is not what it has to be is named", async () => {
  const checkout = await open(server.session());
  const [api, key, order_id] = [server.url, "merchant", "ORD-W"];
  await wrong("key", /^createSession takes a `key`/, () => createSession());
  await wrong("key", /^createSession takes a `key`/, () => createSession({ api, key: 1, order_id }));
  await wrong("order_id", /^createSession takes a `order_id`/, () => createSession({ api, key }));
  await wrong("buyer_tel", /^`buyer_tel` is missing or/, () => createSession({ api, key, order_id, buyer_tel: 1 }));
  await wrong("method", /^`method` has "cash", and only card, transfer, mobile are known\.$/, () => checkout.prepare({ method: "cash" }));
  await wrong("method", /only card/, () => checkout.again({ method: "virtual_account" }));
  await wrong("method", /only card/, () => createSession({ api, key, order_id, method: "" }));
  await wrong("easy_pay", /^`easy_pay` has "foo", and only tosspay, kakaopay, /, () => checkout.prepare({ easy_pay: "foo" }));
  await wrong("installments", /^`installments` has "1", and only 0, 2, 3, /, () => checkout.prepare({ installments: 1 }));
  await wrong("installments", /only 0, 2/, () => pay(checkout, { installments: 13 }));
  await wrong("installments", /only 0, 2/, () => checkout.prepare({ installments: "3" }));
  const text_hash = "0".repeat(64);
  await wrong("consents", /^`consents` has "marketing", and only purchase, personal_data are known\.$/, () => checkout.prepare({ consents: [{ consent: "marketing", text_hash }] }));
  await wrong("consents", /only purchase/, () => checkout.prepare({ consents: ["purchase"] }));
  await wrong("signal", /the `signal` of an AbortController/, () => checkout.load({ signal: new AbortController() }));
  await wrong("url", /is an address/, () => checkout.linkTo());
  await wrong("url", /is an address/, () => checkout.linkTo(null));
  await wrong("payment_key", /^`payment_key` is missing/, () => checkout.confirm());
  await wrong("amount", /^`amount` is missing/, () => checkout.verify({ payment_key: "k", order_id: "o", amount: "11000" }));
  await wrong("mode", /has to be text/, () => checkout.openWindow({}, { mode: 5 }));
  await wrong("mode", /"redirect" or "popup"/, () => checkout.openWindow({}, { mode: "modal" }));
  await wrong("returnUrl", /no address of a page/, () => checkout.openWindow({}, { returnUrl: "/pay" }));
  await wrong("onChange", /has to be a function/, () => pay(checkout, { onChange: 5 }));
  await wrong("checkout", /^pay takes a Checkout/, () => pay(checkout.token));
  await wrong("checkout", /^resume takes a Checkout/, () => resume());
  await wrong("options", /^load takes its options as an object/, () => checkout.load("now"));
  await wrong("checkout", /^Checkouts are opened/, () => new Checkout());
  await wrong("status", /is missing or/, () => checkout.openWindow({}));
});

test("a server without a scheme, or with more than its address, is named", async () => {
  const begin = (api) => () => createSession({ api, key: "merchant", order_id: "ORD-W" });
  for (const api of ["pay.example", "localhost:8080", "//pay.example", "/api", "", "ftp://pay.example", 5]) {
    await wrong("api", /begins with https:\/\/ or http:\/\//, begin(api));
  }
  for (const api of ["https://key:secret@pay.example", "https://pay.example?x=1", "https://pay.example#x"]) {
    await wrong("api", /leave out user, query and fragment/, begin(api));
  }
  await wrong("api", /^Outside a page the server has to be named/, begin(undefined));
  await assert.rejects(begin("user:secret@pay.example")(), (error) => !error.message.includes("secret"));
});

test("a page without a token is told so", async () => {
  const nothing = await Checkout.fromUrl("https://shop.example/pay", { api: server.url });
  for (const call of [pay, resume]) {
    await assert.rejects(call(nothing), thrown("invalid_link", { message: /^There is nothing to .*: the address has no token/ }));
  }
  for (const options of [undefined, {}, { api: server.url }, { api: server.url, token: null }, { api: server.url, token: 5 }]) {
    await assert.rejects(Checkout.open(options), thrown("invalid_link"));
  }
});

test("outside a page nothing is prepared for a window that cannot open", async () => {
  const checkout = await open(server.session());
  const before = server.heard.length;
  await assert.rejects(pay(checkout), thrown("unsupported", { retry: false }));
  await assert.rejects(pay(checkout, { mode: "popup" }), thrown("unsupported"));
  assert.equal(server.heard.length, before);
});

test("the gateway's window needs a page", async () => {
  const checkout = await open(server.session());
  const prepared = await checkout.prepare();
  await assert.rejects(checkout.openWindow(prepared, { mode: "popup" }), thrown("unsupported"));
  const unknown = { ...prepared, provider: "OTHER" };
  await assert.rejects(checkout.openWindow(unknown, { mode: "popup" }), thrown("unsupported", { retry: false }));
});
