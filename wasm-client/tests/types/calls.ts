// Calls: what each takes and gives, and what it refuses at compile time.

import {
  Checkout,
  CheckoutError,
  checkBuyer,
  createSession,
  parseReturn,
  pay,
  ready,
  receiptKeys,
  resume,
  verifyReceipt,
} from "@daegeum/checkout";
import type { Approved, BuyerProblem, JsonWebKeySet, Payment, PreparedSession, ReceiptClaims, Return, Session } from "@daegeum/checkout";

const signal: AbortSignal = new AbortController().signal;

export async function begun(): Promise<void> {
  const checkout: Checkout = await createSession({ api: new URL("https://pay.example"), key: "k", order_id: "o", idempotency_key: "o-1", signal });
  const link: string = checkout.linkTo("https://shop.example/pay");
  // @ts-expect-error an order is needed
  await createSession({ key: "k" });
  // @ts-expect-error the amount is the order's, nobody says it here
  await createSession({ key: "k", order_id: "o", amount: 1 });
  // @ts-expect-error the options are named as in the API
  await createSession({ key: "k", orderId: "o" });
  // @ts-expect-error checkouts are opened, not made
  new Checkout();
  // @ts-expect-error the token is the checkout's for good
  checkout.token = link;
}

export async function steps(checkout: Checkout): Promise<Session> {
  const answered = await checkout.prepare({ method: "card", buyer_name: "김하나" }, { signal });
  // @ts-expect-error where there was nothing to pay there is no window
  await checkout.openWindow(answered);
  if (answered.next === "nothing") return checkout.load();
  const prepared: PreparedSession = answered;
  const approved: Approved = await checkout.openWindow(prepared, { mode: "popup", returnUrl: "/pay", signal });
  const payment: Payment = await checkout.verify(approved, { signal });
  const session: Session = await checkout.confirm(approved, { signal });
  await checkout.prepare({ easy_pay: "kakaopay" });
  await checkout.prepare({ method: "card", installments: 3 });
  // @ts-expect-error nobody pays in one month
  await checkout.prepare({ installments: 1 });
  // @ts-expect-error there is no such wallet
  await checkout.prepare({ easy_pay: "cacaopay" });
  await checkout.prepare({ consents: [{ consent: "purchase", text_hash: "0", version: "1" }] });
  // @ts-expect-error there is no such consent
  await checkout.prepare({ consents: [{ consent: "everything", text_hash: "0" }] });
  // @ts-expect-error there is no such method of payment
  await checkout.prepare({ method: "cash" });
  // @ts-expect-error only what `prepare` answered can be opened
  await checkout.openWindow(session);
  // @ts-expect-error there is no such mode
  await checkout.openWindow(prepared, { mode: "modal" });
  // @ts-expect-error an amount is a number
  await checkout.confirm({ ...approved, amount: "11000" });
  // @ts-expect-error a payment is no session
  return payment;
}

export async function found(): Promise<string> {
  const checkout = await Checkout.fromUrl();
  // @ts-expect-error the address may open none
  await checkout.load();
  // @ts-expect-error a token is needed
  await Checkout.open({});
  return checkout === null ? "" : await checkout.receipt({ signal });
}

export async function whole(checkout: Checkout): Promise<void> {
  await pay(checkout, {
    method: "transfer",
    mode: "redirect",
    onChange(session, connection) {
      const where: "online" | "offline" | "busy" | "queued" = connection;
      // @ts-expect-error nothing may have been heard yet
      void session.status;
      void [session?.status, where];
    },
    onApproved(approved) {
      const kept: Approved = approved;
      void kept;
    },
    onAgain(next) {
      const another: Checkout = next;
      void another;
    },
    signal,
  });
  await resume(checkout, { url: new URL("https://shop.example/pay"), signal });
  // @ts-expect-error to go on, nothing is chosen
  await resume(checkout, { method: "card" });
}

export function read(url: URL): Approved | string | null {
  const back: Return = parseReturn(url);
  // @ts-expect-error what is brought back has to be told apart first
  void back.payment_key;
  switch (back.kind) {
    case "approved":
      return back;
    case "refused":
      return back.by_buyer ? null : back.message;
    case "nothing":
      // @ts-expect-error nothing has no code
      return back.code;
  }
}

export async function receipts(receipt: string): Promise<number> {
  const keys: JsonWebKeySet = await receiptKeys("https://pay.example", { signal });
  const claims: ReceiptClaims = await verifyReceipt(receipt, keys, { order_id: "o", amount: 11_000 });
  // @ts-expect-error a receipt is of a payment, an order, an amount
  await verifyReceipt(receipt, keys, { buyer: "o" });
  return claims.supply + claims.vat + claims.tax_free;
}

export function buyer(): BuyerProblem[] {
  // @ts-expect-error a telephone number is text
  checkBuyer({ buyer_tel: 1 });
  return checkBuyer({ buyer_name: "" });
}

export function told(error: unknown): string {
  if (!(error instanceof CheckoutError)) throw error;
  switch (error.code) {
    case "window_closed":
      return "";
    case "api":
      return `${error.status} ${error.api_code} ${error.request_id}`;
    case "invalid_argument":
    case "module_missing":
    case "origin_not_allowed":
      return `${error.field} ${error.reason}`;
    // @ts-expect-error there is no such code
    case "unknown":
      return "";
    default: {
      const again: boolean = error.retry;
      return `${again} ${error.message}`;
    }
  }
}

export const loaded: Promise<void>[] = [ready(), ready({ url: "/core_bg.wasm" }), ready({ module: new Uint8Array() })];

export async function loadedElsewhere(response: Promise<Response>): Promise<void> {
  await ready({ module: response });
  // @ts-expect-error there is no such option
  await ready({ path: "/core_bg.wasm" });
}
