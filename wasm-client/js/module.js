// The wasm module: where it is, and that it is loaded once. Which entry of the package was imported
// says where; `ready` takes another place where a bundler has put it elsewhere.

import loadCore from "./core.js";
import { invalid, isA, options } from "./arguments.js";
import { CheckoutError } from "./errors.js";
import { here } from "./platform.js";

/** @typedef {WebAssembly.Module | BufferSource | Response} Source */

/** What the entry says: an address to load, or the module's own bytes. @type {(() => URL | BufferSource) | undefined} */
let entry;
/** What a caller says, which counts more. @type {{ module?: unknown, url?: unknown }} */
let said = {};
/** @type {Promise<void> | undefined} */
let loading;
let isLoaded = false;

/** @param {() => URL | BufferSource} where */
export function moduleIs(where) {
  entry ??= where;
}

/** @param {unknown} [given] */
export async function ready(given) {
  const { module, url } = options("ready", given, ["module", "url"]);
  if (module !== undefined && url !== undefined) throw invalid("url", "ready takes `module` or `url`, not both.");
  if (module !== undefined || url !== undefined) said = { module, url };
  loading ??= load().catch((cause) => {
    loading = undefined;
    throw cause;
  });
  return loading;
}

export function mustBeLoaded() {
  if (!isLoaded) throw new CheckoutError("unsupported", "Await ready() before this function.");
}

async function load() {
  const source = await found();
  try {
    await loadCore({ module_or_path: source });
  } catch (cause) {
    throw new CheckoutError("unsupported", "The checkout's wasm module cannot run here: see `cause`.", { cause });
  }
  isLoaded = true;
}

/** @returns {Promise<Source>} */
async function found() {
  if (said.module !== undefined) return given(await said.module);
  if (said.url !== undefined) return fetched(address(said.url));
  const where = entry?.();
  if (where === undefined) throw new CheckoutError("module_missing", `This bundle has no wasm module. ${WAY_OUT}`);
  return where instanceof URL ? fetched(where) : where;
}

/** @param {any} module @returns {Source} */
function given(module) {
  const isSource = ["WebAssembly.Module", "ArrayBuffer", "Response"].some((type) => isA(type, module));
  if (isSource || ArrayBuffer.isView(module)) return /** @type {Source} */ (module);
  throw invalid("module", "`module` is a WebAssembly.Module, its bytes, or a Response with them.");
}

/** @param {unknown} url */
function address(url) {
  try {
    return new URL(String(url), here());
  } catch {
    throw invalid("url", "`url` is the address of core_bg.wasm; outside a page it has to be whole.");
  }
}

const WAY_OUT =
  'Import "@daegeum/checkout/inline", which has the module in it, or say where it is: ready({ url }) or ready({ module }).';

/** @param {URL} url @returns {Promise<Source>} */
async function fetched(url) {
  if (url.protocol === "file:") return read(url);
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin" });
  } catch (cause) {
    throw new CheckoutError("network", `${url} could not be loaded.`, { retry: true, cause });
  }
  const { status } = response;
  if (status >= 500 || status === 408 || status === 429) {
    throw new CheckoutError("network", `${url} could not be loaded: the answer was ${status}.`, { status, retry: true });
  }
  // Servers of single pages answer any address with their page.
  const isPage = response.headers.get("content-type")?.startsWith("text/html");
  if (response.ok && !isPage) return response;
  const instead = response.ok ? "a page" : `a ${status}`;
  throw new CheckoutError("module_missing", `The wasm module is not at ${url}: there is ${instead}. ${WAY_OUT}`, { status });
}

/** Where `fetch` opens no files. @param {URL} url @returns {Promise<BufferSource>} */
async function read(url) {
  const files = /** @type {any} */ (globalThis).process?.getBuiltinModule?.("node:fs/promises");
  try {
    return await files.readFile(url);
  } catch (cause) {
    throw new CheckoutError("module_missing", `The wasm module cannot be read at ${url}. ${WAY_OUT}`, { cause });
  }
}
