/**
 * Pay an order of a Daegeum server from a browser, and read what became of it anywhere.
 *
 * Amounts are whole numbers of the currency's minor unit; the won has none, so `11000` is ₩11,000.
 * Moments are RFC 3339 text in UTC. What the server says keeps the names it has in the HTTP API
 * (`snake_case`); functions and options are `camelCase`. Everything asynchronous takes an
 * `AbortSignal` and throws {@link CheckoutError}; what these types forbid throws it, too, with the
 * code `invalid_argument` and the argument's name in `field`.
 *
 * @packageDocumentation
 */

/** A way to pay. */
export type Method = "card" | "transfer" | "mobile";

/** A wallet (간편결제) whose own window can be opened. */
export type EasyPay =
  | "tosspay"
  | "kakaopay"
  | "naverpay"
  | "payco"
  | "samsungpay"
  | "applepay"
  | "lpay"
  | "ssgpay"
  | "pinpay";

/** In how many months a card pays; `0` is all at once (일시불). */
export type Installments = 0 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12;

/** Who the buyer says they are. The server stores it sealed; {@link checkBuyer} says what it takes. */
export interface Buyer {
  /** 1 to 60 characters. */
  buyer_name?: string;
  /** A mail address of at most 254 characters. */
  buyer_email?: string;
  /** 8 to 15 digits; hyphens, spaces and `+` are dropped. */
  buyer_tel?: string;
}

/** What the buyer decides at the checkout. What is left out is what was said before, else a card. */
export interface Choice extends Buyer {
  /** One of the session's `methods`. */
  method?: Method;
  /** One of the session's `easy_pays`: its own window opens. Goes with the method `card`, which it implies. */
  easy_pay?: EasyPay;
  /**
   * At most the session's `installments_max`, so that the window does not ask. Goes with the method `card`, which it
   * implies, and without `easy_pay`: a wallet asks itself.
   */
  installments?: Installments;
}

/** What a buyer agrees to: to buy, and that the gateway is given personal data. */
export type ConsentName = "purchase" | "personal_data";

/** A consent that the buyer gives. The server records it with the moment. */
export interface GivenConsent {
  consent: ConsentName;
  /** SHA-256 of the text in UTF-8: 64 lower-case hexadecimal digits. Of a text in `session.consents` it is there. */
  text_hash: string;
  /** The version of a text of your own, in your words. Without it the text is one of `session.consents`. */
  version?: string;
}

/** What is prepared with: the choice, and what the buyer agrees to. */
export interface Preparation extends Choice {
  /** Each consent once. Which are required is the server's setting (`required` in `session.consents`). */
  consents?: readonly GivenConsent[];
}

/** A consent that the server's own checkout asks for, with the text in both languages. */
export interface AskedConsent {
  readonly consent: ConsentName;
  /** Whether the payment is not prepared without it. */
  readonly required: boolean;
  readonly ko: ConsentText;
  readonly en: ConsentText;
}

/** A text to agree to. */
export interface ConsentText {
  /** The first line says what is agreed to, the others in detail. */
  readonly text: string;
  readonly text_hash: string;
}

/** What a receipt for people says beside the payment. It is no tax invoice and no cash receipt. */
export interface PaidReceipt {
  readonly captured_at: string;
  readonly amount: number;
  readonly supply: number;
  readonly vat: number;
  readonly tax_free: number;
  /** What was taken off the prices before. */
  readonly discount: number;
  /** What has gone back so far. */
  readonly refunded: number;
  /** What people call the `issuer` of `payment.payment_method`, where its code is known. */
  readonly issuer_name: { readonly ko: string; readonly en: string } | null;
  /** The gateway's own slip: whoever has the address sees it. */
  readonly slip_url: string | null;
}

/** How every waiting can be ended. */
export interface Waiting {
  /** Aborting it throws `aborted`. What the server was asked before goes on there. */
  signal?: AbortSignal;
}

