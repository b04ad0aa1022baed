// Answers that are lost, late, or do not come: nothing is confirmed twice, nothing is given up.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Checkout, pay, resume } from "../../pkg/inline.js";
import { also, Contract, refuse } from "../contract.mjs";
import { approves, inPage } from "../page.mjs";
import { waits } from "./time.mjs";

const LOAD = "GET /api/v1/payments/sessions/:id";
const BEGIN = "POST /api/v1/payments/sessions";
const PREPARE = "POST /api/v1/payments/sessions/:id/prepare";
const CONFIRM = "POST /api/v1/payments/confirm";
const VERIFY = "POST /api/v1/payments/verify";

let server;
before(async () => (server = await Contract.start()));
after(() => server.stop());
beforeEach(() => {
  server.heard.length = 0;
  server.confirmed = "paid";
});

const open = (session) => Checkout.open({ api: server.url, token: session.token });
const approval = (session, more = {}) => ({
  payment_key: "tgen_1",
  order_id: session.payment_id,
  amount: session.amount,
  ...more,
});
const address = (session, query) => `https://shop.example/pay?lang=ko&${new URLSearchParams(query)}#${session.token}`;
const approved = (session, more = {}) =>
  address(session, { paymentKey: "tgen_1", orderId: session.payment_id, amount: session.amount, ...more });

test("a confirmation whose answer is lost is not sent again where it has arrived", async () => {
  const session = server.session("prepared");
  server.fault(CONFIRM, "drop after");
  await waits(async () => {
    const confirmed = await (await open(session)).confirm(approval(session));
    assert.equal(confirmed.status, "paid");
  });
  assert.equal(server.count(CONFIRM), 1);
});

test("a confirmation that arrived and is still going on is waited for, not repeated", async () => {
  server.confirmed = "pending";
  const session = server.session("prepared");
  server.fault(CONFIRM, "drop after");
  await waits(async () => {
    const confirmed = await (await open(session)).confirm(approval(session));
    assert.equal(confirmed.next, "wait");
  });
  assert.deepEqual(server.heard, [CONFIRM, LOAD]);
});

test("a confirmation that never arrived is sent again, when the server wants it", async () => {
  const session = server.session("prepared");
  server.fault(CONFIRM, "drop");
  server.fault(CONFIRM, refuse(503, "OVERLOADED", { headers: { "retry-after": "7" } }));
  const asked = await waits(async () => {
    assert.equal((await (await open(session)).confirm(approval(session))).status, "paid");
  });
  assert.deepEqual(server.heard, [CONFIRM, LOAD, CONFIRM, LOAD, CONFIRM, LOAD]);
  assert.equal(asked[1], 7_000);
});

test("while the server is away the session is asked for, and nothing is confirmed blindly", async () => {
  const session = server.session("prepared");
  server.fault(CONFIRM, "drop after");
  for (let times = 0; times < 4; times += 1) server.fault(LOAD, "drop");
  await waits(async () => {
    assert.equal((await (await open(session)).confirm(approval(session))).status, "paid");
  });
  assert.deepEqual(server.heard, [CONFIRM, LOAD, LOAD, LOAD, LOAD, LOAD]);
});

test("a refusal of the confirmation is final", async () => {
  const session = server.session("prepared");
  const wrong = (await open(session)).confirm(approval(session, { amount: 1 }));
  await assert.rejects(wrong, { code: "mismatched", api_code: "MISMATCHED" });
  assert.deepEqual(server.heard, [CONFIRM]);
});

test("what is brought back is compared before anything is sent", async () => {
  const session = server.session("prepared");
  const checkout = await open(session);
  for (const [more, reason] of [
    [{ amount: 10_999 }, "amount"],
    [{ order_id: "pay_00000000000000000000000000000fff" }, "order_id"],
    [{ payment_key: "결제 키" }, "payment_key"],
  ]) {
    await assert.rejects(checkout.verify(approval(session, more)), { code: "mismatched", reason });
  }
  assert.equal(server.count(VERIFY), 0);
  assert.equal((await checkout.verify(approval(session))).payment_id, session.payment_id);
  assert.equal(session.status, "prepared", "nothing has moved");
});

test("a comparison that the server did not hear is asked again", async () => {
  const session = server.session("prepared");
  server.fault(VERIFY, "drop");
  server.fault(VERIFY, refuse(503, "STOPPING"));
  await waits(async () => (await open(session)).verify(approval(session)));
  assert.equal(server.count(VERIFY), 3);
});

