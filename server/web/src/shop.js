// The shop: an order is paid in a dialog over its page, by the same checkout. Without this script the form posts,
// and the checkout is a page.

import { mount } from "./checkout.js";

const dialog = document.querySelector("dialog[data-checkout-dialog]");
let unmount = null;

for (const form of document.querySelectorAll("form[data-buy]")) {
  form.addEventListener("submit", (event) => {
    if (!dialog?.showModal) return;
    event.preventDefault();
    buy(form);
  });
}

dialog?.addEventListener("close", () => {
  unmount?.();
  unmount = null;
});

dialog?.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) dialog.close();
});

async function buy(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
    const { session_token: token } = await answer.json();
    dialog.showModal();
    unmount = mount(dialog.querySelector("[data-checkout]"), { token, mode: windowMode });
  } catch (error) {
    // The form by itself comes to the same checkout, or to the shop's own words about what is wrong.
    console.error(error);
    form.submit();
  } finally {
    button.disabled = false;
  }
}

/** Beside the page where there is room; phones are bad at windows. */
function windowMode() {
  return matchMedia("(min-width: 48rem) and (pointer: fine)").matches ? "popup" : "redirect";
}
