// How a checkout stands, as its panel says it: which state, and which of that state's sentences and buttons.

import { money, spoken } from "./format.js";

/** What an order is that has its money, from this payment or from another. */
const TAKEN = ["AUTHORIZED", "PAID", "COMPLETED"];

/** What is next where this payment has not paid the order. */
const UNPAID = ["prepare", "open_window", "begin_again"];

/** The state to show. An order can have been paid while this payment of it was not. */
export function shownStatus(session) {
  const byAnother = UNPAID.includes(session.next) && TAKEN.includes(session.order.status);
  return byAnother ? "already_paid" : session.status;
}

/** Whether the buyer can pay it here and now, by the form. */
export function isOpen(session) {
  return ["prepare", "open_window"].includes(session.next) && shownStatus(session) === session.status;
}

/** Whether it moves by what others do: the buyer's bank, or whoever gives money back. */
export function isWatched(session) {
  return session.next === "transfer" || session.status === "in_review";
}

/** Everything that is shown of how it stands: two that are the same look the same. */
export function standing({ status, order, payable }) {
  return `${status} ${order.status} ${payable}`;
}

/** Which conditions of its section hold. */
export function conditions(session) {
  const held = [session.payable ? "payable" : "over"];
  if (session.status === "paid") held.push(made(session));
  if (session.next === "wait") held.push("taken");
  if (session.status !== "failed") return held;
  const { code, retry } = session.payment.failure ?? {};
  if (code === "CANCELED_AT_PROVIDER") held.push("given_back");
  if (!session.payable) return held;
  if (code !== "CANCELED_AT_PROVIDER") held.push("kept");
  held.push(["other_method", "never"].includes(retry) ? "other" : "same");
  if (["later", "never"].includes(retry)) held.push(retry);
  return held;
}

/** What was made of the order: a purchase or a booking, and whether it cost anything. */
function made({ amount, order }) {
  const what = order.status === "AUTHORIZED" ? "booked" : "bought";
  return amount === 0 ? `${what}_free` : what;
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
