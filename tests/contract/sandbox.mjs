// The server as it is built, with its sandbox and with secrets of ours, over a folder of its own. Which program:
// DAEGEUM_BIN.

import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BUYER = "buyer-1";

/** Starts a server on free ports. */
export async function startSandbox() {
  const program = process.env.DAEGEUM_BIN;
  if (!program) throw new Error("DAEGEUM_BIN names no server; run `cargo xtask test --only contract`");
  const folder = await mkdtemp(join(tmpdir(), "daegeum-contract-"));
  const secret = () => randomBytes(32).toString("base64url");
  const secrets = {
    DAEGEUM_MERCHANT_KEY: secret(),
    DAEGEUM_ADMIN_KEY: secret(),
    DAEGEUM_BUYER_JWT_SECRET: secret(),
    DAEGEUM_DATA_KEY: randomBytes(32).toString("hex"),
  };
  const arguments_ = ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--data", folder];
  const child = spawn(program, arguments_, {
    env: { ...withoutSettings(process.env), ...secrets, DAEGEUM_GATEWAYS_MOCK: "true" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  const stop = async (signal) => {
    child.kill(signal);
    const end = await ended;
    await rm(folder, { recursive: true, force: true });
    return end;
  };
  try {
    const { base, simulator } = await printed(child, ended);
    return {
      base,
      /** What the clients and the tools are told. */
      environment: {
        DAEGEUM_BASE: base,
        DAEGEUM_SIMULATOR: simulator,
        DAEGEUM_MERCHANT_KEY: secrets.DAEGEUM_MERCHANT_KEY,
        DAEGEUM_ADMIN_KEY: secrets.DAEGEUM_ADMIN_KEY,
        DAEGEUM_BUYER_TOKEN: token(secrets.DAEGEUM_BUYER_JWT_SECRET),
      },
      async stop() {
        const end = await stop("SIGTERM");
        if (end !== 0) throw new Error(`the server ended with ${end}`);
      },
    };
  } catch (error) {
    await stop("SIGKILL");
    throw error;
  }
}

/** A buyer's token for the next hour. */
function token(secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: BUYER, exp: Math.floor(Date.now() / 1000) + 3600 };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
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
      found.base ??= /^ {2}API +(http:\/\/\S+)\/api\/v1$/.exec(line)?.[1];
      found.simulator ??= /^ {2}Toss +(http:\/\/\S+) /.exec(line)?.[1];
      if (found.base && found.simulator) resolve(found);
    });
    ended.then((end) => reject(new Error(`the server ended with ${end}:\n${said.join("\n")}`)));
    child.once("error", reject);
  });
}
