// The public functions, over the wasm module. See index.d.ts for what they promise.

import * as core from "./core.js";
import { address, decided, invalid, mustBeCheckout, options, server, text, wholeAddress } from "./arguments.js";
import { CheckoutError } from "./errors.js";
import { mustBeLoaded, ready } from "./module.js";
import { here } from "./platform.js";

export { CheckoutError, ready };

/** What a buyer decides. */
const CHOICE = ["method", "easy_pay", "installments", "buyer_name", "buyer_email", "buyer_tel"];
/** What they say when they are about to pay. */
const PREPARING = [...CHOICE, "consents"];
const WAITING = ["signal"];
const WATCHING = [...WAITING, "onChange"];
const WINDOW = [...WAITING, "mode", "returnUrl"];
const SESSION = [...CHOICE, ...WAITING, "api", "key", "order_id", "provider", "redirect_url", "failure_redirect_url", "idempotency_key"];
const PAYMENT = [...PREPARING, ...WINDOW, ...WATCHING, "onApproved", "onAgain"];
const EXPECTED = ["payment_id", "order_id", "amount"];

/** Only handles that the core has read make a Checkout. */
const READ = Symbol("read");

/** @typedef {{ api: string, token: string, session_id: string, expires_at: string }} Handle */

export class Checkout {
  /** @param {symbol} read @param {Handle} handle */
  constructor(read, handle) {
    if (read !== READ) throw invalid("checkout", "Checkouts are opened: Checkout.open, Checkout.fromUrl or createSession.");
    this.api = handle.api;
    this.session_id = handle.session_id;
    this.token = handle.token;
    this.expires_at = handle.expires_at;
    Object.freeze(this);
  }

  static async open(given) {
    const { api, token } = options("Checkout.open", given, ["api", "token"]);
    await ready();
    // A link without a token is told as one with half a token is.
    const whole = typeof token === "string" ? token : "";
    return new Checkout(READ, core.open(whole && server(api), whole));
  }

  static async fromUrl(url = here() ?? "", given) {
    const { api } = options("Checkout.fromUrl", given, ["api"]);
    const opened = address("url", url);
    await ready();
    const handle = core.fromUrl(server(api), opened);
    return handle && new Checkout(READ, handle);
  }

  linkTo(url) {
    return core.linkTo(address("url", url), this.token);
  }

  async load(given) {
    const { signal } = options("load", given, WAITING);
    return core.load(this, signal);
  }

  async prepare(choice, given) {
    const { signal } = options("prepare", given, WAITING);
    return core.prepare(this, decided(options("prepare", choice, PREPARING)), signal);
  }

  async openWindow(prepared, given) {
    const { mode, returnUrl, signal } = options("openWindow", given, WINDOW);
    return core.openWindow(this, prepared, text("mode", mode), wholeAddress("returnUrl", returnUrl), signal);
  }

  async verify(approved, given) {
    const { signal } = options("verify", given, WAITING);
    return core.verify(this, approved, signal);
  }

  async confirm(approved, given) {
    const { signal } = options("confirm", given, WAITING);
    return core.confirm(this, approved, signal);
  }

  async settle(given) {
    const { onChange, signal } = options("settle", given, WATCHING);
    return core.settle(this, onChange, signal);
  }

  async again(choice, given) {
    const { signal } = options("again", given, WAITING);
    return new Checkout(READ, await core.again(this, decided(options("again", choice, CHOICE)), signal));
  }

  async receipt(given) {
    const { signal } = options("receipt", given, WAITING);
    return core.receipt(this, signal);
  }
}

export async function createSession(given) {
  const { api, key, signal, ...order } = options("createSession", given, SESSION);
  const named = { key, order_id: order.order_id };
  for (const [name, value] of Object.entries(named)) {
    if (typeof value !== "string" || value === "") throw invalid(name, `createSession takes a \`${name}\`, which is text.`);
  }
  const url = server(api);
  decided(order);
  await ready();
  return new Checkout(READ, await core.begin(url, key, order, signal));
}

export async function pay(checkout, given) {
  mustBeCheckout("pay", checkout);
  const { mode, returnUrl, onApproved, onAgain, onChange, signal, ...choice } = options("pay", given, PAYMENT);
  const backTo = wholeAddress("returnUrl", returnUrl);
  decided(choice);
  await ready();
  const told = { onApproved, onChange, onAgain: onAgain && ((handle) => onAgain(new Checkout(READ, handle))) };
  return core.pay(checkout, choice, text("mode", mode), backTo, told, signal);
}

export async function resume(checkout, given) {
  mustBeCheckout("resume", checkout);
  const { url, onChange, signal } = options("resume", given, [...WATCHING, "url"]);
  const opened = url === undefined ? undefined : address("url", url);
  await ready();
  return core.resume(checkout, opened, onChange, signal);
}

export function parseReturn(url) {
  mustBeLoaded();
  return core.parseReturn(address("url", url));
}

export function checkBuyer(buyer) {
  mustBeLoaded();
  return core.checkBuyer(options("checkBuyer", buyer, CHOICE));
}

export async function receiptKeys(api, given) {
  const { signal } = options("receiptKeys", given, WAITING);
  const url = server(api);
  await ready();
  return core.receiptKeys(url, signal);
}

export async function verifyReceipt(receipt, keys, expected) {
  // A misspelt expectation would be none, and any receipt would meet it.
  const wanted = options("verifyReceipt", expected, EXPECTED);
  await ready();
  return core.verifyReceipt(typeof receipt === "string" ? receipt : "", keys, wanted);
}
