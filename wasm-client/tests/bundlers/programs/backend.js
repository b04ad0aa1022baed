// What a shop's backend does with the package: begins a checkout, reads it, reads an address, and is told what is wrong.

import { Checkout, CheckoutError, createSession, parseReturn } from "@daegeum/checkout";

export async function backend(api) {
  const checkout = await createSession({ api, key: "merchant", order_id: "ORD-1" });
  const { status } = await checkout.load();
  const back = parseReturn("/?code=REJECT_CARD_COMPANY&message=no").kind;
  const error = await Checkout.open({ api, token: "ses_" }).catch((error) => error);
  return { status, back, refused: error instanceof CheckoutError && error.code };
}