/** Told while a payment is waited for. */
export interface Watching extends Waiting {
  /**
   * Called at the first answer, at each change of the session, and when asking begins to fail or
   * works again. From the approval until its confirmation is answered, that the payment could be
   * made (`next` is `prepare` or `open_window`) is no news. What it throws ends the call it was
   * passed to.
   *
   * @param session as it was last told; `null` before the first
   * @param connection how asking goes; whichever it is, it goes on until the signal ends it
   */
  onChange?(session: Session | null, connection: Connection): void;
}

/**
 * `offline`: nothing answers. `busy`: what answers is overloaded or out of order (429, 5xx).
 * `queued`: another payment of the order is being made; this one goes on if that comes to nothing.
 */
export type Connection = "online" | "offline" | "busy" | "queued";

/** How a gateway's window opens. */
export interface WindowOptions extends Waiting {
  /**
   * `"redirect"` (default) leaves the page and works on every device; what was approved is in the
   * address of the next page ({@link resume}). `"popup"` keeps the page; call it from a click.
   */
  mode?: "redirect" | "popup";
  /**
   * Where the buyer comes back to; its origin is one of the server's `checkout.redirect_origins`.
   * Default: what the session was begun with, else this page without its query. The session's token
   * is put in as the fragment, so that any browser on any device can go on; what an earlier attempt
   * has left in the address is taken out.
   */
  returnUrl?: string | URL;
}

/** Options of {@link pay}: the buyer's choice, the window, and who is told. */
export interface PayOptions extends Preparation, WindowOptions, Watching {
  /**
   * Called when the gateway's window has approved and confirming begins: from now on money may move.
   * With `mode: "popup"` only; otherwise the page was left.
   *
   * @param approved should what follows throw: {@link Checkout.confirm} takes it again
   */
  onApproved?(approved: Approved): void;
  /**
   * Called when the session could only be paid by another payment of the same order: `checkout` is
   * the one that goes on. If the page's address carries the former token, it already has the new one.
   */
  onAgain?(checkout: Checkout): void;
}

/** Options of {@link resume}. */
export interface ResumeOptions extends Watching {
  /** The address the buyer came back to. Default: the page's own. */
  url?: string | URL;
}

/** Options of {@link createSession}. */
export interface NewSession extends Choice, Waiting {
  /** The server's origin. Default: the page's. */
  api?: string | URL;
  /**
   * A merchant's key, in a backend and nowhere else; or a buyer's JWT, in a page.
   */
  key: string;
  /** The merchant's order, which the server knows. What is to be paid is its total. */
  order_id: string;
  /** Through which gateway. Default: the first that takes payments. */
  provider?: string;
  /** Where the buyer comes back to; its origin is one of the server's `checkout.redirect_origins`. */
  redirect_url?: string;
  /** Where the hosted page sends a buyer who did not pay, if that is elsewhere. */
  failure_redirect_url?: string;
  /**
   * 1 to 255 printable ASCII characters: the same request under the same key is the same session and
   * token, however often it is sent. Another request under it is refused.
   */
  idempotency_key?: string;
}

/** Options of {@link ready}: one of the two. */
export interface ModuleSource {
  /** `core_bg.wasm` itself: compiled, its bytes, or an answer that has them. */
  module?: WasmSource | PromiseLike<WasmSource>;
  /** Where `core_bg.wasm` is served. */
  url?: string | URL;
}

/** A compiled module (`WebAssembly.Module`), its bytes, or a `Response` that has them. */
export type WasmSource = ArrayBuffer | ArrayBufferView | object;

/**
 * Loads the wasm module, once; after a failure the next call tries again. Functions that are
 * promises wait for it themselves; {@link parseReturn} and {@link checkBuyer} need it first.
 *
 * @param options where the module is, for a bundler that has put it elsewhere. Say it before anything
 *   else is called; what is loaded stays
 * @throws {CheckoutError} `network`: the module could not be loaded; `module_missing`: it is not where
 *   it was looked for, which `message` names; `unsupported`: the browser or the page's policy
 *   (`script-src 'wasm-unsafe-eval'`) does not let it run; `invalid_argument`
 */
export function ready(options?: ModuleSource): Promise<void>;

