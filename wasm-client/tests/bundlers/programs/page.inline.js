// As page.js, for bundlers that move scripts and leave their files behind.

import { Checkout, parseReturn } from "@daegeum/checkout/inline";

import { showCheckout } from "./opening.js";

showCheckout({ Checkout, parseReturn });
