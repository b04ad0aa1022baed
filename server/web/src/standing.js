// How a checkout stands, as its panel says it: which state, and which of that state's sentences and buttons.

import { money, spoken } from "./format.js";

const TAKEN = ["AUTHORIZED", "PAID", "COMPLETED"];
const UNPAID = ["created", "prepared", "failed", "canceled", "expired"];

/** The state to show. An order can have been paid while this payment of it was not. */
export function shownStatus(session) {
  const taken = TAKEN.includes(session.order?.status);
  return taken && UNPAID.includes(session.status) ? "already_paid" : session.status;
}

/** Which conditions of its section hold. */
export function conditions(session) {
  const payable = (session.order?.status ?? "PAYMENT_PENDING") === "PAYMENT_PENDING";
  const held = [payable ? "payable" : "over"];
  if (session.status === "paid" && session.order?.status === "AUTHORIZED") held.push("booked");
  if (session.status !== "failed" || !payable) return held;
  const retry = session.payment.failure?.retry;
  held.push(["other_method", "never"].includes(retry) ? "other" : "same");
  if (["later", "never"].includes(retry)) held.push(retry);
  return held;
}

/** What its section is filled with. */
export function values(session) {
  return {
    amount: money(session.amount, session.currency),
    order_id: session.order_id,
    payment_id: session.payment_id,
    reason: spoken(session.payment.failure?.message) || null,
  };
}
