// @daegeum/checkout for pages: the module is a file beside this one, which bundlers find by the
// expression below.

import { moduleIs } from "./module.js";

moduleIs(() => new URL("./core_bg.wasm", import.meta.url));

export * from "./checkout.js";