test("a payment is asked for less and less often, and only what changes is told", async () => {
  const session = server.session("pending");
  for (let times = 0; times < 8; times += 1) server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(session, "paid")));
  const told = [];
  const asked = await waits(async () => {
    const onChange = (seen, connection) => told.push(`${seen.status} ${connection}`);
    assert.equal((await (await open(session)).settle({ onChange })).status, "paid");
  });
  const middles = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];
  assert.equal(asked.length, middles.length);
  for (const [at, middle] of middles.entries()) {
    assert.ok(Math.abs(asked[at] - middle) <= middle / 4, `wait ${at} was ${asked[at]} ms, not about ${middle}`);
  }
  assert.deepEqual(told, ["pending online", "paid online"]);
});

test("being offline or busy is told once, and so is being back", async () => {
  const session = server.session("unknown");
  server.fault(LOAD, "drop");
  server.fault(LOAD, also());
  server.fault(LOAD, "drop");
  server.fault(LOAD, "drop");
  server.fault(LOAD, refuse(503, "STOPPING"));
  server.fault(LOAD, refuse(429, "RATE_LIMITED"));
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(session, "failed")));
  const told = [];
  await waits(async () => {
    const onChange = (seen, connection) => told.push(`${seen?.status ?? null} ${connection}`);
    const settled = await (await open(session)).settle({ onChange });
    assert.equal(settled.payment.failure.retry, "other_method");
  });
  assert.deepEqual(told, [
    "null offline",
    "unknown online",
    "unknown offline",
    "unknown busy",
    "unknown online",
    "failed online",
  ]);
});

test("what is not waited for is no reason to ask twice", async () => {
  for (const status of ["created", "prepared", "awaiting_deposit", "authorized", "paid", "in_review"]) {
    server.heard.length = 0;
    assert.equal((await (await open(server.session(status))).settle()).status, status);
    assert.deepEqual(server.heard, [LOAD]);
  }
});

test("a link that has ended ends the waiting", async () => {
  const session = server.session("pending");
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => (session.ended = true)));
  await waits(async () => {
    await assert.rejects((await open(session)).settle(), { code: "session_expired", api_code: "TOKEN_EXPIRED" });
  });
});

test("a signal ends the waiting between two questions", async () => {
  const session = server.session("pending");
  const controller = new AbortController();
  const checkout = await open(session);
  const settled = checkout.settle({ onChange: () => controller.abort(), signal: controller.signal });
  await assert.rejects(settled, { code: "aborted" });
  assert.deepEqual(server.heard, [LOAD]);
});

test("what a listener throws ends the call it was passed to", async () => {
  const mistake = new Error("a bug of the page");
  const onChange = () => {
    throw mistake;
  };
  await assert.rejects((await open(server.session("pending"))).settle({ onChange }), mistake);
});

test("a return is confirmed and waited for, wherever it is opened", async () => {
  server.confirmed = "pending";
  const session = server.session("prepared");
  server.fault(LOAD, also());
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(session, "paid")));
  await waits(async () => {
    const url = approved(session);
    const checkout = await Checkout.fromUrl(url, { api: server.url });
    assert.equal((await resume(checkout, { url })).status, "paid");
  });
  assert.deepEqual(server.heard, [LOAD, CONFIRM, LOAD, LOAD]);
  assert.deepEqual(server.bodies.at(-3), approval(session));
});

test("a return that was dealt with already, here or in another tab, sends nothing", async () => {
  const session = server.session("paid");
  assert.equal((await resume(await open(session), { url: approved(session) })).status, "paid");
  const waiting = server.session("pending");
  server.fault(LOAD, also());
  server.fault(LOAD, also(() => server.move(waiting, "paid")));
  await waits(async () => {
    assert.equal((await resume(await open(waiting), { url: approved(waiting) })).status, "paid");
  });
  assert.equal(server.count(CONFIRM), 0);
});

test("an amount that was tampered with is not confirmed", async () => {
  const session = server.session("prepared");
  const url = approved(session, { amount: 100 });
  await assert.rejects(resume(await open(session), { url }), { code: "mismatched", reason: "amount" });
  assert.deepEqual(server.heard, [LOAD]);
  assert.equal(session.status, "prepared");
});

