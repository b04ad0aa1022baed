// What the buyer has filled in so far, kept in this tab alone: another language, a refresh or a declined card does not
// take it from them. Of one order at a time; another order begins with an empty form.

const KEY = "daegeum.checkout.draft";

/** What is kept of this order: its fields, the method and which texts the buyer has agreed to; nothing if there is none. */
export function kept(orderId) {
  try {
    const draft = JSON.parse(sessionStorage.getItem(KEY));
    return draft?.order_id === orderId ? draft : {};
  } catch {
    // A browser that keeps nothing, or somebody else's text under our name.
    return {};
  }
}

/** Keeps it. */
export function keep(orderId, draft) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...draft, order_id: orderId }));
  } catch {
    // Then it is typed again after a refresh, as before.
  }
}

/** Forgets it, once nothing is left to be filled in. */
export function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
