// As page.js, with the module where the shop serves it.

import { Checkout, parseReturn, ready } from "@daegeum/checkout";

async function page() {
  await ready({ url: "/files/core_bg.wasm" });
  const checkout = await Checkout.fromUrl();
  const { status } = await checkout.load();
  return { status, back: parseReturn("/?code=REJECT_CARD_COMPANY&message=no").kind };
}

page().then(
  (said) => (document.body.dataset.said = JSON.stringify(said)),
  (error) => (document.body.dataset.said = `${error.code}: ${error.message}`),
);
