"use client";

import { Checkout, parseReturn } from "@daegeum/checkout";
import { useEffect } from "react";

async function opened() {
  const api = new URLSearchParams(location.search).get("api");
  const checkout = await Checkout.fromUrl(location.href, { api });
  const { status } = await checkout.load();
  return { status, back: parseReturn("/?code=REJECT_CARD_COMPANY&message=no").kind };
}

export default function Page() {
  useEffect(() => {
    opened().then(
      (said) => (document.body.dataset.said = JSON.stringify(said)),
      (error) => (document.body.dataset.said = `${error.code}: ${error.message}`),
    );
  }, []);
  return <p>pay</p>;
}
