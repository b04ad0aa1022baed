// A server that speaks the documented contract of checkouts and nothing more, with faults on demand.
// It is written from docs/api.md, so that it can prove the package wrong; the real server and its
// pages are tested with the package elsewhere.

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";

const b64 = (value) => Buffer.from(value).toString("base64url");
const hex = (number) => number.toString(16).padStart(32, "0");

/** What follows from each status. */
const NEXT = {
  created: "prepare",
  prepared: "open_window",
  pending: "wait",
  unknown: "wait",
  awaiting_deposit: "transfer",
  authorized: "nothing",
  paid: "nothing",
  failed: "begin_again",
  canceled: "begin_again",
  expired: "begin_again",
  in_review: "nothing",
  refunded: "nothing",
  paid_by_another: "nothing",
};

const OF_PAYMENT = { paid: "CAPTURED", authorized: "AUTHORIZED", failed: "FAILED", canceled: "CANCELED" };

export class Contract {
  sessions = new Map();
  /** Every request that arrived: `GET /path`. */
  heard = [];
  /** Bodies of the requests, beside `heard`. */
  bodies = [];
  /** What comes between a request and its answer, first come first served, by `METHOD route`. */
  #faults = [];
  #created = 0;
  #payments = 0;
  #updates = 0;
  #keys = generateKeyPairSync("ed25519");
  /** What a confirmation leads to. */
  confirmed = "paid";
  /** Origins whose pages may call it, besides its own. */
  #origins = new Set();
  /** Routes of a test's own: path → (request, response). */
  pages = new Map();

  static async start() {
    const contract = new Contract();
    contract.server = createServer((request, response) => contract.#serve(request, response));
    await new Promise((listening) => contract.server.listen(0, "127.0.0.1", listening));
    contract.url = `http://127.0.0.1:${contract.server.address().port}`;
    return contract;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /**
   * What becomes of the next request of this route: `drop` before it counts, `drop after` it has,
   * a function that answers it, or {@link also}.
   */
  fault(route, what) {
    this.#faults.push({ route, what });
  }

  /** Forgets the faults that no request has met. */
  calm() {
    this.#faults.length = 0;
  }

  /** A session of a new order, and its token. */
  session(status = "created", more = {}) {
    this.#created += 1;
    const session_id = `ses_${hex(this.#created)}`;
    const payment_id = this.#payment();
    const order_id = `ORD-${this.#created}`;
    const session = { session_id, payment_id, status, amount: 11_000, order_id, noted: null, ...more };
    session.token = `${session_id}.4102444800000.${b64(`proof ${session_id}`)}`;
    this.sessions.set(session_id, session);
    return session;
  }

  /** Lets the pages of an origin call it. */
  allow(origin) {
    this.#origins.add(origin);
  }

  /** How many requests of this route arrived. */
  count(route) {
    return this.heard.filter((line) => line === route).length;
  }

  /** Another payment of the order takes the session over: nothing has happened to it yet. */
  takeOver(session) {
    session.payment_id = this.#payment();
    session.noted = null;
    this.move(session, "created");
  }

  /** A payment's id has nothing of its session's. */
  #payment() {
    this.#payments += 1;
    return `pay_f${hex(this.#payments).slice(1)}`;
  }

  move(session, status) {
    session.status = status;
    this.#updates += 1;
    session.updated = this.#updates;
  }

  async #serve(request, response) {
    const { pathname } = new URL(request.url, "http://localhost");
    const page = this.pages.get(pathname);
    if (page) return page(request, response);
    this.#letIn(pathname, request.headers.origin, response);
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const body = await read(request);
    const route = `${request.method} ${pathname.replace(/(ses|pay)_[0-9a-f]{32}/, ":id")}`;
    this.heard.push(route);
    this.bodies.push(body);
    const at = this.#faults.findIndex((fault) => fault.route === route);
    const fault = at < 0 ? null : this.#faults.splice(at, 1)[0].what;
    if (fault === "drop") return request.socket.destroy();
    if (typeof fault === "function") return fault(response);
    fault?.also?.();
    const [status, answer] = this.#answer(route, pathname, request.headers, body);
    if (fault === "drop after") return request.socket.destroy();
    send(response, status, answer);
  }

