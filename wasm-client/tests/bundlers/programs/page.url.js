// As page.js, with the module where the shop serves it.

import { Checkout, parseReturn, ready } from "@daegeum/checkout";

import { showCheckout } from "./opening.js";

showCheckout({ Checkout, parseReturn, loaded: ready({ url: "/files/core_bg.wasm" }) });
