// The shop: an order can be paid in a dialog over its page, by the same checkout as on a page of its own. Without
// this script there is the page alone, and nothing is missing.

import { mount } from "./checkout.js";
import "./style/shop.css";

const dialog = document.querySelector("dialog[data-dialog]");
const form = document.querySelector("form[data-buy]");
let checkout = null;

if (dialog?.showModal && form) {
  form.querySelector("[data-buy-here]").hidden = false;
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.matches("[data-buy-here]")) return;
    event.preventDefault();
    buy(event.submitter);
  });
  const mayLeave = () => checkout === null || checkout.leave();
  dialog.querySelector("[data-dialog-close]").addEventListener("click", () => {
    if (mayLeave()) dialog.close();
  });
  dialog.addEventListener("cancel", (event) => {
    if (!mayLeave()) event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    checkout?.end();
    checkout = null;
  });
}

async function buy(button) {
  button.disabled = true;
  try {
    const token = await order();
    dialog.showModal();
    checkout = mount(dialog.querySelector("[data-checkout]"), { token, mode: windowMode });
  } catch (error) {
    console.error(error);
    // The form by itself comes to the same checkout, or to the shop's own words about what is wrong.
    form.submit();
  } finally {
    button.disabled = false;
  }
}

/** Has the order registered, and its checkout begun. */
async function order() {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(new FormData(form)),
  });
  if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
  const { session_token: token } = await answer.json();
  return token;
}

/** Beside the page where there is room; phones are bad at windows. */
function windowMode() {
  return matchMedia("(min-width: 48rem) and (pointer: fine)").matches ? "popup" : "redirect";
}