test("an approval of the payment before is not confirmed once another has taken the session over", async () => {
  const session = server.session("prepared");
  const [url, brought] = [approved(session), approval(session)];
  server.takeOver(session);
  const checkout = await open(session);
  for (const goesOn of [() => resume(checkout, { url }), () => checkout.verify(brought)]) {
    await assert.rejects(goesOn(), { code: "mismatched", reason: "order_id" });
  }
  assert.deepEqual(server.heard, [LOAD, LOAD]);
  await checkout.prepare();
  assert.equal((await resume(checkout, { url: approved(session) })).payment_id, session.payment_id);
  assert.equal(session.status, "paid");
});

test("a buyer who comes back without an approval can try again", async () => {
  const session = server.session("prepared");
  const back = async (query) => resume(await open(session), { url: address(session, query) });
  const closed = { code: "PAY_PROCESS_CANCELED", message: "사용자가 취소했습니다." };
  await assert.rejects(back(closed), { code: "window_closed", message: closed.message, retry: true });
  const refused = { code: "REJECT_CARD_COMPANY", message: "카드사가 거절했습니다.", orderId: "pay_1" };
  await assert.rejects(back(refused), { code: "window_refused", reason: refused.code, message: refused.message });
  server.move(session, "paid");
  assert.equal((await back(refused)).status, "paid", "it was paid in another tab meanwhile");
});

test("without a return the session is as it is, or waited for", async () => {
  const session = server.session("created");
  assert.equal((await resume(await open(session), { url: "https://shop.example/pay" })).status, "created");
  server.fault(LOAD, "drop");
  await assert.rejects(resume(await open(session), { url: "https://shop.example/pay" }), { code: "network" });
});

test("coming back without a network waits for it", async () => {
  const session = server.session("prepared");
  server.fault(LOAD, "drop");
  server.fault(LOAD, "drop");
  const told = [];
  await waits(async () => {
    const onChange = (seen, connection) => told.push(`${seen?.status ?? null} ${connection}`);
    assert.equal((await resume(await open(session), { url: approved(session), onChange })).status, "paid");
  });
  assert.deepEqual(told, ["null offline", "null online", "paid online"]);
});

test("paying what has ended or is under way says how it stands", async () => {
  const paid = async (session) => (await pay(await open(session))).status;
  await inPage("https://shop.example/pay", () => assert.fail("no window opens"), async () => {
    for (const status of ["paid", "authorized", "in_review", "awaiting_deposit", "paid_by_another"]) {
      assert.equal(await paid(server.session(status)), status);
    }
    const session = server.session("unknown");
    server.fault(LOAD, also());
    server.fault(LOAD, also());
    server.fault(LOAD, also(() => server.move(session, "paid")));
    await waits(async () => assert.equal(await paid(session), "paid"));
  });
});

test("paying what has failed begins another payment of the order, and moves the page to it", async () => {
  const session = server.session("failed");
  const begun = [];
  const address = await inPage(`https://shop.example/pay#${session.token}`, approves, async () => {
    const onAgain = (next) => begun.push(next);
    const paid = await pay(await open(session), { method: "transfer", mode: "popup", onAgain });
    assert.equal(paid.status, "paid");
    assert.equal(paid.order_id, session.order_id);
    assert.equal(paid.method, "transfer");
  });
  assert.equal(begun.length, 1);
  assert.ok(begun[0] instanceof Checkout);
  assert.notEqual(begun[0].session_id, session.session_id);
  assert.equal(address, `https://shop.example/pay#${begun[0].token}`);
  assert.equal(server.count(PREPARE), 2);
});

test("only a payment that was prepared otherwise is left for another", async () => {
  const session = server.session("prepared", { noted: '{"method":"card"}' });
  const choice = { method: "transfer", mode: "popup" };
  await inPage("https://shop.example/pay", approves, async () => {
    assert.equal((await pay(await open(session), choice)).method, "transfer");
    assert.equal(server.count(BEGIN), 1);
    server.fault(PREPARE, refuse(409, "ORDER_PAYMENT_IN_PROGRESS"));
    const refused = pay(await open(session), choice);
    await assert.rejects(refused, { code: "not_permitted", api_code: "ORDER_PAYMENT_IN_PROGRESS" });
    assert.equal(server.count(BEGIN), 1);
  });
});
