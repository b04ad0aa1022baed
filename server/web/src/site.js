// What every page begins with: the style, and a language switch that keeps the rest of the address.

import "./style/all.css";

const switches = document.querySelectorAll("a[data-language]");

// The fragment is what opens a checkout, and both it and the rest change while the page is open. A link is not always
// pressed: it is opened in another tab, or copied.
function point() {
  for (const link of switches) {
    const address = new URL(location.href);
    address.searchParams.set("lang", link.lang);
    link.href = address.href;
  }
}

point();
window.addEventListener("hashchange", point);
window.addEventListener("popstate", point);
// Told of every change that a script makes, where the browser has it; else it is looked before the link can be used.
globalThis.navigation?.addEventListener("currententrychange", point);
for (const link of switches) for (const near of ["pointerdown", "focus", "click"]) link.addEventListener(near, point);

// The link's own fragment would take the place of the one that opens a checkout.
document.querySelector("a.skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("content").focus();
});
