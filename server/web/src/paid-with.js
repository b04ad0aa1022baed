// What was paid with, as far as the gateway has said: beside the receipt, which is signed without it.

import { fill } from "./fill.js";

/** Shows it in the section of a payment that is made. */
export function showPaidWith(section, { payment_method: paid }) {
  const place = section.querySelector("[data-paid-with]");
  const words = [...place.querySelectorAll("[data-with]")];
  const said = [paid?.easy_pay, paid?.method];
  const shown = said.map((one) => words.find((word) => word.dataset.with === one)).find(Boolean);
  for (const word of words) word.hidden = word !== shown;
  place.hidden = shown === undefined;
  const months = paid?.installments ?? null;
  fill(place, { months: months > 1 ? months : null, at_once: months === 0 ? "0" : null });
}
