// The checkout as a page of its own.

import { mount } from "./checkout.js";

mount(document.querySelector("[data-checkout]"), { page: true });
