// What the buyer agrees to, each text apart from the others. The texts are the server's, and a consent is given by its
// text's hash: to a text that has changed nobody has agreed.

import { choose, fill } from "./fill.js";
import { spoken } from "./format.js";

const ADDRESS = /(https?:\/\/\S+)/;

/** The same text, in which addresses can be opened: every second part is one. */
function linked(text) {
  return text.split(ADDRESS).map((part, at) => {
    if (at % 2 === 0) return part;
    const link = document.createElement("a");
    Object.assign(link, { href: part, textContent: part, target: "_blank", rel: "noopener" });
    return link;
  });
}

export class Consents {
  #form;
  #flag;

  /** `flag(input, flaw)` says below an input what is wrong with it, or that nothing is. */
  constructor(form, flag, signal) {
    this.#form = form;
    this.#flag = flag;
    for (const place of this.#places()) {
      const input = place.querySelector("input");
      input.addEventListener("change", () => flag(input, input.checked ? null : "missing"), { signal });
    }
  }

  /** Of another order nothing has been agreed to. */
  forget() {
    for (const place of this.#places()) delete place.querySelector("input").dataset.hash;
  }

  /** Asks for what this session asks for. `agreed`: hashes of texts that were agreed to before. */
  ask(session, agreed) {
    for (const place of this.#places()) {
      const asked = (session.consents ?? []).find(({ consent }) => consent === place.dataset.consent);
      const { text, text_hash: hash } = spoken(asked) || {};
      place.hidden = !asked;
      const input = place.querySelector("input");
      input.disabled = !asked;
      if (!asked || input.dataset.hash === hash) continue;
      input.dataset.hash = hash;
      // The same text in another language is the same consent.
      const known = [asked.ko, asked.en].map((one) => one?.text_hash);
      input.checked = agreed.some((one) => known.includes(one));
      this.#flag(input, null);
      const [agree, ...details] = text.split("\n");
      fill(place, { agree });
      place.querySelector("[data-details]").replaceChildren(...linked(details.join("\n")));
    }
    choose(this.#form, "gateway", session.provider);
  }

  /** Hashes of the texts that are agreed to now. */
  agreed() {
    return this.given().map(({ text_hash: hash }) => hash);
  }

  /** As the server is told. */
  given() {
    const checked = this.#asked().filter((place) => place.querySelector("input").checked);
    return checked.map((place) => ({
      consent: place.dataset.consent,
      text_hash: place.querySelector("input").dataset.hash,
    }));
  }

  /** Marks those that are not given; their inputs. */
  missing() {
    const inputs = this.#asked().map((place) => place.querySelector("input"));
    for (const input of inputs) this.#flag(input, input.checked ? null : "missing");
    return inputs.filter((input) => !input.checked);
  }

  #asked() {
    return this.#places().filter((place) => !place.hidden);
  }

  #places() {
    return [...this.#form.querySelectorAll("[data-consent]")];
  }
}
