// The union of sessions: a switch over `status` that forgets one does not compile, and each status
// has its own fields.

import type { PaymentFailure, Session, SessionStatus } from "@daegeum/checkout";

function never(value: never): never {
  throw new Error(String(value));
}

export function complete(session: Session): string {
  switch (session.status) {
    case "created":
    case "prepared":
    case "pending":
    case "unknown":
    case "awaiting_deposit":
    case "authorized":
    case "paid":
    case "canceled":
    case "expired":
    case "in_review":
    case "refunded":
    case "paid_by_another":
      return session.order.title;
    case "failed":
      return session.payment.failure.message.ko;
    default:
      return never(session);
  }
}

export function forgets(session: Session): string {
  switch (session.status) {
    case "paid":
      return "";
    case "failed":
      return "";
    default:
      // @ts-expect-error eleven statuses are left
      return never(session);
  }
}

export function next(session: Session): "wait" | "begin_again" | "nothing" | undefined {
  if (session.status === "unknown") return session.next;
  if (session.status === "failed") return session.next;
  if (session.status === "paid") return session.next;
  // @ts-expect-error a created session is prepared next
  if (session.status === "created") return session.next;
  return undefined;
}

export function byNext(session: Session): PaymentFailure | undefined {
  if (session.next !== "begin_again") return undefined;
  const status: "failed" | "canceled" | "expired" = session.status;
  // @ts-expect-error whether it has failed is not known yet
  const failure: PaymentFailure = session.payment.failure;
  return status === "failed" ? failure : undefined;
}

export function facts(session: Session): void {
  const amount: number = session.amount;
  // @ts-expect-error there is no such status
  const wrong: SessionStatus = "half_paid";
  // @ts-expect-error what the server says is not changed here
  session.amount = amount;
  // @ts-expect-error only what `prepare` answers has a window
  void session.window;
  void wrong;
}
