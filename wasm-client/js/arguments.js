// What callers pass, before anything is done with it: a misspelt option would be dropped, and a
// wrong one would fail somewhere that does not know its name.

import { CheckoutError } from "./errors.js";

/** @param {string} argument @param {string} message */
export function invalid(argument, message) {
  return new CheckoutError("invalid_argument", message, { field: argument });
}

/**
 * The options of a call, or none: an object with these names and no others.
 *
 * @param {string} call
 * @param {unknown} given
 * @param {readonly string[]} known
 * @returns {Record<string, any>}
 */
export function options(call, given, known) {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object") throw invalid("options", `${call} takes its options as an object.`);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw invalid(name, unknown(call, name, known));
  }
  const { signal, ...others } = /** @type {Record<string, any>} */ (given);
  mustBeSignal(signal);
  for (const [name, value] of Object.entries(others)) {
    const isListener = /^on[A-Z]/.test(name) && value !== undefined && value !== null;
    if (isListener && typeof value !== "function") throw invalid(name, `\`${name}\` has to be a function.`);
  }
  return given;
}

/** @param {string} call @param {string} name @param {readonly string[]} known */
function unknown(call, name, known) {
  const [nearest] = known.filter((one) => distance(one, name) <= 3).sort((a, b) => distance(a, name) - distance(b, name));
  const meant = nearest === undefined ? `it has ${known.join(", ")}` : `did you mean \`${nearest}\`?`;
  return `${call} has no option \`${name}\`; ${meant}`;
}

/** How many letters have to change (Levenshtein); names that differ in form alone do not differ. @param {string} a @param {string} b */
function distance(a, b) {
  const [from, to] = [a, b].map((name) => name.replaceAll("_", "").toLowerCase());
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...from].entries()) {
    const next = [at + 1];
    for (const [column, other] of [...to].entries()) {
      next.push(Math.min(next[column] + 1, row[column + 1] + 1, row[column] + Number(letter !== other)));
    }
    row = next;
  }
  return row[to.length];
}

/** @param {any} signal */
function mustBeSignal(signal) {
  if (signal === undefined || signal === null) return;
  if (typeof signal.aborted === "boolean" && typeof signal.addEventListener === "function") return;
  throw invalid("signal", "`signal` has to be an AbortSignal: the `signal` of an AbortController.");
}

/**
 * The server's address, without a `/` at its end.
 *
 * @param {unknown} api default: the page's own origin
 */
export function server(api) {
  const said = api ?? globalThis.location?.origin;
  if (said === undefined) throw invalid("api", 'Outside a page the server has to be named: pass `api`, as in "https://pay.example".');
  const address = parsed(said);
  if (address === undefined || !/^https?:$/.test(address.protocol)) {
    throw invalid("api", `\`api\` is ${shown(said)}, which is no server's address: it begins with https:// or http://, as in "https://pay.example".`);
  }
  if (address.username || address.password || address.search || address.hash) {
    throw invalid("api", '`api` is the server\'s address and no more: leave out user, query and fragment, as in "https://pay.example".');
  }
  return (address.origin + address.pathname).replace(/\/+$/, "");
}

/** @param {unknown} said @param {string} [base] */
function parsed(said, base) {
  try {
    return new URL(String(said), base);
  } catch {
    return undefined;
  }
}

/** A wrong value as an error shows it: what looks as if it had a secret in it is not repeated. @param {unknown} value */
function shown(value) {
  const text = String(value);
  return text.length > 100 || text.includes("@") ? "a text" : JSON.stringify(text);
}

/**
 * An address of a page.
 *
 * @param {string} argument
 * @param {unknown} url
 */
export function address(argument, url) {
  if (typeof url === "string" || isA("URL", url)) return String(url);
  throw invalid(argument, `\`${argument}\` is an address: text, or a URL.`);
}

/**
 * An address that somebody else will open, whole; one that is relative is the page's.
 *
 * @param {string} argument
 * @param {unknown} url
 */
export function wholeAddress(argument, url) {
  if (url === undefined || url === null) return undefined;
  const whole = parsed(address(argument, url), globalThis.location?.href);
  if (whole !== undefined && /^https?:$/.test(whole.protocol)) return String(whole);
  throw invalid(argument, `\`${argument}\` is ${shown(url)}, which is no address of a page, as in "https://shop.example/pay".`);
}

/** By its tag: an object of another realm (a test runner's, an edge runtime's) is an instance of nothing here. @param {string} type @param {unknown} value */
export function isA(type, value) {
  return Object.prototype.toString.call(value) === `[object ${type}]`;
}

/** @param {string} argument @param {unknown} value */
export function text(argument, value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw invalid(argument, `\`${argument}\` has to be text.`);
}

const WORDS = {
  method: ["card", "transfer", "mobile"],
  easy_pay: ["tosspay", "kakaopay", "naverpay", "payco", "samsungpay", "applepay", "lpay", "ssgpay", "pinpay"],
  installments: [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  consents: ["purchase", "personal_data"],
};

/**
 * What a buyer decides, in words that the types have.
 *
 * @template {Record<string, any>} C
 * @param {C} choice
 * @returns {C}
 */
export function decided(choice) {
  for (const [name, known] of Object.entries(WORDS)) {
    const said = choice[name] ?? [];
    for (const one of Array.isArray(said) ? said : [said]) {
      const word = name === "consents" ? one?.consent : one;
      if (!(/** @type {unknown[]} */ (known).includes(word))) throw invalid(name, `\`${name}\` has ${shown(word)}, and only ${known.join(", ")} are known.`);
    }
  }
  return choice;
}

/**
 * Something to pay. `null` is what an address without a token opens, and is told as that.
 *
 * @param {string} call
 * @param {any} checkout
 */
export function mustBeCheckout(call, checkout) {
  if (checkout === null) {
    throw new CheckoutError("invalid_link", `There is nothing to ${call}: the address has no token, so Checkout.fromUrl gave null.`);
  }
  if (typeof checkout?.token !== "string" || typeof checkout.api !== "string") {
    throw invalid("checkout", `${call} takes a Checkout: what Checkout.fromUrl, Checkout.open or createSession gives.`);
  }
}
