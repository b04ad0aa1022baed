// @daegeum/checkout with the module in it: for servers, and for whatever has no files beside its
// scripts. No bundler can lose it.

import base64 from "./core_bytes.js";
import { moduleIs } from "./module.js";

moduleIs(() => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));

export * from "./checkout.js";