/**
 * Begins a checkout: a payment of the order's total. In a merchant's backend; hand the buyer
 * {@link Checkout.linkTo} of the page that goes on with it.
 *
 * @throws {CheckoutError} `invalid_buyer`; `not_permitted`: the order cannot be paid (`api_code`);
 *   `session_expired`: the JWT has ended; `api`: another refusal, such as of an unknown key or order;
 *   `network`: whether it was begun is not known, which an `idempotency_key` makes safe to repeat;
 *   `aborted`; `unsupported`: the answer is of a server that this release does not know; and those of
 *   {@link ready}
 */
export function createSession(options: NewSession): Promise<Checkout>;

/**
 * A checkout as its token says it; holds nothing that could be out of date. Which payment it is about
 * is not among that: another gateway can take the session over, so read `payment_id` of the
 * {@link Session}.
 */
export class Checkout {
  private constructor();

  /** The server's origin. */
  readonly api: string;
  /** `ses_…` */
  readonly session_id: string;
  /** Opens this session and nothing else: keep it in fragments, where no server logs it. */
  readonly token: string;
  /** When the token ends. */
  readonly expires_at: string;

  /**
   * The checkout of a token. Sends nothing: whether the server takes the token is seen at the first
   * call.
   *
   * @throws {CheckoutError} `invalid_link`: there is no token, or it was cut off; and those of
   *   {@link ready}
   */
  static open(options: { api?: string | URL; token: string }): Promise<Checkout>;

  /**
   * The checkout that an address opens: the token in its fragment, else the one that this tab
   * remembers for the payment in its query since it opened a window for it. `null` if there is neither.
   *
   * @param url default: the page's address
   * @throws {CheckoutError} `invalid_link`: there is a token, and it was cut off; and those of
   *   {@link ready}
   */
  static fromUrl(url?: string | URL, options?: { api?: string | URL }): Promise<Checkout | null>;

  /**
   * The address with the token as its fragment; what its fragment was is gone, unless it is a route
   * (`#/pay`), which the token is put behind (`#/pay?ses_…`). Not for an address that still has a
   * return, which may be behind its fragment: {@link resume} takes that out first.
   */
  linkTo(url: string | URL): string;

  /**
   * How it stands now.
   *
   * @throws {CheckoutError} `invalid_link`: the token is not this server's; `session_expired`;
   *   `network`: nothing answered, or something that is not the server; `origin_not_allowed`: the
   *   server lets no page of this origin call it; `aborted`; `api`: another
   *   refusal, with `retry` where it will pass; `unsupported`: the answer is of a server that this
   *   release does not know
   */
  load(options?: Waiting): Promise<Session>;

  /**
   * Lets the buyer pay, and says what the gateway's window needs. The first choice is noted: the
   * same or none again is the same answer. An order that costs nothing is paid by this: then `next`
   * is `nothing`, and there is no window to open.
   *
   * @throws {CheckoutError} `invalid_buyer`; `not_permitted`: another choice was noted
   *   (`api_code` is `SESSION_PREPARED`: use {@link Checkout.again}), or the state forbids it;
   *   and those of {@link Checkout.load}
   */
  prepare(choice?: Preparation, options?: Waiting): Promise<PreparedSession | FreeSession>;

  /**
   * Opens the gateway's window. With `mode: "redirect"` the page is left and the promise stays
   * open, unless the buyer comes back to the page as it was.
   *
   * @throws {CheckoutError} `window_closed`: the buyer gave up; `window_refused`: the gateway ended
   *   it (`reason` is its code, `message` its words); `script_blocked`; `popup_blocked`;
   *   `unsupported`: no page, a gateway this release does not know, or a mistake in the gateway's
   *   script or in how it is called (`cause` is what it threw, `reason` its code if it has one);
   *   `aborted`
   */
  openWindow(prepared: PreparedSession, options?: WindowOptions): Promise<Approved>;

  /**
   * Compares what was brought back with the payment, by the engine's rules here and by the server.
   * Nothing moves. While the server cannot be reached or is too busy (429, 5xx) it goes on asking,
   * until the signal ends it.
   *
   * @throws {CheckoutError} `mismatched` (`reason`: `order_id`, `amount` or `payment_key`; `null` if
   *   it was the server that found it); `not_permitted`; and those of {@link Checkout.load} but
   *   `network`
   */
  verify(approved: Approved, options?: Waiting): Promise<Payment>;

