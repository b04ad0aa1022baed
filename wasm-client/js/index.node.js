// @daegeum/checkout in Node: the same functions; the module is read from disk.

import { readFile } from "node:fs/promises";
import { __readModuleWith } from "./index.js";

__readModuleWith(() => readFile(new URL("./core_bg.wasm", import.meta.url)));

export {
  Checkout,
  CheckoutError,
  checkBuyer,
  createSession,
  parseReturn,
  pay,
  ready,
  receiptKeys,
  resume,
  verifyReceipt,
} from "./index.js";
