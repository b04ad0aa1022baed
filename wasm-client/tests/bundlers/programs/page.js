// What a shop's page does with the package: opens the checkout of its address and shows how it stands.

import { Checkout, parseReturn } from "@daegeum/checkout";

async function page() {
  const checkout = await Checkout.fromUrl();
  const { status } = await checkout.load();
  return { status, back: parseReturn("/?code=REJECT_CARD_COMPANY&message=no").kind };
}

page().then(
  (said) => (document.body.dataset.said = JSON.stringify(said)),
  (error) => (document.body.dataset.said = `${error.code}: ${error.message}`),
);
