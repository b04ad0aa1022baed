// The receipt of a payment: shown at once from the session, then from the signed receipt, whose signature is
// checked here and not by asking anybody. Under the seal stands what was signed and nothing else.

import { receiptKeys, verifyReceipt } from "@daegeum/checkout";

import { choose, fill } from "./fill.js";
import { moment, money } from "./format.js";
import { titleOf } from "./title.js";

export class Receipt {
  #section;
  #place;

  constructor(section) {
    this.#section = section;
    this.#place = section.querySelector("[data-receipt]");
  }

  /** Shows it. Whatever goes wrong here, the payment is made. */
  async show(checkout, session, signal) {
    this.#fromSession(session);
    this.#button("print", true);
    this.#seal("checking");
    try {
      const [receipt, keys] = await Promise.all([checkout.receipt({ signal }), receiptKeys(undefined, { signal })]);
      const { payment_id, order_id, amount } = session;
      const claims = await verifyReceipt(receipt, keys, { payment_id, order_id, amount });
      // What was signed is told in the page's language, where it is this order's title.
      const title = claims.title === session.order.title ? titleOf(session.order, this.#place) : claims.title;
      this.#fill({ ...claims, title });
      this.#seal("verified");
    } catch (error) {
      // Not being able to ask is no reason for doubt; a signature that does not hold is.
      this.#seal(["receipt_invalid", "unsupported"].includes(error.code) ? "unverified" : null);
    }
  }

  #fromSession(session) {
    const { order, currency, payment } = session;
    this.#fill({
      title: titleOf(order, this.#place),
      amount: session.amount,
      supply: order.amounts.supply,
      vat: order.amounts.vat,
      tax_free: order.amounts.tax_free,
      currency,
      captured_at: payment.updated_at,
      provider: session.provider,
      order_id: session.order_id,
      payment_id: session.payment_id,
      iss: null,
    });
  }

  #fill(said) {
    const amount = (value) => (value > 0 ? money(value, said.currency) : null);
    fill(this.#place, {
      title: said.title,
      amount: money(said.amount, said.currency),
      supply: amount(said.supply),
      vat: amount(said.vat),
      tax_free: amount(said.tax_free),
      captured_at: moment(said.captured_at),
      order_id: said.order_id,
      payment_id: said.payment_id,
      iss: said.iss,
      through: said.provider === "FREE" ? null : said.provider,
    });
    choose(this.#place, "gateway", said.provider);
  }

  #seal(shown) {
    for (const seal of this.#place.querySelectorAll("[data-seal]")) seal.hidden = seal.dataset.seal !== shown;
  }

  #button(name, shown) {
    this.#section.querySelector(`[data-do="${name}"]`).hidden = !shown;
  }
}
