// A shop's backend and its buyer's browser in small, over the client that is generated from the description: one order
// is paid, and read again as paid.

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

declare const process: { env: Record<string, string | undefined> };

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const simulator = setting("DAEGEUM_SIMULATOR");
const bearing = (token: string) => ({ authorization: `Bearer ${token}` });
const shop = createClient<paths>({
  baseUrl: setting("DAEGEUM_BASE"),
  headers: bearing(setting("DAEGEUM_MERCHANT_KEY")),
});

type Problem = components["schemas"]["Problem"];

/** What was asked for, or the refusal as an error. */
function told<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data !== undefined) return answer.data;
  throw new Error(JSON.stringify(answer.error));
}

const order = told(
  await shop.POST("/api/v1/orders", {
    params: { header: { "Idempotency-Key": "typescript-1" } },
    body: {
      order_id: "typescript-1",
      buyer_id: "buyer-1",
      currency: "KRW",
      total: 11_000,
      capture: "automatic",
      lines: [{ name: "수채화 강의", quantity: 1, unit_price: 11_000, tax: "taxable" }],
    },
  }),
);
const session = told(await shop.POST("/api/v1/payments/sessions", { body: { order_id: order.order_id } }));
if (session.session_token === undefined) throw new Error("a session that is begun has a token");

const browser = createClient<paths>({ baseUrl: setting("DAEGEUM_BASE"), headers: bearing(session.session_token) });
const one = { params: { path: { session_id: session.session_id } } };
const prepared = told(await browser.POST("/api/v1/payments/sessions/{session_id}/prepare", { ...one, body: null }));
const paymentKey = await approve(prepared);
const payment = told(
  await browser.POST("/api/v1/payments/confirm", {
    body: { payment_key: paymentKey, order_id: prepared.payment_id, amount: prepared.amount },
  }),
);
if (payment.status !== "CAPTURED") throw new Error(`the payment is ${payment.status}`);

const path = { params: { path: { order_id: order.order_id } } };
const paid = told(await shop.GET("/api/v1/orders/{order_id}", path));
if (paid.status !== "PAID") throw new Error(`the order is ${paid.status}`);

const canceled = await shop.POST("/api/v1/orders/{order_id}/cancel", path);
if (canceled.error?.code !== "ORDER_NOT_PERMITTED" || canceled.error.state !== "PAID") {
  throw new Error(`a paid order is refunded, not canceled: ${JSON.stringify(canceled)}`);
}

/** What the buyer does in the simulated gateway's window; the gateway's name for the payment. */
async function approve(at: components["schemas"]["PreparedSession"]): Promise<string> {
  if (at.window === undefined) throw new Error("there is something to pay, so there is a window");
  const opened = await post("/sandbox/windows", {
    method: at.window["method"],
    amount: at.amount,
    orderId: at.window["order_id"],
    orderName: at.window["order_name"],
  });
  const key = opened["paymentKey"];
  if (typeof key !== "string") throw new Error(JSON.stringify(opened));
  await post(`/sandbox/windows/${key}/approve`, {});
  return key;
}

async function post(at: string, body: object): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${simulator}${at}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${at}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}
