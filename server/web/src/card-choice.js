// What of a card payment is chosen before the gateway's window opens: a wallet by name, or the number of months. A
// session says which are offered; where it offers none, the form is as without this.

/** The form's wallets and months. */
export class CardChoice {
  #form;
  #months = 0;

  /** `signal` ends it, as it ends the form. */
  constructor(form, signal) {
    this.#form = form;
    form.addEventListener("change", () => this.#show(), { signal });
  }

  /** The ways to pay: the session's methods, and after the card the wallets in the shop's order. */
  ways({ methods = [], easy_pays: wallets = [] }) {
    return methods.flatMap((method) => (method === "card" ? [method, ...wallets] : [method]));
  }

  /** Puts wallets where the shop wants them, and offers the months that this amount can be paid in. */
  offer(session, kept) {
    const choices = [...this.#form.querySelectorAll("[data-method]")];
    const found = (way) => choices.find((choice) => choice.dataset.method === way);
    let last = this.#place;
    for (const wallet of session.easy_pays ?? []) {
      const choice = found(wallet);
      if (choice) last.after(choice);
      last = choice ?? last;
    }
    this.#months = session.installments_max ?? 0;
    const said = this.#select.value || kept || String(session.installments ?? "");
    const plans = [...this.#form.querySelector("[data-plans]").content.cloneNode(true).children];
    this.#select.replaceChildren(...plans.filter((plan) => Number(plan.value) <= this.#months));
    this.#select.value = said;
    if (this.#select.selectedIndex < 0) this.#select.value = "";
    this.#show();
  }

  /** What a session is prepared with for this way to pay. */
  of(way) {
    if (way === "") return {};
    const chosen = this.#form.querySelector(`[data-method="${way}"]`);
    if ("easyPay" in chosen.dataset) return { method: "card", easy_pay: way };
    const months = way === "card" && this.#months > 0 ? this.#select.value : "";
    return months === "" ? { method: way } : { method: way, installments: Number(months) };
  }

  /** Where the months are asked for: below the card. */
  get #place() {
    return this.#form.querySelector("[data-installments]");
  }

  get #select() {
    return this.#form.elements.installments;
  }

  /** Months are a card's alone: a wallet asks itself. */
  #show() {
    this.#place.hidden = this.#months === 0 || this.#form.elements.method.value !== "card";
  }
}
