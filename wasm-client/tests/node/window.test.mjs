// What a gateway's script throws: the gateway's words for the buyer, and mistakes that are nobody's words.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Checkout, CheckoutError } from "../../pkg/inline.js";
import { Contract } from "../contract.mjs";
import { approves, inPage } from "../page.mjs";

let server;
before(async () => (server = await Contract.start()));
after(() => server.stop());

/** What opening a window comes to whose requestPayment is this. */
async function opened(requestPayment, change = () => {}) {
  const session = server.session();
  let outcome;
  await inPage(`https://shop.example/pay#${session.token}`, requestPayment, async () => {
    change();
    const checkout = await Checkout.open({ api: server.url, token: session.token });
    const opening = checkout.openWindow(await checkout.prepare(), { mode: "popup" });
    outcome = await opening.catch((error) => error);
  });
  return outcome;
}

const coded = (code) => Object.assign(new Error(`${code}.`), { code });

test("the gateway's words about the window are for the buyer", async () => {
  for (const [code, expected] of [
    ["USER_CANCEL", "window_closed"],
    ["PAY_PROCESS_CANCELED", "window_closed"],
    ["PAY_PROCESS_ABORTED", "window_refused"],
    ["REJECT_CARD_COMPANY", "window_refused"],
    ["INVALID_CARD_EXPIRATION", "window_refused"],
    ["POPUP_BLOCKED", "popup_blocked"],
  ]) {
    const error = await opened(() => Promise.reject(coded(code)));
    assert.ok(error instanceof CheckoutError, code);
    assert.deepEqual([error.code, error.reason, error.message], [expected, code, `${code}.`]);
  }
});

test("how the script was called is no word of the gateway's", async () => {
  const codes = ["INVALID_CLIENT_KEY", "INVALID_PARAMETERS", "NOT_SUPPORTED_METHOD", "INCORRECT_FAIL_URL_FORMAT", "UNAUTHORIZED_KEY"];
  for (const code of codes) {
    for (const fails of [() => Promise.reject(coded(code)), () => { throw coded(code); }]) {
      const error = await opened(fails);
      assert.ok(error instanceof CheckoutError, code);
      assert.deepEqual([error.code, error.reason, error.retry], ["unsupported", code, false]);
      assert.equal(error.cause.code, code);
      assert.equal(error.message, `The gateway's script refuses how it is called: ${code}`);
    }
  }
});

test("what is thrown without a code is a mistake, and is passed on as the cause", async () => {
  const mistake = new TypeError("undefined is not a function");
  const cases = [
    [() => Promise.reject(mistake)],
    [() => { throw mistake; }],
    [() => Promise.reject(new DOMException("gone", "AbortError"))],
    [() => Promise.reject("a text")],
    [approves, () => (globalThis.TossPayments = () => ({}))],
    [approves, () => (globalThis.TossPayments = {})],
    [() => "no promise"],
  ];
  for (const [requestPayment, change] of cases) {
    const error = await opened(requestPayment, change);
    assert.ok(error instanceof CheckoutError, String(error));
    assert.equal(error.code, "unsupported");
    assert.notEqual(error.cause, undefined);
  }
  assert.equal((await opened(() => Promise.reject(mistake))).cause, mistake);
});

test("a tab that has lost the fragment finds its checkout by the payment that the window was opened for", async () => {
  const kept = new Map();
  const storage = { setItem: (name, text) => kept.set(name, text), getItem: (name) => kept.get(name) ?? null };
  Object.defineProperty(globalThis, "sessionStorage", { value: storage, configurable: true });
  try {
    const [session, other] = [server.session(), server.session()];
    for (const { token } of [session, other]) {
      const page = `https://shop.example/pay#${token}`;
      await inPage(page, approves, async () => {
        const checkout = await Checkout.open({ api: server.url, token });
        await checkout.openWindow(await checkout.prepare(), { mode: "popup" });
      });
    }
    const back = (orderId) => `https://shop.example/pay?paymentKey=tgen_1&orderId=${orderId}&amount=11000`;
    const found = async (orderId) => (await Checkout.fromUrl(back(orderId), { api: server.url }))?.session_id;
    assert.equal(await found(session.payment_id), session.session_id);
    assert.equal(await found(other.payment_id), other.session_id);
    assert.equal(await found(session.session_id.replace("ses_", "pay_")), undefined, "a session's digits are no payment's");
  } finally {
    delete globalThis.sessionStorage;
  }
});

test("the script is asked for the wallet or the months that were chosen, and for nothing else", async () => {
  const asked = async (choice) => {
    const session = server.session();
    let card;
    const asks = async (request) => {
      ({ card } = request);
      return approves(request);
    };
    await inPage(`https://shop.example/pay#${session.token}`, asks, async () => {
      const checkout = await Checkout.open({ api: server.url, token: session.token });
      await checkout.openWindow(await checkout.prepare(choice), { mode: "popup" });
    });
    return card;
  };
  assert.deepEqual(await asked({ method: "card", easy_pay: "kakaopay" }), { flowMode: "DIRECT", easyPay: "KAKAOPAY" });
  assert.deepEqual(await asked({ installments: 3 }), { flowMode: "DEFAULT", cardInstallmentPlan: 3 });
  assert.deepEqual(await asked({ installments: 0 }), { flowMode: "DEFAULT", cardInstallmentPlan: 0 });
  assert.equal(await asked({ method: "card" }), undefined, "the SDK takes no null");
});

test("instalments are a whole number", async () => {
  const checkout = await Checkout.open({ api: server.url, token: server.session().token });
  for (const installments of ["3", 2.5, -1]) {
    const error = await checkout.prepare({ installments }).catch((thrown) => thrown);
    assert.deepEqual([error.code, error.field], ["invalid_argument", "installments"]);
  }
});

test("an approval that cannot be read is none", async () => {
  for (const answer of [undefined, {}, { paymentKey: "k", orderId: "o" }, { paymentKey: "k", orderId: "o", amount: { value: 1.5 } }]) {
    const error = await opened(async () => answer);
    assert.ok(error instanceof CheckoutError, String(error));
    assert.equal(error.code, "unsupported");
  }
});
