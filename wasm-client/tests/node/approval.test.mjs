// From an approval to its confirmation: it is not thrown away, and the form is not shown meanwhile.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Checkout, pay, resume } from "../../pkg/inline.js";
import { also, Contract, refuse } from "../contract.mjs";
import { approves, inPage } from "../page.mjs";
import { waits } from "./time.mjs";

const LOAD = "GET /api/v1/payments/sessions/:id";
const PREPARE = "POST /api/v1/payments/sessions/:id/prepare";
const CONFIRM = "POST /api/v1/payments/confirm";

let server;
before(async () => (server = await Contract.start()));
after(() => server.stop());
beforeEach(() => {
  server.calm();
  server.heard.length = 0;
  server.confirmed = "paid";
});

const open = (session) => Checkout.open({ api: server.url, token: session.token });
const clean = (session) => `https://shop.example/pay?lang=ko#${session.token}`;
const brought = (session, query) => clean(session).replace("#", `&${new URLSearchParams(query)}#`);
const approved = (session, more = {}) =>
  brought(session, { paymentKey: "tgen_1", orderId: session.payment_id, amount: session.amount, ...more });

/** What `onChange` was told, in words. */
function told() {
  const said = [];
  const onChange = (session, connection) => said.push(`${session?.status ?? null} ${connection}`);
  return { said, onChange };
}

/** Goes on in a page at this address: how it ends, and the address then. */
async function goOn(session, href, options = {}) {
  let outcome;
  const address = await inPage(href, approves, () =>
    waits(async () => {
      outcome = await resume(await open(session), options).then(
        ({ status }) => status,
        (error) => error,
      );
    }),
  );
  return { outcome, address };
}

test("while the money is being taken, that it could be is no news", async () => {
  const session = server.session("prepared");
  server.fault(CONFIRM, "drop");
  server.fault(CONFIRM, refuse(503, "OVERLOADED"));
  server.fault(CONFIRM, refuse(429, "RATE_LIMITED"));
  server.confirmed = "pending";
  for (let times = 0; times < 4; times += 1) server.fault(LOAD, also());
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(session, "paid")));
  const { said, onChange } = told();
  const { outcome } = await goOn(session, approved(session), { onChange });
  assert.equal(outcome, "paid");
  assert.equal(server.count(CONFIRM), 4);
  assert.deepEqual(said, [
    "null offline",
    "null online",
    "null busy",
    "pending online",
    "paid online",
  ]);
});

test("without an approval it is news", async () => {
  const session = server.session("prepared");
  const { said, onChange } = told();
  const closed = brought(session, { code: "PAY_PROCESS_CANCELED", message: "취소" });
  const { outcome, address } = await goOn(session, closed, { onChange });
  assert.equal(outcome.code, "window_closed");
  assert.deepEqual(said, ["prepared online"]);
  assert.equal(address, clean(session), "a refusal has been dealt with");
});

test("a page is told of the approval when confirming begins, and not of the form again", async () => {
  const session = server.session();
  const { said, onChange } = told();
  server.fault(CONFIRM, "drop");
  await inPage(clean(session), approves, () =>
    waits(async () => {
      const checkout = await open(session);
      const onApproved = (approved) => said.push(approved);
      const paid = await pay(checkout, { mode: "popup", method: "card", onApproved, onChange });
      assert.equal(paid.status, "paid");
    }),
  );
  const approval = { payment_key: "tgen_1", order_id: session.payment_id, amount: 11_000 };
  assert.deepEqual(said, [approval, "null offline", "null online", "paid online"]);
  assert.deepEqual(server.heard, [PREPARE, CONFIRM, LOAD, CONFIRM, LOAD]);
});

test("a window that approves something else is no approval", async () => {
  const session = server.session();
  const other = async (asked) => ({ ...(await approves(asked)), amount: { value: 100 } });
  await inPage(clean(session), other, async () => {
    const onApproved = () => assert.fail("nothing to confirm was approved");
    const paid = pay(await open(session), { mode: "popup", onApproved });
    await assert.rejects(paid, { code: "mismatched", reason: "amount" });
  });
  assert.equal(server.count(CONFIRM), 0);
});

test("an approval stays in the address for as long as the payment is not decided", async () => {
  const html = (response) => response.writeHead(403, { "content-type": "text/html" }).end("<h1>Blocked</h1>");
  for (const [route, what, code] of [
    [CONFIRM, html, "api"],
    [LOAD, html, "api"],
    [CONFIRM, refuse(409, "ORDER_NOT_PAYABLE"), "not_permitted"],
    [CONFIRM, refuse(404, "PAYMENT_NOT_FOUND"), "api"],
    [LOAD, refuse(401, "INVALID_CREDENTIALS"), "invalid_link"],
  ]) {
    const session = server.session("prepared");
    server.fault(route, what);
    const first = await goOn(session, approved(session));
    assert.equal(first.outcome.code, code);
    assert.equal(first.address, approved(session), code);
    const second = await goOn(session, first.address);
    assert.deepEqual(second, { outcome: "paid", address: clean(session) }, "a refresh has paid");
  }
});