  /**
   * Has the server take the money. An answer that did not come says nothing about the payment: the
   * session is asked for, and where the confirmation has not arrived it is sent again. A server that
   * is too busy (429, 5xx) is asked again, too, and so is one that says that another payment of the
   * order is being made: if that fails this one still pays, and if it pays the session is
   * `paid_by_another`. All of it goes on until the signal ends it, however long. The server asks the
   * gateway once, however often it is told.
   *
   * Keep the approval where this throws: nothing else has it, and the same call again may pay.
   *
   * @returns the session; its `next` may be `wait`: {@link Checkout.settle}
   * @throws {CheckoutError} `mismatched`; `not_permitted`: the payment could be made, and the order
   *   does not allow it any more (`api_code`); and those of {@link Checkout.load} but `network`
   */
  confirm(approved: Approved, options?: Waiting): Promise<Session>;

  /**
   * Asks until waiting is no longer what is next: less and less often, and at once when the page is
   * seen again or the network is back. No failure that may pass ends it, only the signal: a server
   * that is out of order for good is asked for good, and `onChange` hears `busy`.
   *
   * @throws {CheckoutError} those of {@link Checkout.load} but `network`
   */
  settle(options?: Watching): Promise<Session>;

  /**
   * Begins another payment of the same order; what is not said is taken over from this one.
   *
   * @throws {CheckoutError} `not_permitted`: the order cannot be paid any more, or another payment
   *   of it is in progress (`api_code`); `invalid_buyer`; and those of {@link Checkout.load}
   */
  again(choice?: Choice, options?: Waiting): Promise<Checkout>;

  /**
   * The signed receipt of the payment that the session is about, for {@link verifyReceipt}. The
   * session is asked which payment that is.
   *
   * @throws {CheckoutError} `not_permitted` (`api_code` is `RECEIPT_UNAVAILABLE`): nothing is
   *   captured, or all was given back; and those of {@link Checkout.load}
   */
  receipt(options?: Waiting): Promise<string>;
}

/**
 * The whole payment: prepares, opens the window, compares, confirms and waits for the end. Where
 * another choice was prepared, or the payment has failed or run out, another payment of the order is
 * begun first. What waits is waited for; what has ended otherwise comes back as it stands. Outside a
 * page it sends nothing.
 *
 * With `mode: "redirect"` the page is left; {@link resume} goes on where the buyer comes back.
 *
 * @returns the session when nothing is waited for any more: look at its `status`
 * @throws {CheckoutError} those of {@link Checkout.prepare}, {@link Checkout.openWindow},
 *   {@link Checkout.confirm} and {@link Checkout.again}. `network` only before `onApproved`
 */
export function pay(checkout: Checkout, options?: PayOptions): Promise<Session>;

/**
 * Goes on with a payment at page load, wherever the buyer left it. An approval in the address is
 * compared, confirmed and waited for, as {@link Checkout.confirm} does it; where the session says that
 * it is too late for that, it is shown as it stands. The approval is taken out of the address when
 * the payment is decided or is another's, and not before: whatever else is thrown, a refresh finds it
 * and tries again. Without one the session is loaded, and waited for if that is what is next.
 *
 * @throws {CheckoutError} `window_closed`, `window_refused`: the buyer comes back without an
 *   approval, and the payment can still be made; `mismatched`, `not_permitted`: as
 *   {@link Checkout.confirm}; and those of {@link Checkout.load}, `network` only where the address
 *   brings nothing back
 */
export function resume(checkout: Checkout, options?: ResumeOptions): Promise<Session>;

/**
 * What an address brings back from a gateway's window. Reads `?query#token`, `#token?query` and
 * `#/route?token`. Of several parameters of one name the last counts, and of several attempts; a
 * `code` without a `message`, or in small letters, is the page's own. Needs {@link ready} first. It says what the address says: {@link Checkout.verify} compares it.
 */
export function parseReturn(url: string | URL): Return;

/** What {@link parseReturn} reads. */
export type Return = ApprovedReturn | RefusedReturn | { readonly kind: "nothing" };

