// The server with its sandbox, with secrets of ours that the clients and the tools are told.

import { createHmac, randomBytes } from "node:crypto";

import { startSandbox } from "../sandbox.mjs";

const BUYER = "buyer-1";

/** Starts a server on free ports. */
export async function startWithSecrets() {
  const secret = () => randomBytes(32).toString("base64url");
  const secrets = {
    DAEGEUM_MERCHANT_KEY: secret(),
    DAEGEUM_ADMIN_KEY: secret(),
    DAEGEUM_BUYER_JWT_SECRET: secret(),
    DAEGEUM_DATA_KEY: randomBytes(32).toString("hex"),
  };
  const { base, simulator, stop } = await startSandbox({ ...secrets, DAEGEUM_GATEWAYS_MOCK: "true" });
  return {
    base,
    stop,
    /** What the clients and the tools are told. */
    environment: {
      DAEGEUM_BASE: base,
      DAEGEUM_SIMULATOR: simulator,
      DAEGEUM_MERCHANT_KEY: secrets.DAEGEUM_MERCHANT_KEY,
      DAEGEUM_ADMIN_KEY: secrets.DAEGEUM_ADMIN_KEY,
      DAEGEUM_BUYER_TOKEN: token(secrets.DAEGEUM_BUYER_JWT_SECRET),
    },
  };
}

/** A buyer's token for the next hour. */
function token(secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: BUYER, exp: Math.floor(Date.now() / 1000) + 3600 };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
