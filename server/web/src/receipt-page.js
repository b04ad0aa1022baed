// The receipt for people: fills the paper that the server rendered, and hands it out as a file that anything opens.

import { Checkout, ready } from "@daegeum/checkout";

import { choose, fill } from "./fill.js";
import { count, moment, money, spoken } from "./format.js";
import { handOut } from "./hand-out.js";
import { Leaving, wayBack } from "./leaving.js";
import { shownStatus } from "./standing.js";
import { titleOf } from "./title.js";
import sheet from "./style/paper.css?inline";
import "./style/paper.css";

const root = document.querySelector("[data-receipt-page]");
const paper = root.querySelector("[data-paper]");
const leaving = new Leaving(root);
let checkout = null;
let session = null;

const actions = { save, print: () => window.print(), signed: handOutSigned, reload: begin };

root.addEventListener("click", (event) => actions[event.target.closest("[data-do]")?.dataset.do]?.());
window.addEventListener("hashchange", begin);
begin();

async function begin() {
  show("loading");
  leaving.point(null);
  try {
    await ready();
    checkout = await Checkout.fromUrl();
    if (!checkout) return show("invalid_link");
    session = await checkout.load();
  } catch (error) {
    console.error(error);
    return show({ invalid_link: "invalid_link", session_expired: "expired" }[error.code] ?? "network");
  }
  leaving.point(wayBack(session, shownStatus(session)));
  if (!session.receipt) return show("none");
  write();
  show("ready");
}

function show(status) {
  root.dataset.status = status;
  for (const state of root.querySelectorAll("[data-state]")) state.hidden = state.dataset.state !== status;
  root.querySelector("[data-announce]").textContent = root.querySelector("[data-state]:not([hidden]) h1").textContent;
}

function write() {
  const { order, currency, receipt, payment } = session;
  const by = payment.payment_method ?? {};
  const some = (value) => (value > 0 ? money(value, currency) : null);
  const less = (value) => (value > 0 ? `−${money(value, currency)}` : null);
  fill(paper, {
    title: titleOf(order, root),
    discount: less(receipt.discount),
    supply: some(receipt.supply),
    vat: some(receipt.vat),
    tax_free: some(receipt.tax_free),
    amount: money(receipt.amount, currency),
    refunded: less(receipt.refunded),
    left: receipt.refunded > 0 ? money(Math.max(receipt.amount - receipt.refunded, 0), currency) : null,
    captured_at: moment(receipt.captured_at),
    ...paidWith(by, receipt),
    card: by.last4 ? `**** ${by.last4}` : null,
    months: by.installments > 0 ? count(by.installments) : null,
    installments: by.installments > 0 ? by.installments : null,
    approval: by.approval_number,
    through: session.provider === "FREE" ? null : session.provider,
    order_id: session.order_id,
    payment_id: session.payment_id,
  });
  choose(paper, "method", by.method);
  choose(paper, "wallet", by.easy_pay);
  choose(paper, "gateway", session.provider);
  const template = paper.querySelector("template[data-line]");
  paper.querySelector("[data-lines]").replaceChildren(...order.lines.map((line) => oneLine(template, line, currency)));
  const slip = paper.querySelector("[data-slip]");
  slip.hidden = !receipt.slip_url;
  if (receipt.slip_url) slip.querySelector("a").href = receipt.slip_url;
  // There is a signed form of money that was taken and has not gone back.
  root.querySelector("[data-do=signed]").hidden = session.status !== "paid";
}

/**
 * The method, or the wallet in its place. A wallet has a word on the page, or is told in the gateway's own; whose card
 * or account it took the money from is not always known.
 */
function paidWith({ method, issuer, easy_pay: wallet }, { issuer_name: named }) {
  const company = spoken(named);
  const byWallet = wallet ?? (method === "easy_pay" && !company ? issuer : null);
  if (!byWallet) return { method, by_wallet: null, wallet: null, issuer: company || issuer };
  const hasWord = paper.querySelector(`[data-wallet="${CSS.escape(byWallet)}"]`) !== null;
  return { method: null, by_wallet: byWallet, wallet: hasWord ? null : byWallet, issuer: company || null };
}

function oneLine(template, line, currency) {
  const item = template.content.cloneNode(true);
  const isOne = line.quantity === 1;
  fill(item, {
    name: line.name,
    about: isOne ? null : line.quantity,
    quantity: count(line.quantity),
    each: money(line.unit_price, currency),
    price: money(line.unit_price * line.quantity, currency),
  });
  item.querySelector("[data-tax-free]").hidden = line.tax !== "tax_free";
  return item;
}

/** A file that a phone opens: what is shown, with its style, and nothing that is fetched or run. */
function save() {
  const copy = paper.cloneNode(true);
  for (const unseen of copy.querySelectorAll("[hidden], template")) unseen.remove();
  const title = document.createElement("title");
  title.textContent = `${document.title} ${session.order_id}`;
  const text = `<!doctype html>
<html lang="${document.documentElement.lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
${title.outerHTML}
<style>${sheet}</style></head>
<body>${copy.outerHTML}</body>
</html>
`;
  handOut(new Blob([text], { type: "text/html" }), `receipt-${session.payment_id}.html`);
}

/** For programs: what they can verify. */
async function handOutSigned() {
  try {
    const signed = await checkout.receipt();
    handOut(new Blob([signed], { type: "application/jose" }), `receipt-${session.payment_id}.jws`);
  } catch (error) {
    console.error(error);
    show("network");
  }
}