test("a refusal that an earlier payment left is passed over, and taken out", async () => {
  const session = server.session("prepared");
  const left = { code: "REJECT_CARD_COMPANY", message: "no", orderId: server.session().payment_id };
  const { outcome, address } = await goOn(session, brought(session, left));
  assert.equal(outcome, "prepared");
  assert.equal(address, clean(session));
  const { outcome: own } = await goOn(session, brought(session, { ...left, orderId: session.payment_id }));
  assert.equal(own.code, "window_refused");
});

test("a payment that ended otherwise meanwhile is shown as it ended", async () => {
  const session = server.session("prepared");
  server.fault(CONFIRM, (response) => {
    server.move(session, "canceled");
    refuse(409, "PAYMENT_NOT_PERMITTED")(response);
  });
  assert.deepEqual(await goOn(session, approved(session)), { outcome: "canceled", address: clean(session) });
});

test("another payment of the order that is being made is waited for", async () => {
  const busy = refuse(409, "ORDER_PAYMENT_IN_PROGRESS");
  const first = server.session("prepared");
  for (let times = 0; times < 3; times += 1) server.fault(CONFIRM, busy);
  const { said, onChange } = told();
  const paid = await goOn(first, approved(first), { onChange });
  assert.deepEqual(paid, { outcome: "paid", address: clean(first) }, "the other has failed: this one pays");
  assert.equal(server.count(CONFIRM), 4);
  assert.deepEqual(said, ["null queued", "paid online"]);

  const second = server.session("prepared");
  server.fault(CONFIRM, busy);
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(second, "paid_by_another")));
  const other = await goOn(second, approved(second));
  assert.deepEqual(other, { outcome: "paid_by_another", address: clean(second) });
});

test("waiting for another payment ends with the signal, and the approval stays", async () => {
  const session = server.session("prepared");
  const controller = new AbortController();
  server.fault(CONFIRM, (response) => {
    refuse(409, "ORDER_PAYMENT_IN_PROGRESS")(response);
    server.fault(LOAD, also(() => controller.abort()));
    server.fault(LOAD, also());
  });
  server.fault(LOAD, also());
  const { outcome, address } = await goOn(session, approved(session), { signal: controller.signal });
  assert.equal(outcome.code, "aborted");
  assert.equal(address, approved(session));
});

test("another call of the same payment that is under way is waited for", async () => {
  const session = server.session("prepared");
  server.fault(LOAD, also());
  server.fault(LOAD, also());
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(session, "paid")));
  server.fault(CONFIRM, (response) => {
    server.move(session, "unknown");
    refuse(409, "OPERATION_IN_FLIGHT")(response);
  });
  const { said, onChange } = told();
  const { outcome } = await goOn(session, approved(session), { onChange });
  assert.equal(outcome, "paid");
  assert.equal(server.count(CONFIRM), 1);
  assert.deepEqual(said, ["unknown online", "paid online"]);
});

test("what cannot be confirmed any more is shown as it stands, whatever the address says", async () => {
  for (const status of ["paid", "failed", "in_review"]) {
    const session = server.session(status);
    const gone = await goOn(session, approved(session, { amount: 1 }));
    assert.deepEqual(gone, { outcome: status, address: clean(session) });
  }
  const session = server.session("pending");
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(session, "paid")));
  assert.equal((await goOn(session, approved(session, { amount: 1 }))).outcome, "paid");
  assert.equal(server.count(CONFIRM), 0);
});

test("an approval of another amount is taken out of the address, unconfirmed", async () => {
  const session = server.session("prepared");
  const { outcome, address } = await goOn(session, approved(session, { amount: 1 }));
  assert.equal(outcome.code, "mismatched");
  assert.equal(address, clean(session));
  assert.equal(server.count(CONFIRM), 0);
});

test("a permanent failure is told once, and asked again until the signal ends it", async () => {
  const session = server.session("prepared");
  for (let times = 0; times < 9; times += 1) server.fault(CONFIRM, refuse(500, "INTERNAL"));
  const controller = new AbortController();
  const { said, onChange } = told();
  server.fault(CONFIRM, (response) => {
    controller.abort();
    response.destroy();
  });
  for (let times = 0; times < 9; times += 1) server.fault(LOAD, refuse(500, "INTERNAL"));
  const { outcome, address } = await goOn(session, approved(session), { onChange, signal: controller.signal });
  assert.equal(outcome.code, "aborted");
  assert.equal(address, approved(session));
  assert.equal(server.count(CONFIRM), 10);
  assert.deepEqual(said, ["null busy"]);
});