/** The buyer approved. */
export interface ApprovedReturn extends Approved {
  readonly kind: "approved";
}

/** The window ended without an approval; no money can have moved. */
export interface RefusedReturn {
  readonly kind: "refused";
  /** The gateway's code. */
  readonly code: string;
  /** The gateway's words, for the buyer. */
  readonly message: string;
  /** The gateway's order number, our `payment_id`, where it says it. */
  readonly order_id: string | null;
  /** Whether the buyer left by themselves, which is no failure. */
  readonly by_buyer: boolean;
}

/** What a gateway's window gives when the buyer approved. */
export interface Approved {
  /** The gateway's name for the payment. */
  readonly payment_key: string;
  /** The gateway's order number: our `payment_id`. */
  readonly order_id: string;
  /** In minor units. */
  readonly amount: number;
}

/**
 * What the server would refuse of a buyer's data; what is left out is not looked at. The server's
 * own rules, for validation while typing. Needs {@link ready} first.
 */
export function checkBuyer(buyer: Buyer): BuyerProblem[];

/** One field that the server would refuse. */
export interface BuyerProblem {
  readonly field: "buyer_name" | "buyer_email" | "buyer_tel";
  /** `empty`: nothing but space; `too_long`; `malformed`: not what such a thing looks like. */
  readonly code: "empty" | "too_long" | "malformed";
}

/**
 * The public keys that a server signs receipts with (`/.well-known/jwks.json`). Keep them: receipts
 * are then verified without asking anybody.
 *
 * @param api the server's origin. Default: the page's
 * @throws {CheckoutError} `network`, `aborted`, `api`, and those of {@link ready}
 */
export function receiptKeys(api?: string | URL, options?: Waiting): Promise<JsonWebKeySet>;

/** A set of keys (RFC 7517). */
export interface JsonWebKeySet {
  readonly keys: readonly PublicJsonWebKey[];
}

/** A public key; those that are not Ed25519 are passed over. */
export interface PublicJsonWebKey {
  readonly kty: string;
  readonly crv?: string;
  readonly x?: string;
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/**
 * Verifies a receipt offline, with WebCrypto: that one of the keys has signed it, that its amounts
 * add up, and that it is about what was expected. A receipt has one text: the same bytes written
 * differently are `malformed`.
 *
 * @throws {CheckoutError} `receipt_invalid` (`reason`: `malformed`, `unknown_key`, `key`,
 *   `signature`, `unbalanced` or `another`); `unsupported`: no WebCrypto, or none with Ed25519; and
 *   those of {@link ready}
 */
export function verifyReceipt(
  receipt: string,
  keys: JsonWebKeySet,
  expected?: { payment_id?: string; order_id?: string; amount?: number },
): Promise<ReceiptClaims>;

/** What a receipt says. Amounts are in minor units of `currency`. */
export interface ReceiptClaims {
  /** The server that took the money, by its address. */
  readonly iss: string;
  /** When the money was taken, in seconds since 1970. */
  readonly iat: number;
  readonly payment_id: string;
  readonly order_id: string;
  /** What was bought, in a few words. */
  readonly title: string;
  /** What was taken: `supply` + `vat` + `tax_free`. */
  readonly amount: number;
  readonly currency: string;
  readonly supply: number;
  readonly vat: number;
  readonly tax_free: number;
  readonly provider: string;
  readonly captured_at: string;
  /** How the gateway splits the same amount in its own papers, where that is not as above. */
  readonly gateway_split?: { readonly supply: number; readonly vat: number; readonly tax_free: number };
}

/** Why something was not done; each code is explained at the functions that throw it. */
export type CheckoutErrorCode =
  | "network"
  | "aborted"
  | "script_blocked"
  | "window_closed"
  | "window_refused"
  | "popup_blocked"
  | "invalid_link"
  | "session_expired"
  | "mismatched"
  | "invalid_buyer"
  | "not_permitted"
  | "receipt_invalid"
  | "unsupported"
  | "module_missing"
  | "invalid_argument"
  | "origin_not_allowed"
  | "api";

/**
 * The one kind of error. `message` is for developers, and in English, except with `window_refused`
 * and `window_closed`, where it is the gateway's, for the buyer.
 */
export class CheckoutError extends Error {
  constructor(
    code: CheckoutErrorCode,
    message: string,
    details?: Partial<
      Pick<CheckoutError, "reason" | "api_code" | "status" | "request_id" | "field" | "retry" | "cause">
    >,
  );

