// What the wasm module asks of JavaScript: requests, timers, scripts, addresses, storage, keys.
// Nothing is decided here, and everything of a page is optional, so that Node can do without.

import { CheckoutError } from "./errors.js";

/** A server that has not answered by then is not answering: it gives up waiting itself after ten seconds. */
const REQUEST_LIMIT_MS = 30_000;
const REMEMBERED = "daegeum.checkout.";
const LAST = `${REMEMBERED}last`;

/** @param {AbortSignal | undefined} signal */
function aborted(signal) {
  return new CheckoutError("aborted", "The call was aborted.", { cause: signal?.reason });
}

/**
 * Runs `start` with the functions that end it and with a list of what to undo at the end.
 *
 * @template T
 * @param {AbortSignal | undefined} signal
 * @param {(resolve: (value: T) => void, reject: (reason: unknown) => void, undo: (() => void)[]) => void} start
 * @returns {Promise<T>}
 */
function abortable(signal, start) {
  return new Promise((resolve, reject) => {
    /** @type {(() => void)[]} */
    const undo = [];
    /** @param {() => void} settle */
    const end = (settle) => {
      for (const step of undo.splice(0)) step();
      settle();
    };
    if (signal?.aborted) {
      reject(aborted(signal));
      return;
    }
    listen(signal, "abort", () => end(() => reject(aborted(signal))), undo);
    start(
      (value) => end(() => resolve(value)),
      (reason) => end(() => reject(reason)),
      undo,
    );
  });
}

/**
 * @param {EventTarget | undefined} target
 * @param {string} type
 * @param {(event: Event) => void} listener
 * @param {(() => void)[]} undo
 */
function listen(target, type, listener, undo) {
  target?.addEventListener?.(type, listener);
  undo.push(() => target?.removeEventListener?.(type, listener));
}

/**
 * @param {string} method
 * @param {string} url
 * @param {string | undefined} bearer
 * @param {unknown} body
 * @param {AbortSignal | undefined} signal
 */
export function request(method, url, bearer, body, signal) {
  return abortable(signal, (resolve, reject, undo) => {
    const sending = new AbortController();
    const limit = setTimeout(() => sending.abort(), REQUEST_LIMIT_MS);
    // At the end in any case: a caller who gives up hangs up.
    undo.push(() => clearTimeout(limit), () => sending.abort());
    const sent = exchange(method, url, bearer, body, sending.signal);
    sent.then(resolve, async (cause) => reject(await unheard(url, cause, sending.signal)));
  });
}

/** Servers that have answered this page: it may call them. @type {Set<string>} */
const answering = new Set();

/**
 * Why nothing was heard. A browser tells a page nothing of an answer that the page may not read, so
 * what anybody may read is asked for, and then what the server's list of origins covers.
 *
 * @param {string} url
 * @param {unknown} cause
 * @param {AbortSignal} signal
 */
async function unheard(url, cause, signal) {
  const server = serverOf(url);
  const page = globalThis.location?.origin;
  const isElsewhere = isPage() && page !== undefined && new URL(url).origin !== page;
  if (isElsewhere && !answering.has(server) && !signal.aborted) {
    const isThere = await readable(`${server}/.well-known/jwks.json`, signal);
    if (isThere && !(await readable(`${server}/api/v1/me/payments`, signal))) {
      const message = `The server at ${server} lets no page of ${page} call it: that origin is not in its setting checkout.redirect_origins.`;
      return new CheckoutError("origin_not_allowed", message, { reason: page, cause });
    }
  }
  const message = "The server could not be reached, or its answer did not come.";
  return new CheckoutError("network", message, { retry: true, cause });
}

