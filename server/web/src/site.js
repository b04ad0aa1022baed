// What every page begins with: the style, and a language switch that keeps the rest of the address.

import "./style/all.css";

for (const link of document.querySelectorAll("a[data-language]")) {
  // The fragment is what opens a checkout, and can change while the page is open: read when it is pressed.
  link.addEventListener("click", () => {
    const address = new URL(location.href);
    address.searchParams.set("lang", link.lang);
    link.href = address.href;
  });
}

// The link's own fragment would take the place of the one that opens a checkout.
document.querySelector("a.skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("content").focus();
});
