// What is bought: lines, amounts with their tax, what a booking means, until when it can be paid.

import { fill } from "./fill.js";
import { count, moment, money } from "./format.js";

/** So many lines are shown at once; the rest is folded. */
const SHOWN = 8;

export function showSummary(root, session) {
  const summary = root.querySelector("[data-summary]");
  const { order, currency } = session;
  const template = summary.querySelector("template[data-line]");
  const lines = order.lines.map((line) => oneLine(template, line, currency));
  summary.querySelector("[data-lines]").replaceChildren(...lines.slice(0, SHOWN));
  const more = summary.querySelector("[data-more]");
  more.querySelector("[data-rest]").replaceChildren(...lines.slice(SHOWN));
  more.hidden = lines.length <= SHOWN;
  fill(more, { count: count(Math.max(lines.length - SHOWN, 0)) });
  showDiscounts(summary, order.discounts ?? [], currency);
  const { supply, vat, tax_free: taxFree } = order.amounts;
  fill(summary, {
    total: money(order.total, currency),
    supply: supply > 0 ? money(supply, currency) : null,
    vat: supply > 0 ? money(vat, currency) : null,
    tax_free: taxFree > 0 ? money(taxFree, currency) : null,
    time: order.total > 0 ? moment(earlier(session.expires_at, order.expires_at)) : null,
  });
  const booking = summary.querySelector("[data-booking]");
  booking.hidden = order.capture !== "on_confirmation";
  for (const one of booking.querySelectorAll("[data-capture]")) one.hidden = one.dataset.capture !== session.capture;
  summary.hidden = false;
}

function showDiscounts(summary, discounts, currency) {
  const [template, list] = ["template[data-discount]", "[data-discounts]"].map((one) => summary.querySelector(one));
  const items = discounts.map(({ name, amount }) => {
    const item = template.content.cloneNode(true);
    fill(item, { name, amount: `−${money(amount, currency)}` });
    return item;
  });
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
}

/** The link can outlive the order, and the order the link. */
function earlier(one, other) {
  return Date.parse(other) < Date.parse(one) ? other : one;
}

/** Nothing is known yet of what is bought. */
export function hideSummary(root) {
  root.querySelector("[data-summary]").hidden = true;
}

function oneLine(template, line, currency) {
  const item = template.content.cloneNode(true);
  fill(item, {
    name: line.name,
    quantity: count(line.quantity),
    each: money(line.unit_price, currency),
    price: money(line.unit_price * line.quantity, currency),
  });
  item.querySelector("[data-about]").hidden = line.quantity === 1;
  item.querySelector("[data-tax-free]").hidden = line.tax !== "tax_free";
  return item;
}
