// The buyer's form: who pays and how, checked by the engine's own rules while it is typed.

import { checkBuyer } from "@daegeum/checkout";

import { CardChoice } from "./card-choice.js";
import { Consents } from "./consents.js";
import { keep, kept } from "./draft.js";
import { fill } from "./fill.js";
import { money } from "./format.js";

const FIELDS = ["buyer_name", "buyer_tel", "buyer_email"];
const OPTIONAL = ["buyer_tel", "buyer_email"];

/** Somebody in the middle of a word is not told that it is wrong. */
const PAUSE_MS = 700;

export class Form {
  #form;
  #pauses = new Map();
  #buyerKnown = false;
  #orderId = null;
  #consents;
  #card;

  /** `signal` ends it: the same markup may be another checkout's later. */
  constructor(root, onPay, signal) {
    this.#form = root.querySelector("[data-form]");
    this.#card = new CardChoice(this.#form, signal);
    const submitted = (event) => {
      event.preventDefault();
      const choice = this.#choice();
      if (choice) onPay(choice);
    };
    this.#form.addEventListener("submit", submitted, { signal });
    for (const name of FIELDS) this.#watch(name, signal);
    for (const moved of ["input", "change"]) this.#form.addEventListener(moved, () => this.#keep(), { signal });
    this.#consents = new Consents(this.#form, (input, flaw) => this.#flag(input, flaw), signal);
  }

  /** Offers what this session can be paid with. */
  offer(session) {
    fill(this.#form, { amount: money(session.amount, session.currency) });
    if (session.order_id !== this.#orderId) this.#begin(session.order_id);
    const draft = kept(session.order_id);
    this.#consents.ask(session, draft.consents ?? []);
    this.#knowBuyer(session.buyer_known);
    const isFree = session.amount === 0;
    for (const one of this.#form.querySelectorAll("[data-costs]")) one.hidden = isFree;
    for (const one of this.#form.querySelectorAll("[data-free]")) one.hidden = !isFree;
    const methods = this.#card.ways(session);
    const said = [this.#form.elements.method.value, draft.method, session.easy_pay ?? session.method];
    const wanted = said.find((method) => methods.includes(method)) ?? methods[0];
    for (const choice of this.#form.querySelectorAll("[data-method]")) {
      const { method } = choice.dataset;
      choice.hidden = !methods.includes(method);
      choice.querySelector("input").disabled = choice.hidden;
      choice.querySelector("input").checked = method === wanted;
    }
    this.#card.offer(session, draft.installments);
    this.#form.querySelector("[data-no-method]").hidden = methods.length > 0;
    this.#form.querySelector("[data-pay]").disabled = methods.length === 0 && !isFree;
  }

  /** The buyer's details have to be typed again. */
  askBuyer() {
    this.#knowBuyer(false);
    this.#form.elements.buyer_name.focus();
  }

  /** Marks what the server would not take. */
  refuse(field) {
    if (!FIELDS.includes(field)) return;
    this.#knowBuyer(false);
    const input = this.#form.elements[field];
    this.#flag(input, "malformed");
    input.focus();
  }

  /** What was filled in for this order in this tab is there again. */
  #begin(orderId) {
    this.#orderId = orderId;
    this.#consents.forget();
    const draft = kept(orderId);
    for (const name of FIELDS) {
      const input = this.#form.elements[name];
      if (input.value === "" && typeof draft[name] === "string") input.value = draft[name];
    }
  }

  #keep() {
    const { method, installments } = this.#form.elements;
    const typed = FIELDS.map((name) => [name, this.#form.elements[name].value]);
    keep(this.#orderId, {
      ...Object.fromEntries(typed),
      method: method.value,
      installments: installments.value,
      consents: this.#consents.agreed(),
    });
  }

  #knowBuyer(known) {
    this.#buyerKnown = known;
    this.#form.querySelector("[data-buyer-known]").hidden = !known;
    const asked = this.#form.querySelector("[data-buyer]");
    asked.hidden = known;
    asked.disabled = known;
  }

  #watch(name, signal) {
    const input = this.#form.elements[name];
    const check = () => {
      clearTimeout(this.#pauses.get(name));
      this.#flag(input, this.#flaw(name));
    };
    const typed = () => {
      // What was wrong is right as soon as it is right.
      if (input.getAttribute("aria-invalid") === "true") return check();
      clearTimeout(this.#pauses.get(name));
      this.#pauses.set(name, setTimeout(check, PAUSE_MS));
    };
    const left = () => {
      if (input.value !== "") check();
    };
    input.addEventListener("input", typed, { signal });
    input.addEventListener("blur", left, { signal });
  }

  /** What the engine says is wrong with a field, by its code. */
  #flaw(name) {
    const { value } = this.#form.elements[name];
    if (value.trim() === "" && OPTIONAL.includes(name)) return null;
    const problems = checkBuyer({ [name]: value });
    return problems.find((problem) => problem.field === name)?.code ?? null;
  }

  #flag(input, flaw) {
    const about = this.#form.querySelector(`#${input.getAttribute("aria-describedby").split(" ").at(-1)}`);
    const told = [...about.querySelectorAll("[data-flaw]")];
    const shown = told.find((one) => one.dataset.flaw === flaw) ?? told.at(-1);
    for (const one of told) one.hidden = flaw === null || one !== shown;
    input.setAttribute("aria-invalid", String(flaw !== null));
  }

  /** What was chosen, or nothing if something has to be put right first: that is in focus then. */
  #choice() {
    const { method } = this.#form.elements;
    const wrong = [];
    for (const name of this.#buyerKnown ? [] : FIELDS) {
      const input = this.#form.elements[name];
      const flaw = this.#flaw(name);
      this.#flag(input, flaw);
      if (flaw !== null) wrong.push(input);
    }
    wrong.push(...this.#consents.missing());
    if (wrong.length > 0) {
      wrong[0].focus();
      return null;
    }
    return { ...this.#card.of(method.value), ...this.#buyer(), consents: this.#consents.given() };
  }

  #buyer() {
    if (this.#buyerKnown) return {};
    const said = FIELDS.map((name) => [name, this.#form.elements[name].value.trim()]);
    return Object.fromEntries(said.filter(([, value]) => value !== ""));
  }
}
