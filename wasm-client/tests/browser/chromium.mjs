// Chromium, and a site that serves the package to it as a merchant's would: static files, a strict
// policy, and the gateway's simulated script with a window that does what the test says.

import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { Contract } from "../contract.mjs";

const PACKAGE = fileURLToPath(new URL("../../pkg", import.meta.url));
const SDK = fileURLToPath(new URL("../../../sandbox/src/toss/sdk.js", import.meta.url));
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"];
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

export function launch() {
  const executablePath = process.env.DAEGEUM_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...ARGS, "--disable-background-networking", "--disable-sync"] });
}

/** A contract with a site in front of it. */
export async function site() {
  const contract = await Contract.start();
  const put = (path, type, body, headers = {}) =>
    contract.pages.set(path, (_, response) => response.writeHead(200, { "content-type": type, ...headers }).end(body));
  contract.put = put;
  contract.folder = (prefix, folder, names) => {
    for (const name of names) put(prefix + name, TYPES[extname(name)], readFileSync(join(folder, name)));
  };
  /** A page with this script beside it. */
  contract.page = (path, html, script, policy = POLICY) => {
    put(path, "text/html; charset=utf-8", `<!doctype html><title>pay</title>${html}`, { "content-security-policy": policy });
    put(`${path}.js`, "text/javascript", script);
  };
  contract.folder("/checkout/", PACKAGE, ["index.js", "core_bg.wasm"]);
  contract.sdk = () => put("/sdk.js", "text/javascript", readFileSync(SDK));
  contract.sdk();
  contract.pages.set("/sandbox/window", (request, response) => contract.window(request, response));
  contract.window = approve();
  return contract;
}

/** The gateway's window: the buyer approves at once. */
export function approve(change = {}) {
  return ended((asked) => ({ paymentKey: "tgen_1", orderId: asked.orderId, amount: asked.amount.value, ...change }));
}

/** The gateway's window: it ends with a code. */
export function refuse(code, message) {
  return ended(() => ({ code, message }));
}

/** By redirect or by a message, whichever it was opened for; `to` changes the address to go back to. */
export function ended(outcome, to = (url) => url) {
  return (request, response) => {
    const asked = JSON.parse(new URL(request.url, "http://localhost").searchParams.get("request"));
    const said = outcome(asked);
    if (asked.successUrl) {
      const back = new URL(asked.successUrl);
      for (const [name, value] of Object.entries(said)) back.searchParams.set(name, value);
      return response.writeHead(303, { location: to(back.href) }).end();
    }
    const told = JSON.stringify({ simulatedToss: true, orderId: asked.orderId, ...said });
    const script = `opener.postMessage(${told}, ${JSON.stringify(asked.opener)}); addEventListener("message", () => close());`;
    response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><script>${script}</script>`);
  };
}
