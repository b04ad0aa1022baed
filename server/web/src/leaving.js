// The way back to the shop. The shop is told which checkout it was and how the page saw it; what it believes is what its
// own backend is told.

import { fill } from "./fill.js";

/** How long a buyer who has paid may look at the receipt before they are sent on; they can stay. */
const SECONDS = 10;

/** Statuses of a checkout whose buyer is done, as the shop wanted. */
const DONE = ["paid", "authorized", "paid_by_another", "already_paid"];

/** Where the buyer is to go from a session that is shown as `status`; nothing if the shop has named no place. */
export function wayBack(session, status) {
  const { redirect_url: done, failure_redirect_url: failed } = session;
  const named = DONE.includes(status) ? done : (failed ?? done);
  if (!named) return null;
  const address = new URL(named);
  address.searchParams.set("session_id", session.session_id);
  address.searchParams.set("status", session.status);
  return address.href;
}

/** Sends the buyer on after a while, in sight of them. */
export class Leaving {
  #root;
  #timer = null;

  constructor(root) {
    this.#root = root;
  }

  /** Links lead to `address`, or to the shop where it is none. */
  point(address) {
    for (const link of this.#root.ownerDocument.querySelectorAll("a[data-leave]")) {
      link.dataset.shop ??= link.getAttribute("href") ?? "";
      const to = address ?? link.dataset.shop;
      link.hidden = to === "";
      if (to !== "") link.href = to;
    }
  }

  /** Whether a link leads anywhere from here. */
  get isOpen() {
    return this.#root.ownerDocument.querySelector("a[data-leave]:not([hidden])") !== null;
  }

  begin(address) {
    this.stay();
    let left = SECONDS;
    const say = () => {
      for (const said of this.#root.querySelectorAll("[data-leaving]")) {
        fill(said, { seconds: String(left) });
        said.hidden = false;
      }
    };
    say();
    this.#timer = setInterval(() => {
      left -= 1;
      if (left > 0) return say();
      this.stay();
      location.assign(address);
    }, 1_000);
  }

  /** The buyer wants to look longer, or something else begins. */
  stay() {
    clearInterval(this.#timer);
    for (const said of this.#root.querySelectorAll("[data-leaving]")) said.hidden = true;
  }
}
