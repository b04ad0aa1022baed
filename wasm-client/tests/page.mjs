// As much of a page as the package asks for, in Node: an address, a history, and a gateway's script.

/** Runs `during` as in a page at `href`; `window` answers requestPayment. Gives the address it ends at. */
export async function inPage(href, window, during) {
  const page = {
    location: { href },
    history: { state: null, replaceState: (_state, _title, url) => (page.location.href = String(url)) },
    document: { visibilityState: "visible" },
    TossPayments: () => ({ payment: () => ({ requestPayment: window }) }),
  };
  const before = new Map(Object.keys(page).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  for (const [name, value] of Object.entries(page)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    await during();
  } finally {
    for (const [name, was] of before) {
      if (was) Object.defineProperty(globalThis, name, was);
      else delete globalThis[name];
    }
  }
  return page.location.href;
}

/** A window in which the buyer approves. */
export async function approves({ orderId, amount }) {
  return { paymentKey: "tgen_1", orderId, amount };
}
