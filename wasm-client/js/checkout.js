// @daegeum/checkout: the public functions, over the wasm module. See index.d.ts for what they promise.

import loadCore, * as core from "./core.js";
import { CheckoutError } from "./errors.js";
import { here } from "./platform.js";

export { CheckoutError };

/** @type {(() => Promise<BufferSource>) | undefined} */
let readBytes;
/** @type {Promise<void> | undefined} */
let loading;
let isLoaded = false;

/** Where there is no fetch for files: index.node.js says how the module is read. @param {() => Promise<BufferSource>} read */
export function __readModuleWith(read) {
  readBytes = read;
}

export function ready() {
  loading ??= load().catch((cause) => {
    loading = undefined;
    const isRefused = cause instanceof WebAssembly.CompileError || cause instanceof WebAssembly.LinkError;
    const code = isRefused ? "unsupported" : "network";
    const message = "The checkout's wasm module could not be loaded.";
    throw new CheckoutError(code, message, { retry: !isRefused, cause });
  });
  return loading;
}

async function load() {
  if (readBytes) core.initSync({ module: await readBytes() });
  else await loadCore();
  isLoaded = true;
}

function mustBeLoaded() {
  if (!isLoaded) throw new CheckoutError("unsupported", "Await ready() before this function.");
}

/** @param {string | URL | undefined} api */
function origin(api) {
  const said = api ?? globalThis.location?.origin;
  if (said === undefined) throw new TypeError("outside a page the server has to be named: pass api");
  return String(said);
}

/** Only handles that the core has read make a Checkout. */
const READ = Symbol("read");

/** @typedef {{ api: string, token: string, session_id: string, expires_at: string }} Handle */

export class Checkout {
  /** @param {symbol} read @param {Handle} handle */
  constructor(read, handle) {
    if (read !== READ) throw new TypeError("use Checkout.open, Checkout.fromUrl or createSession");
    this.api = handle.api;
    this.session_id = handle.session_id;
    this.token = handle.token;
    this.expires_at = handle.expires_at;
    Object.freeze(this);
  }

  static async open({ api, token } = {}) {
    await ready();
    // A link without a token is told as one with half a token is.
    const whole = typeof token === "string" ? token : "";
    return new Checkout(READ, core.open(whole && origin(api), whole));
  }

  static async fromUrl(url = here(), { api } = {}) {
    await ready();
    const handle = core.fromUrl(origin(api), String(url ?? ""));
    return handle && new Checkout(READ, handle);
  }

  linkTo(url) {
    if (url === undefined || url === null) throw new TypeError("linkTo takes an address");
    return core.linkTo(String(url), this.token);
  }

  load({ signal } = {}) {
    return core.load(this, signal);
  }

  prepare(choice, { signal } = {}) {
    return core.prepare(this, choice, signal);
  }

  openWindow(prepared, { mode, returnUrl, signal } = {}) {
    return core.openWindow(this, prepared, text(mode), text(returnUrl), signal);
  }

  verify(approved, { signal } = {}) {
    return core.verify(this, approved, signal);
  }

  confirm(approved, { signal } = {}) {
    return core.confirm(this, approved, signal);
  }

  settle({ onChange, signal } = {}) {
    return core.settle(this, onChange, signal);
  }

  async again(choice, { signal } = {}) {
    return new Checkout(READ, await core.again(this, choice, signal));
  }

  receipt({ signal } = {}) {
    return core.receipt(this, signal);
  }
}

export async function createSession({ api, key, signal, ...order } = {}) {
  if (typeof key !== "string" || typeof order.order_id !== "string") {
    throw new TypeError("createSession takes at least a key and an order_id, both of them text");
  }
  await ready();
  return new Checkout(READ, await core.begin(origin(api), key, order, signal));
}

export async function pay(checkout, { mode, returnUrl, onApproved, onAgain, onChange, signal, ...choice } = {}) {
  await ready();
  const told = { onApproved, onChange, onAgain: onAgain && ((handle) => onAgain(new Checkout(READ, handle))) };
  return core.pay(checkout, choice, text(mode), text(returnUrl), told, signal);
}

export async function resume(checkout, { url, onChange, signal } = {}) {
  await ready();
  return core.resume(checkout, text(url), onChange, signal);
}

export function parseReturn(url) {
  mustBeLoaded();
  return core.parseReturn(String(url));
}

export function checkBuyer(buyer) {
  mustBeLoaded();
  return core.checkBuyer(buyer);
}

export async function receiptKeys(api, { signal } = {}) {
  await ready();
  return core.receiptKeys(origin(api), signal);
}

export async function verifyReceipt(receipt, keys, expected) {
  await ready();
  return core.verifyReceipt(typeof receipt === "string" ? receipt : "", keys, expected);
}

/** @param {unknown} value */
function text(value) {
  return value === undefined ? undefined : String(value);
}