  /** The key set to everybody, the rest to the pages of listed origins. */
  #letIn(pathname, origin, response) {
    const isPublic = pathname.startsWith("/.well-known/");
    if (!isPublic && !this.#origins.has(origin)) return;
    response.setHeader("access-control-allow-origin", isPublic ? "*" : origin);
    response.setHeader("access-control-allow-headers", "authorization, content-type, idempotency-key");
  }

  #answer(route, pathname, headers, body) {
    const bearer = headers.authorization?.replace(/^Bearer /, "");
    if (route === "GET /.well-known/jwks.json") return [200, this.jwks()];
    if (route === "POST /api/v1/payments/sessions") return this.#begin(bearer, body);
    const session = [...this.sessions.values()].find((one) => one.token === bearer);
    if (!session) return refusal(401, "INVALID_CREDENTIALS");
    if (session.ended) return refusal(401, "TOKEN_EXPIRED");
    switch (route) {
      case "GET /api/v1/payments/sessions/:id":
        return pathname.endsWith(session.session_id) ? [200, this.#view(session)] : refusal(404, "PAYMENT_NOT_FOUND");
      case "POST /api/v1/payments/sessions/:id/prepare":
        return this.#prepare(session, body);
      case "POST /api/v1/payments/verify":
        return this.#compare(session, body) ?? [200, this.#view(session).payment];
      case "POST /api/v1/payments/confirm":
        return this.#confirm(session, body);
      case "GET /api/v1/payments/:id/receipt":
        if (!pathname.includes(session.payment_id)) return refusal(404, "PAYMENT_NOT_FOUND");
        return session.status === "paid" ? [200, this.#receipt(session)] : refusal(409, "RECEIPT_UNAVAILABLE");
      default:
        return refusal(404, "NOT_FOUND");
    }
  }

  #begin(bearer, body) {
    const former = [...this.sessions.values()].find((one) => one.token === bearer);
    if (!former && bearer !== "merchant") return refusal(401, "INVALID_CREDENTIALS");
    if (body.order_id === "unknown") return refusal(404, "ORDER_NOT_FOUND");
    const session = this.session("created", { order_id: body.order_id, method: body.method ?? former?.method });
    const { order, methods, method, easy_pay, easy_pays, installments, installments_max, ...view } = this.#view(session);
    return [201, { ...view, session_token: session.token }];
  }