  readonly name: "CheckoutError";
  readonly code: CheckoutErrorCode;
  /**
   * Tells errors of one code apart. `script_blocked`: `blocked` (policy, extension, network),
   * `timeout` (15 s) or `empty` (loaded, and defines nothing). `window_*`, `popup_blocked`: the
   * gateway's code. `unsupported`: the gateway's code, or the field that cannot be read.
   * `origin_not_allowed`: the page's origin. `mismatched`, `receipt_invalid`, `invalid_buyer`: what is wrong.
   */
  readonly reason: string | null;
  /** The server's code, where it was the server that refused: see its list of errors. */
  readonly api_code: string | null;
  /** The HTTP status, where it was the server that refused. */
  readonly status: number | null;
  /** What the server's log knows the refused request by. */
  readonly request_id: string | null;
  /** The field or argument at fault, where one is. */
  readonly field: string | null;
  /** Whether the same call, unchanged, may do better. */
  readonly retry: boolean;
}

/**
 * A checkout as it stands. Switch on `status`: each has its own `next`, which is what the browser
 * does next.
 */
export type Session =
  | SessionCreated
  | SessionPrepared
  | SessionPending
  | SessionUnknown
  | SessionAwaitingDeposit
  | SessionAuthorized
  | SessionPaid
  | SessionFailed
  | SessionCanceled
  | SessionExpired
  | SessionInReview
  | SessionRefunded
  | SessionPaidByAnother;

/** `"created"`, `"prepared"`, … */
export type SessionStatus = Session["status"];

/** Nothing has happened yet: {@link Checkout.prepare}, or {@link pay}. */
export interface SessionCreated extends SessionBase {
  readonly status: "created";
  readonly next: "prepare";
}

/** The gateway's window can be opened: {@link Checkout.prepare} says with what, or {@link pay}. */
export interface SessionPrepared extends SessionBase {
  readonly status: "prepared";
  readonly next: "open_window";
}

/** The gateway has been asked to take the money: {@link Checkout.settle}. */
export interface SessionPending extends SessionBase {
  readonly status: "pending";
  readonly next: "wait";
}

/** The gateway was asked and has not answered; nobody is charged twice: {@link Checkout.settle}. */
export interface SessionUnknown extends SessionBase {
  readonly status: "unknown";
  readonly next: "wait";
}

/** The buyer has an account to transfer the money to, until `payment.due_at`. */
export interface SessionAwaitingDeposit extends SessionBase {
  readonly status: "awaiting_deposit";
  readonly next: "transfer";
}

/** The money is held until the order is confirmed. */
export interface SessionAuthorized extends SessionBase {
  readonly status: "authorized";
  readonly next: "nothing";
}

/** The money is taken: {@link Checkout.receipt}. */
export interface SessionPaid extends SessionBase {
  readonly status: "paid";
  readonly next: "nothing";
}

/** The gateway refused, for the reason in `payment.failure`: {@link Checkout.again}, or {@link pay}. */
export interface SessionFailed extends SessionBase {
  readonly status: "failed";
  readonly next: "begin_again";
  readonly payment: Payment & { readonly failure: PaymentFailure };
}

/** Given up: {@link Checkout.again}, or {@link pay}. */
export interface SessionCanceled extends SessionBase {
  readonly status: "canceled";
  readonly next: "begin_again";
}

/** Time ran out: {@link Checkout.again}, or {@link pay}, while the order can be paid. */
export interface SessionExpired extends SessionBase {
  readonly status: "expired";
  readonly next: "begin_again";
}

/** What the gateway took is being looked at by a person. */
export interface SessionInReview extends SessionBase {
  readonly status: "in_review";
  readonly next: "nothing";
}

/** The money went back. */
export interface SessionRefunded extends SessionBase {
  readonly status: "refunded";
  readonly next: "nothing";
}

/** Another payment has paid the order; nothing was taken by this one. */
export interface SessionPaidByAnother extends SessionBase {
  readonly status: "paid_by_another";
  readonly next: "nothing";
}

/** What every session says. */
export interface SessionBase extends SessionFacts {
  /** How the buyer means to pay; `null` until it was said. */
  readonly method: Method | null;
  /** The ways in which this amount can be paid at this gateway; none where there is nothing to pay. */
  readonly methods: readonly Method[];
  /** The wallet that the buyer means to pay with; `null` until it was said. */
  readonly easy_pay: EasyPay | null;
  /** The wallets whose windows the shop offers by name, in the order in which they are to be shown. */
  readonly easy_pays: readonly EasyPay[];
  /** In how many months the card is to pay; `null` where the window asks. */
  readonly installments: Installments | null;
  /** The most months that can be chosen for this amount; `0` where only the window asks. */
  readonly installments_max: number;
  /** Whether somebody has said who the buyer is. What was said is not shown. */
  readonly buyer_known: boolean;
  /** Whether the order still waits for its payment, so that another session of it can be begun. */
  readonly payable: boolean;
  /** Where the buyer is sent when they have paid, as the session's beginning said. */
  readonly redirect_url?: string | null;
  /** Where they are sent if they have not, if elsewhere. */
  readonly failure_redirect_url?: string | null;
  /** What the server's own checkout asks consent to; servers before consents say nothing. */
  readonly consents?: readonly AskedConsent[];
  /** What the receipt for people says; `null` where no money was taken. */
  readonly receipt?: PaidReceipt | null;
  /** What is bought. */
  readonly order: OrderSummary;
}

/** What is said of a session wherever one is. */
export interface SessionFacts {
  readonly session_id: string;
  /** `pay_…`: the payment that the session is about now, and the gateway's order number. */
  readonly payment_id: string;
  /** The merchant's. */
  readonly order_id: string;
  /** What is to be paid, in minor units. */
  readonly amount: number;
  /** ISO 4217. */
  readonly currency: string;
  /** The gateway. */
  readonly provider: string;
  /** `charge_then_hold`: taken at once, given back if the order is canceled before its confirmation. */
  readonly capture: "authorize_then_capture" | "charge_then_hold";
  /** When the session's token ends. */
  readonly expires_at: string;
  readonly payment: Payment;
}

/** What {@link Checkout.prepare} answers where there was nothing to pay: the order has what it waits for. */
export interface FreeSession extends SessionFacts {
  readonly status: "paid";
  readonly next: "nothing";
  readonly window?: undefined;
}

/** What {@link Checkout.prepare} answers and {@link Checkout.openWindow} takes. */
export interface PreparedSession extends SessionFacts {
  readonly status: "prepared";
  readonly next: "open_window";
  readonly window: TossWindow;
}

/** What Toss Payments' window is opened with. */
export interface TossWindow {
  readonly provider: "TOSS";
  /** The script that defines `TossPayments`: its origin belongs in the page's policy. */
  readonly sdk_url: string;
  readonly client_key: string;
  readonly customer_key: string;
  readonly method: string;
  readonly amount: { readonly currency: string; readonly value: number };
  /** In minor units. */
  readonly tax_free_amount: number;
  /** Our `payment_id`. */
  readonly order_id: string;
  readonly order_name: string;
  /** What of a card payment is settled; left out where the window asks for everything. */
  readonly card?: {
    /** `DIRECT` opens the wallet's own window. */
    readonly flow_mode: "DEFAULT" | "DIRECT";
    /** Toss's code of the wallet. */
    readonly easy_pay?: string;
    readonly card_installment_plan?: number;
  };
  readonly customer_name?: string | null;
  readonly customer_email?: string | null;
  readonly customer_mobile_phone?: string | null;
  readonly success_url?: string | null;
  readonly fail_url?: string | null;
}

/** A payment. */
export interface Payment {
  readonly payment_id: string;
  readonly order_id: string;
  readonly status: "INITIATED" | "AUTHORIZED" | "CAPTURED" | "FAILED" | "CANCELED";
  /** The exact state: `status` says it more coarsely. */
  readonly detail: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly provider: string;
  /** The gateway's name for it, once there is one. */
  readonly provider_payment_id: string | null;
  /** What the gateway took, where that is not `amount`. */
  readonly received?: Money;
  /** Why it failed, where it did. */
  readonly failure?: PaymentFailure;
  /** Until when the buyer can transfer the money, where that is awaited. */
  readonly due_at?: string;
  /** What the gateway says it has of the money, where that is not what the books say. */
  readonly gateway_holds?: Money;
  /** The same as the gateway splits it, where the sum is the books' and the split is not. */
  readonly gateway_amounts?: Amounts;
  /** What the buyer paid with, once the gateway has said so. */
  readonly payment_method?: PaymentMethod;
  /** The latest call to the gateway about money, or `null` before the first. */
  readonly operation: {
    readonly kind: "confirm" | "capture" | "void" | "cancel";
    readonly state: "INTENDED" | "UNKNOWN" | "SUCCEEDED" | "REFUSED";
  } | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** An amount with its currency. */
export interface Money {
  /** In minor units. */
  readonly amount: number;
  /** ISO 4217. */
  readonly currency: string;
}

/** An amount by component, in minor units; they add up to the whole. */
export interface Amounts {
  readonly supply: number;
  readonly vat: number;
  readonly tax_free: number;
  /** A tip; left out where there is none. */
  readonly tip?: number;
  /** What nobody has split; left out where there is none. */
  readonly unsplit?: number;
}

/** What a buyer paid with. What the gateway does not say is `null`. */
export interface PaymentMethod {
  /** In the gateways' common words: `card`, `transfer`, `mobile`, … */
  readonly method: string | null;
  /** Who issued the card, or which bank or easy payment it was, in the gateway's code. */
  readonly issuer: string | null;
  /** The last four digits of the card. */
  readonly last4: string | null;
  /** Credit, debit, prepaid: the gateway's word. */
  readonly card_type: string | null;
  /** The issuer's approval number. */
  readonly approval_number: string | null;
  /** In how many monthly instalments; 0 for none. */
  readonly installments: number | null;
  /** Which wallet it was, where the gateway says that it was one: an {@link EasyPay}, or the gateway's own word. */
  readonly easy_pay?: string;
}

/** Why a gateway refused. */
export interface PaymentFailure {
  /** The gateway's. */
  readonly code: string;
  readonly fault: "buyer" | "merchant" | "gateway" | "ours";
  /** What may be tried, always as another payment. */
  readonly retry: "now" | "later" | "other_method" | "never";
  /** What to tell the buyer. */
  readonly message: { readonly ko: string; readonly en: string };
}

/** What is bought. */
export interface OrderSummary {
  readonly status:
    | "PAYMENT_PENDING"
    | "AUTHORIZED"
    | "PAID"
    | "COMPLETED"
    | "CANCEL_REQUESTED"
    | "CANCELED"
    | "REFUNDED";
  /** In a few words. */
  readonly title: string;
  /** In minor units, VAT included. */
  readonly total: number;
  /** Adds up to `total`. */
  readonly amounts: Amounts;
  /** `on_confirmation`: a booking, paid for when the merchant confirms it. */
  readonly capture: "automatic" | "on_confirmation";
  readonly lines: readonly OrderLine[];
  /** What is taken off the prices of the lines, where something is. */
  readonly discounts?: readonly Discount[];
  /** Until when the order can be paid. */
  readonly expires_at: string;
}

/** What is taken off the prices of an order's lines. */
export interface Discount {
  readonly name: string;
  /** In minor units. */
  readonly amount: number;
  /** The places of the lines that it is on, from 0; absent where it is on all. */
  readonly lines?: readonly number[];
  readonly borne_by: "shop" | "seller";
}

/** One thing that is bought. */
export interface OrderLine {
  readonly name: string;
  readonly quantity: number;
  /** In minor units, VAT included. */
  readonly unit_price: number;
  readonly tax: "taxable" | "tax_free";
  readonly item_id?: string;
  readonly seller_id?: string;
  /** What it comes to, in minor units, where the order has discounts. */
  readonly amount?: number;
}
