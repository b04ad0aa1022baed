// The server as it is built, with its sandbox, over a folder of its own. Which program: DAEGEUM_BIN.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { PATIENCE_MS } from "./browser.mjs";

/** Starts a server on free ports and reads from what it prints where it and its simulator are. */
export async function startServer() {
  const program = process.env.DAEGEUM_BIN;
  if (!program) throw new Error("DAEGEUM_BIN names no server; run `cargo xtask browser`");
  const folder = await mkdtemp(join(tmpdir(), "daegeum-browser-"));
  const child = spawn(program, ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", folder], {
    env: withoutSettings(process.env),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  try {
    const addresses = await printed(child, ended);
    return new Server(addresses, child, ended, folder);
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What one running server is asked and told beside the browser. */
class Server {
  #child;
  #ended;
  #folder;

  constructor({ base, simulator }, child, ended, folder) {
    this.base = base;
    this.simulator = simulator;
    this.#child = child;
    this.#ended = ended;
    this.#folder = folder;
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

  async stop() {
    this.#child.kill("SIGTERM");
    const end = await this.#ended;
    await rm(this.#folder, { recursive: true, force: true });
    if (end !== 0) throw new Error(`the server ended with ${end}`);
  }
}

/** The settings of whoever runs the tests are not the tests'. */
function withoutSettings(environment) {
  const ours = /^(DAEGEUM_|TOSS_PAYMENTS_|APP_BASE_URL$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.test(name)));
}

/** The two addresses, once both were printed; the rest of what is printed is read and dropped. */
function printed(child, ended) {
  return new Promise((resolve, reject) => {
    const said = [];
    const found = {};
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      found.base ??= /^ {2}Shop +(http:\/\/\S+)\/shop\b/.exec(line)?.[1];
      found.simulator ??= /^ {2}Toss +(http:\/\/\S+) /.exec(line)?.[1];
      if (found.base && found.simulator) resolve(found);
    });
    ended.then((end) => reject(new Error(`the server ended with ${end}:\n${said.join("\n")}`)));
    child.once("error", reject);
  });
}

async function asked(url, method = "GET", body = undefined, token = undefined) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
