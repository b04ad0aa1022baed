// A shop's page with the package's usual entry: the module is a file beside the script.

import { Checkout, parseReturn } from "@daegeum/checkout";

import { showCheckout } from "./opening.js";

showCheckout({ Checkout, parseReturn });