/** @param {string} url */
function serverOf(url) {
  const [server] = url.split(/\/(?:api\/v1|\.well-known)\//);
  return server;
}

/** Whether an answer comes, whatever it says. @param {string} url @param {AbortSignal} signal */
async function readable(url, signal) {
  try {
    await fetch(url, { signal, cache: "no-store", credentials: "omit", redirect: "error" });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {string | undefined} bearer
 * @param {unknown} body
 * @param {AbortSignal} signal
 */
async function exchange(method, url, bearer, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json, application/problem+json" };
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(url, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
  const answer = json(await response.text());
  if (answer !== undefined) answering.add(serverOf(url));
  if (response.ok && answer === undefined) throw new TypeError("What has answered is not the server.");
  return {
    status: response.status,
    body: answer,
    retry_after_ms: seconds(response.headers.get("retry-after")),
  };
}

/** @param {string} text */
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string | null} header whole seconds; a date, which our server does not send, is not read */
function seconds(header) {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) * 1_000 : undefined;
}

/**
 * Waits; less if the page comes into view or the network comes back meanwhile.
 *
 * @param {number} ms
 * @param {AbortSignal | undefined} signal
 */
export function pause(ms, signal) {
  return abortable(signal, (resolve, _, undo) => {
    const timer = setTimeout(resolve, ms);
    undo.push(() => clearTimeout(timer));
    listen(globalThis.window, "online", () => resolve(undefined), undo);
    const seen = () => {
      if (document.visibilityState === "visible") resolve(undefined);
    };
    listen(globalThis.document, "visibilitychange", seen, undo);
  });
}

/** @param {unknown} value */
export function whole(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}

/** @param {bigint} whole */
export function number(whole) {
  return Number(whole);
}

/** @param {bigint} ms */
export function moment(ms) {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function chance() {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Scripts being loaded, by address: two callers wait for one. @type {Map<string, Promise<void>>} */
const scripts = new Map();

/**
 * Loads a classic script that defines `global`. One that failed is taken out of the page, so that
 * the next call tries again.
 *
 * @param {string} url
 * @param {string} global
 * @param {number} limitMs
 * @param {AbortSignal | undefined} signal
 */
export function loadScript(url, global, limitMs, signal) {
  return abortable(signal, (resolve, reject) => {
    if (Reflect.has(globalThis, global)) {
      resolve(undefined);
      return;
    }
    if (!isPage()) {
      reject(new CheckoutError("unsupported", "A gateway's window can only be opened from a page."));
      return;
    }
    const loading = scripts.get(url) ?? load(url, global, limitMs);
    scripts.set(url, loading);
    loading.finally(() => scripts.delete(url)).then(resolve, reject);
  });
}

/**
 * @param {string} url
 * @param {string} global
 * @param {number} limitMs
 * @returns {Promise<void>}
 */
function load(url, global, limitMs) {
  const script = document.createElement("script");
  return new Promise((resolve, reject) => {
    /** @param {string} reason @param {string} message */
    const fail = (reason, message) => {
      clearTimeout(limit);
      script.remove();
      reject(new CheckoutError("script_blocked", `${url} ${message}`, { reason, retry: true }));
    };
    const limit = setTimeout(() => fail("timeout", "did not load in time."), limitMs);
    script.onerror = () => fail("blocked", "could not be loaded.");
    script.onload = () => {
      if (!Reflect.has(globalThis, global)) return fail("empty", `did not define ${global}.`);
      clearTimeout(limit);
      resolve();
    };
    script.async = true;
    script.src = url;
    document.head.append(script);
  });
}

/**
 * What a window's promise comes to. For a page that is left for the window it never comes to
 * anything good: the next page has the outcome. One that comes back as it was (from the browser's
 * cache, by "back") has had its window closed.
 *
 * @param {Promise<unknown>} promise
 * @param {boolean} leavesPage
 * @param {AbortSignal | undefined} signal
 */
export function settled(promise, leavesPage, signal) {
  return abortable(signal, (resolve, reject, undo) => {
    promise.then(leavesPage ? undefined : resolve, reject);
    if (!leavesPage) return;
    const back = (/** @type {Event} */ event) => {
      if (!(/** @type {PageTransitionEvent} */ (event).persisted)) return;
      const message = "The buyer came back from the gateway's window.";
      reject(new CheckoutError("window_closed", message, { retry: true }));
    };
    listen(globalThis.window, "pageshow", back, undo);
  });
}

export function isPage() {
  return globalThis.document !== undefined;
}

/** @returns {string | undefined} */
export function here() {
  return globalThis.location?.href;
}

/** @param {string} url */
export function showAddress(url) {
  try {
    globalThis.history?.replaceState(globalThis.history.state, "", url);
  } catch {
    // Some browsers allow only so many a minute. The address keeps what is dealt with already, which
    // the next page load finds out.
  }
}

/**
 * The tab's own storage, unless the browser forbids it: then a lost fragment stays lost, and no
 * more than that.
 *
 * @template T
 * @param {(storage: Storage) => T} use
 * @returns {T | undefined}
 */
function stored(use) {
  try {
    return use(globalThis.sessionStorage);
  } catch {
    return undefined;
  }
}

/** @param {string} paymentId @param {string} token */
export function remember(paymentId, token) {
  stored((storage) => {
    storage.setItem(REMEMBERED + paymentId, token);
    storage.setItem(LAST, token);
  });
}

/** @param {string | undefined} paymentId @returns {string | undefined} */
export function remembered(paymentId) {
  const key = paymentId === undefined ? LAST : REMEMBERED + paymentId;
  return stored((storage) => storage.getItem(key)) ?? undefined;
}

/** @param {string} text */
export function decoded(text) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(text)));
  } catch {
    return undefined;
  }
}

/** @param {string} text */
export async function sha256(text) {
  const hash = await subtle().digest("SHA-256", new TextEncoder().encode(text));
  return base64url(new Uint8Array(hash));
}

/**
 * @param {string} x
 * @param {string} text
 * @param {string} signature
 */
export async function verifies(x, text, signature) {
  const key = await publicKey({ kty: "OKP", crv: "Ed25519", x });
  let signed;
  try {
    signed = bytes(signature);
  } catch {
    return false;
  }
  return subtle().verify({ name: "Ed25519" }, key, signed, new TextEncoder().encode(text));
}

/** @param {JsonWebKey} jwk */
async function publicKey(jwk) {
  try {
    return await subtle().importKey("jwk", jwk, { name: "Ed25519" }, false, ["verify"]);
  } catch (cause) {
    if (/** @type {Error} */ (cause).name === "NotSupportedError") throw unverifiable(cause);
    const message = "The key of this receipt is no Ed25519 key.";
    throw new CheckoutError("receipt_invalid", message, { reason: "key", cause });
  }
}

function subtle() {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) throw unverifiable();
  return subtle;
}

/** @param {unknown} [cause] */
function unverifiable(cause) {
  const message = "Receipts need WebCrypto with Ed25519, and a secure context.";
  return new CheckoutError("unsupported", message, { cause });
}

/**
 * Strict, as the engine is: one text for the same bytes, so no padding, no space, no other alphabet
 * and no spare bits.
 *
 * @param {string} text throws where it is none
 */
function bytes(text) {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (base64url(bytes) !== text) throw new TypeError("This is not base64url.");
  return bytes;
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
