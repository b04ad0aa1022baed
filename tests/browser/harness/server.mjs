// A running server as the stories ask it, beside the browser.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { startSandbox } from "../../sandbox.mjs";
import { PATIENCE_MS } from "./browser.mjs";

/** Starts a server with its sandbox. */
export async function startServer() {
  return new Server(await startSandbox());
}

/** What one running server is asked and told beside the browser. */
class Server {
  #folder;

  constructor({ base, simulator, folder, stop }) {
    this.base = base;
    this.simulator = simulator;
    this.#folder = folder;
    this.stop = stop;
  }

  /** What the simulated Toss believes happened. */
  books() {
    return asked(`${this.simulator}/sandbox/books`);
  }

  /** What it believes of one payment of ours, or of the window that a session's token opens. */
  async booksOf(paymentOrToken) {
    const isToken = paymentOrToken.startsWith("ses_");
    const paymentId = isToken ? (await this.session(paymentOrToken)).payment_id : paymentOrToken;
    const { payments } = await this.books();
    return payments.filter((payment) => payment.orderId === paymentId);
  }

  /** Turns the simulator's dial; these rules replace those before. */
  faults(...rules) {
    return asked(`${this.simulator}/sandbox/faults`, "PUT", { rules });
  }

  /** No faults any more. */
  noFaults() {
    return asked(`${this.simulator}/sandbox/faults`, "DELETE");
  }

  /** Moves the clock of server and simulator forward. */
  moveClock(advance) {
    return asked(`${this.base}/sandbox/clock`, "POST", { advance });
  }

  /** Asks the server about a session, as its buyer's browser would. */
  session(token) {
    const [id] = token.split(".");
    return asked(`${this.base}/api/v1/payments/sessions/${id}`, "GET", undefined, token);
  }

  /** Registers an order as the merchant's backend does, and opens a checkout of it; the session's token. */
  async order(order, session = {}) {
    const secrets = await readFile(join(this.#folder, "sandbox", "secrets.toml"), "utf8");
    const [, key] = /^merchant_key = "(.*)"$/m.exec(secrets);
    await asked(`${this.base}/api/v1/orders`, "POST", { buyer_id: "buyer-1", currency: "KRW", capture: "automatic", ...order }, key);
    const begun = await asked(`${this.base}/api/v1/payments/sessions`, "POST", { order_id: order.order_id, ...session }, key);
    return begun.session_token;
  }

  /** Begins another payment of the same order, as its buyer's browser would; its token. */
  async another(token) {
    const { order_id: orderId } = await this.session(token);
    const begun = await asked(`${this.base}/api/v1/payments/sessions`, "POST", { order_id: orderId }, token);
    return begun.session_token;
  }

  /** Approves in the gateway's window on the buyer's behalf, and tells where they would be sent. */
  async approve(paymentKey) {
    const { redirect } = await asked(`${this.simulator}/sandbox/windows/${paymentKey}/approve`, "POST", {});
    return redirect;
  }

  /** Looks again and again until it is so; what never comes fails the story. */
  async until(look) {
    const longest = Date.now() + 2 * PATIENCE_MS;
    while (Date.now() < longest) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`waited in vain for ${look}`);
  }
}

async function asked(url, method = "GET", body = undefined, token = undefined) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
