const { Checkout, CheckoutError, createSession, parseReturn } = require("@daegeum/checkout");

async function backend(api) {
  const checkout = await createSession({ api, key: "merchant", order_id: "ORD-1" });
  const { status } = await checkout.load();
  const back = parseReturn("/?code=REJECT_CARD_COMPANY&message=no").kind;
  const error = await Checkout.open({ api, token: "ses_" }).catch((error) => error);
  return { status, back, refused: error instanceof CheckoutError && error.code };
}

backend(process.env.DAEGEUM_URL).then((said) => console.log(JSON.stringify(said)));
