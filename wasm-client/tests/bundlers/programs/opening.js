// What a shop's page does with the package, from whichever entry it has it: opens the checkout of its address and shows
// how it stands, or what keeps it from doing so.

/** `loaded` is what has to come first, where the page says where the module is. */
export async function showCheckout({ Checkout, parseReturn, loaded }) {
  try {
    await loaded;
    const checkout = await Checkout.fromUrl();
    const { status } = await checkout.load();
    const back = parseReturn("/?code=REJECT_CARD_COMPANY&message=no").kind;
    document.body.dataset.said = JSON.stringify({ status, back });
  } catch (error) {
    document.body.dataset.said = `${error.code}: ${error.message}`;
  }
}
