// The addresses that a gateway's window comes back to.

/** Where the gateway sends its buyer: the checkout page, in this language, whatever browser opens it. */
export function returnUrl() {
  const address = new URL("/checkout", location.href);
  address.searchParams.set("lang", document.documentElement.lang);
  return address.href;
}

/** Where the receipt for people is, in this language; its token goes into the fragment. */
export function receiptUrl() {
  const address = new URL("/receipt", location.href);
  address.searchParams.set("lang", document.documentElement.lang);
  return address.href;
}

/** What the address would be if a window that opened beside had come back to the page; without its approval, none. */
export function asIfReturned(approval) {
  const address = new URL("/checkout", location.href);
  const { payment_key: paymentKey, order_id: orderId, amount } = approval ?? {};
  if (approval) address.search = new URLSearchParams({ paymentKey, orderId, amount });
  return address.href;
}