  #prepare(session, body) {
    if (!["created", "prepared"].includes(session.status)) return refusal(409, "PAYMENT_NOT_PERMITTED");
    // Consents are no choice: they may be said again.
    const { consents, ...choice } = body ?? {};
    const said = JSON.stringify(choice);
    if (session.noted !== null && said !== "{}" && said !== session.noted) return refusal(409, "SESSION_PREPARED");
    if (session.status === "created") {
      session.noted = said;
      session.method = body?.method ?? session.method ?? "card";
      session.easy_pay = body?.easy_pay ?? null;
      session.installments = body?.installments ?? null;
      this.move(session, "prepared");
    }
    const { order, methods, method, easy_pay, easy_pays, installments, installments_max, ...view } = this.#view(session);
    const direct = easy_pay && { flow_mode: "DIRECT", easy_pay: easy_pay.toUpperCase() };
    const settled = installments !== null && { flow_mode: "DEFAULT", card_installment_plan: installments };
    const window = {
      provider: "TOSS",
      sdk_url: `${this.url}/sdk.js`,
      client_key: "test_ck_contract",
      customer_key: "customer-1",
      method: { card: "CARD", transfer: "TRANSFER", mobile: "MOBILE_PHONE" }[session.method],
      amount: { currency: "KRW", value: session.amount },
      tax_free_amount: 0,
      order_id: session.payment_id,
      order_name: "수채화 강의",
      card: direct || settled || null,
      customer_name: body?.buyer_name ?? null,
      customer_email: null,
      customer_mobile_phone: null,
      success_url: null,
      fail_url: null,
    };
    return [200, { ...view, window }];
  }

  #compare(session, body) {
    const same = body.order_id === session.payment_id && body.amount === session.amount;
    return same ? null : refusal(422, "MISMATCHED");
  }

  #confirm(session, body) {
    const mismatched = this.#compare(session, body);
    if (mismatched) return mismatched;
    if (session.status === "prepared") this.move(session, this.confirmed);
    return [NEXT[session.status] === "wait" ? 202 : 200, this.#view(session).payment];
  }

  #view(session) {
    const id = session.payment_id;
    const waits = NEXT[session.status] === "wait";
    const payment = {
      payment_id: id,
      order_id: session.order_id,
      status: OF_PAYMENT[session.status] ?? "INITIATED",
      detail: session.status.toUpperCase(),
      amount: session.amount,
      currency: "KRW",
      provider: "TOSS",
      provider_payment_id: session.status === "paid" ? "tgen_1" : null,
      operation: waits ? { kind: "confirm", state: "INTENDED" } : null,
      created_at: "2026-01-01T00:00:00.000Z",
      updated_at: new Date(1_767_225_600_000 + (session.updated ?? 0)).toISOString(),
    };
    if (session.status === "failed") {
      const message = { ko: "카드 한도를 넘었습니다.", en: "The card's limit is exceeded." };
      payment.failure = { code: "EXCEED_MAX_AMOUNT", fault: "buyer", retry: "other_method", message };
    }
    return {
      session_id: session.session_id,
      status: session.status,
      next: NEXT[session.status],
      payment_id: id,
      order_id: session.order_id,
      amount: session.amount,
      currency: "KRW",
      provider: "TOSS",
      capture: "charge_then_hold",
      expires_at: "2100-01-01T00:00:00.000Z",
      payment,
      method: session.method ?? null,
      methods: ["card", "transfer", "mobile"],
      easy_pay: session.easy_pay ?? null,
      easy_pays: ["kakaopay", "naverpay", "tosspay"],
      installments: session.installments ?? null,
      installments_max: 12,
      order: {
        status: "PAYMENT_PENDING",
        title: "수채화 강의",
        total: session.amount,
        amounts: { supply: 10_000, vat: 1_000, tax_free: 0 },
        capture: "automatic",
        lines: [{ name: "수채화 강의", quantity: 1, unit_price: 11_000, tax: "taxable" }],
        expires_at: "2100-01-01T00:00:00.000Z",
      },
    };
  }

  jwks() {
    const { kty, crv, x } = this.#keys.publicKey.export({ format: "jwk" });
    const other = { kty: "RSA", n: "AQAB", e: "AQAB", kid: "another" };
    return { keys: [other, { kty, crv, x, kid: this.#keyId(), alg: "EdDSA", use: "sig" }] };
  }

  #keyId() {
    const { x } = this.#keys.publicKey.export({ format: "jwk" });
    return createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url");
  }

  /** A receipt of these claims, with this header over the usual one, signed with the server's key. */
  sign(claims, header = {}) {
    const usual = { alg: "EdDSA", kid: this.#keyId(), typ: "daegeum-receipt+jwt" };
    const input = `${b64(JSON.stringify({ ...usual, ...header }))}.${b64(JSON.stringify(claims))}`;
    return `${input}.${b64(sign(null, Buffer.from(input), this.#keys.privateKey))}`;
  }

  claims(session) {
    return {
      iss: this.url,
      iat: 1_767_225_600,
      payment_id: session.payment_id,
      order_id: session.order_id,
      title: "수채화 강의",
      amount: session.amount,
      currency: "KRW",
      supply: 10_000,
      vat: 1_000,
      tax_free: 0,
      provider: "TOSS",
      captured_at: "2026-01-01T00:00:00.000Z",
    };
  }

  #receipt(session) {
    return { receipt: this.sign(this.claims(session)), key_id: this.#keyId() };
  }
}

/** A fault: a refusal as the server writes it. */
export function refuse(status, code, more = {}) {
  return (response) => send(response, ...refusal(status, code, more));
}

/** No fault: something that happens when the request arrives. */
export function also(what = () => {}) {
  return { also: what };
}

function refusal(status, code, { headers, ...more } = {}) {
  return [status, { title: "refused", status, code, message: `${code}.`, request_id: "req_1", ...more }, headers];
}

function send(response, status, body, headers = {}) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
  response.end(JSON.stringify(body));
}

async function read(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? null : JSON.parse(text);
}
