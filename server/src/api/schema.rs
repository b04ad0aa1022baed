//! Schemas of answers, for the API's description. The bytes are written by `daegeum_engine::wire`; a test
//! holds each of these against a real answer.

#![expect(dead_code, reason = "described, never built")]

use utoipa::ToSchema;

/// A payment.
#[derive(ToSchema)]
#[schema(as = Payment)]
pub struct PaymentSchema {
    #[schema(example = "pay_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b")]
    payment_id: String,
    order_id: String,
    /// `INITIATED`, `AUTHORIZED`, `CAPTURED`, `FAILED` or `CANCELED`.
    status: String,
    /// The exact state; see the lifecycle.
    detail: String,
    /// Minor units of `currency`.
    amount: u64,
    currency: String,
    provider: String,
    /// The gateway's own name for it, once it has told us.
    provider_payment_id: Option<String>,
    /// What the gateway took, where that is not `amount`.
    #[schema(required = false)]
    received: Option<MoneySchema>,
    /// Why a gateway refused, in words; only where it did.
    #[schema(required = false)]
    failure: Option<FailureSchema>,
    /// Until when a transfer can arrive; only while one is awaited.
    #[schema(required = false)]
    due_at: Option<String>,
    /// What the gateway says it has of the money, where that is not what the books say.
    #[schema(required = false)]
    gateway_holds: Option<MoneySchema>,
    /// The same as the gateway splits it, where the sum is the books' and the split is not.
    #[schema(required = false)]
    gateway_amounts: Option<AmountsSchema>,
    /// What the buyer paid with, once the gateway has said so.
    #[schema(required = false)]
    payment_method: Option<PaymentMethodSchema>,
    /// The latest money call.
    operation: Option<OperationSchema>,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

/// What a buyer paid with. What the gateway does not say is null.
#[derive(ToSchema)]
#[schema(as = PaymentMethod)]
pub struct PaymentMethodSchema {
    /// In the gateways' common words: `card`, `transfer`, `virtual_account`, `mobile` and others.
    #[schema(example = "card")]
    method: Option<String>,
    /// Who issued the card, or which bank or easy payment it was, in the gateway's code.
    issuer: Option<String>,
    /// The last four digits of the card.
    #[schema(example = "4242")]
    last4: Option<String>,
    /// Credit, debit, prepaid: the gateway's word.
    card_type: Option<String>,
    /// The issuer's approval number.
    approval_number: Option<String>,
    /// In how many monthly instalments; 0 for none.
    installments: Option<u8>,
}

/// A checkout.
#[derive(ToSchema)]
#[schema(as = Session)]
pub struct SessionSchema {
    #[schema(example = "ses_0193a1b2c3d47e8f9a0b1c2d3e4f5a6b")]
    session_id: String,
    /// Opens this session alone, until `expires_at`. Only in the answer that began it.
    #[schema(required = false)]
    session_token: Option<String>,
    /// `created`, `prepared`, `pending`, `unknown`, `awaiting_deposit`, `authorized`, `paid`, `failed`, `canceled`,
    /// `expired`, `in_review`, `refunded` or `paid_by_another`.
    status: String,
    /// What the browser does next: `prepare`, `open_window`, `wait`, `transfer`, `begin_again` or `nothing`.
    next: String,
    /// The payment that the session is about now; also the gateway's order number.
    payment_id: String,
    order_id: String,
    /// Minor units of `currency`.
    amount: u64,
    currency: String,
    provider: String,
    /// How this gateway keeps money for an order that is yet to be confirmed.
    capture: String,
    /// RFC 3339.
    expires_at: String,
    payment: PaymentSchema,
}

/// A checkout with what is bought and how it can be paid.
#[derive(ToSchema)]
#[schema(as = Checkout)]
pub struct CheckoutSchema {
    #[serde(flatten)]
    session: SessionSchema,
    /// `card`, `transfer` or `mobile`, once the merchant or the buyer has said it.
    method: Option<String>,
    /// The ways in which this amount can be paid at this gateway; none where there is nothing to pay.
    methods: Vec<String>,
    /// Whether somebody has said who the buyer is. What was said is not shown.
    buyer_known: bool,
    /// Whether the order still waits for its payment, so that another session can be begun.
    payable: bool,
    /// Where the buyer is sent when they have paid, as the session's beginning said.
    redirect_url: Option<String>,
    /// Where they are sent if they have not, if elsewhere.
    failure_redirect_url: Option<String>,
    order: SummarySchema,
}

/// What a buyer is shown of an order.
#[derive(ToSchema)]
#[schema(as = OrderSummary)]
pub struct SummarySchema {
    /// As the order's.
    status: String,
    /// What is bought, in a few words.
    #[schema(example = "수채화 강의 외 1건")]
    title: String,
    /// Minor units.
    total: u64,
    amounts: AmountsSchema,
    /// `automatic` or `on_confirmation`.
    capture: String,
    lines: Vec<LineSchema>,
    /// What is taken off the prices of the lines, where something is.
    #[schema(required = false)]
    discounts: Option<Vec<DiscountSchema>>,
    /// Until when the order can be paid; RFC 3339.
    expires_at: String,
}

/// A checkout whose gateway's window can be opened.
#[derive(ToSchema)]
#[schema(as = PreparedSession)]
pub struct PreparedSchema {
    #[serde(flatten)]
    session: SessionSchema,
    /// What the gateway's browser script is given; its fields are the gateway's. Left out where there is nothing to pay:
    /// such an order is paid by this request.
    #[schema(required = false)]
    window: Option<serde_json::Value>,
}

/// An amount.
#[derive(ToSchema)]
#[schema(as = Money)]
pub struct MoneySchema {
    amount: u64,
    currency: String,
}

/// The gateways that take payments here.
#[derive(ToSchema)]
#[schema(as = Gateways)]
pub struct GatewaysSchema {
    items: Vec<GatewaySchema>,
}

/// A gateway and what it can do.
#[derive(ToSchema)]
#[schema(as = Gateway)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a gateway can do or not"
)]
pub struct GatewaySchema {
    provider: String,
    /// Whether it answers just now, as far as is known.
    reachable: bool,
    /// `authorize_then_capture`: funds are held and taken on confirmation. `charge_then_hold`: they are taken at once
    /// and given back if the order is canceled.
    capture: String,
    /// How long it holds funds, where it does.
    hold_seconds: Option<u64>,
    /// The smallest amount, in won, by whichever way of paying.
    minimum_amount: u64,
    /// The ways to pay that its window can be opened with here.
    methods: Vec<GatewayMethodSchema>,
    /// Whether taken money can be given back through it.
    refund: bool,
    /// Whether the gateway itself can give back a part. This version gives back all.
    partial_refund: bool,
    tax_free: bool,
    virtual_account: bool,
    escrow: bool,
    settlements: bool,
    /// How long after the buyer's approval the payment can be confirmed.
    confirm_within_seconds: u64,
}

/// Calls to gateways without an answer.
#[derive(ToSchema)]
#[schema(as = Unanswered)]
pub struct UnansweredSchema {
    items: Vec<UnansweredItemSchema>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
    /// How many there are on all pages.
    count: u64,
    /// Whether there are more than were counted.
    at_least: bool,
}

/// Payments that wait for a decision.
#[derive(ToSchema)]
#[schema(as = Desk)]
pub struct DeskSchema {
    items: Vec<PaymentSchema>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
    /// How many there are on all pages.
    count: u64,
    /// Whether there are more than were counted.
    at_least: bool,
}

/// A call without an answer.
#[derive(ToSchema)]
#[schema(as = UnansweredCall)]
pub struct UnansweredItemSchema {
    /// Also the idempotency key that the gateway was given.
    operation_id: String,
    /// RFC 3339.
    intended_at: String,
    age_seconds: u64,
    /// Whether it has waited so long that a person has to look at the gateway, and resolve it.
    needs_person: bool,
    payment: PaymentSchema,
}

/// Why a gateway refused.
#[derive(ToSchema)]
#[schema(as = Failure)]
pub struct FailureSchema {
    /// The gateway's code.
    code: String,
    /// Whose doing it is: `buyer`, `merchant`, `gateway` or `ours`.
    fault: String,
    /// What may be tried, as a new payment: `now`, `later`, `other_method` or `never`.
    retry: String,
    message: WordingSchema,
}

/// What to tell the buyer.
#[derive(ToSchema)]
#[schema(as = Wording)]
pub struct WordingSchema {
    /// Korean.
    ko: String,
    /// English.
    en: String,
}

/// A money call to a gateway.
#[derive(ToSchema)]
#[schema(as = Operation)]
pub struct OperationSchema {
    /// `confirm`, `capture`, `void` or `cancel`.
    kind: String,
    /// `INTENDED`, `UNKNOWN`, `SUCCEEDED` or `REFUSED`.
    state: String,
}

/// An order.
#[derive(ToSchema)]
#[schema(as = Order)]
pub struct OrderSchema {
    order_id: String,
    buyer_id: String,
    /// `PAYMENT_PENDING`, `AUTHORIZED`, `PAID`, `CANCEL_REQUESTED`, `CANCELED` or `REFUNDED`.
    status: String,
    /// The exact state; see the lifecycle.
    detail: String,
    currency: String,
    total: u64,
    amounts: AmountsSchema,
    capture: String,
    /// What in the merchant's own system it is for, where that was said.
    #[schema(required = false, example = "lesson")]
    resource_type: Option<String>,
    /// The merchant's name for that thing.
    #[schema(required = false, example = "lesson-7")]
    resource_id: Option<String>,
    lines: Vec<LineSchema>,
    /// What is taken off the prices of the lines, where something is.
    #[schema(required = false)]
    discounts: Option<Vec<DiscountSchema>>,
    /// Its payments, oldest first.
    payments: Vec<String>,
    expires_at: String,
    created_at: String,
    updated_at: String,
}

/// An amount by component; they sum to the whole.
#[derive(ToSchema)]
#[schema(as = Amounts)]
pub struct AmountsSchema {
    supply: u64,
    vat: u64,
    tax_free: u64,
    /// Left out where it is nothing.
    #[schema(required = false)]
    tip: Option<u64>,
    /// What nobody has split into the others; left out where it is nothing.
    #[schema(required = false)]
    unsplit: Option<u64>,
}

/// A line of an order.
#[derive(ToSchema)]
#[schema(as = Line)]
pub struct LineSchema {
    name: String,
    quantity: u32,
    unit_price: u64,
    tax: String,
    #[schema(required = false)]
    item_id: Option<String>,
    #[schema(required = false)]
    seller_id: Option<String>,
    /// What it comes to, where the order has discounts.
    #[schema(required = false)]
    amount: Option<u64>,
}

/// A discount of an order.
#[derive(ToSchema)]
#[schema(as = Discount)]
pub struct DiscountSchema {
    name: String,
    amount: u64,
    /// The places of the lines that it is on, from 0; left out where it is on all.
    #[schema(required = false)]
    lines: Option<Vec<u8>>,
    /// `shop` or `seller`.
    borne_by: String,
}

/// How a buyer means to pay.
#[derive(ToSchema)]
#[schema(as = Method)]
#[serde(rename_all = "snake_case")]
pub enum MethodSchema {
    /// By card, or by an easy payment that keeps one.
    Card,
    /// From a bank account, at once.
    Transfer,
    /// By transfer to an account made for this payment.
    VirtualAccount,
    /// With the telephone bill.
    Mobile,
}

/// A way to pay at a gateway.
#[derive(ToSchema)]
#[schema(as = GatewayMethod)]
pub struct GatewayMethodSchema {
    method: MethodSchema,
    /// The least amount, in won.
    minimum_amount: u64,
}

/// A page of orders.
#[derive(ToSchema)]
#[schema(as = OrderPage)]
pub struct OrderPageSchema {
    items: Vec<OrderSchema>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
}

/// A page of payments.
#[derive(ToSchema)]
#[schema(as = PaymentPage)]
pub struct PageSchema {
    items: Vec<PaymentSchema>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
}

/// What happened.
#[derive(ToSchema)]
#[schema(as = Event)]
pub struct EventSchema {
    /// Its place in the feed, to read on from; only there.
    #[schema(required = false)]
    cursor: Option<String>,
    /// Its number in the feed; only there.
    #[schema(required = false)]
    sequence: Option<u64>,
    event_type: String,
    order_id: String,
    /// Where it happened to a payment.
    #[schema(required = false)]
    payment_id: Option<String>,
    #[schema(value_type = Object)]
    payload: String,
    created_at: String,
    /// How long a call to a gateway took; only of those.
    #[schema(required = false)]
    processing_time_ms: Option<u32>,
}

/// What happened to a payment.
#[derive(ToSchema)]
#[schema(as = Transactions)]
pub struct TransactionsSchema {
    items: Vec<EventSchema>,
    /// `after` of the next page; null on the last.
    next: Option<String>,
}

/// A piece of the feed.
#[derive(ToSchema)]
#[schema(as = Feed)]
pub struct FeedSchema {
    items: Vec<EventSchema>,
    /// Which telling of the feed this is. Another one means: begin again.
    generation: u32,
    /// The `sequence` of the last event there is.
    last: u64,
}

/// A balance of the ledger.
#[derive(ToSchema)]
#[schema(as = Balance)]
pub struct BalanceSchema {
    account: String,
    provider: String,
    component: String,
    currency: String,
    /// Debits less credits, in minor units, in decimal digits: it can be beyond 2⁵³.
    #[schema(pattern = "^-?[0-9]+$", example = "-11000")]
    amount: String,
}

/// All balances.
#[derive(ToSchema)]
#[schema(as = Balances)]
pub struct BalancesSchema {
    items: Vec<BalanceSchema>,
}

/// How many payments had their personal data hidden.
#[derive(ToSchema)]
#[schema(as = Erased)]
pub struct ErasedSchema {
    payments: u64,
}

/// The answer to a notification.
#[derive(ToSchema)]
#[schema(as = NotificationReceipt)]
pub struct ReceiptSchema {
    /// `applied`, `duplicate`, `ignored` or `unmatched`; `received` for a gateway that does not sign what it sends.
    result: String,
}

/// A receipt.
#[derive(ToSchema)]
#[schema(as = Receipt)]
pub struct SignedReceiptSchema {
    /// A JWS in compact form (EdDSA): what was taken, by component, and when.
    receipt: String,
    /// Which of the published keys signed it.
    key_id: String,
}

/// The keys that receipts are verified with (RFC 7517, RFC 8037).
#[derive(ToSchema)]
#[schema(as = ReceiptKeys)]
pub struct KeySetSchema {
    keys: Vec<serde_json::Value>,
}

/// A refusal (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
pub struct ProblemSchema {
    title: String,
    status: u16,
    /// Stable; see the list of errors.
    code: String,
    message: String,
    request_id: String,
    /// What is wrong with which field.
    #[schema(required = false)]
    errors: Vec<FieldErrorSchema>,
    /// The present state, where the state is the reason.
    #[schema(required = false)]
    state: Option<String>,
    /// What the state permits.
    #[schema(required = false)]
    permitted: Option<Vec<String>>,
    /// The least amount that would do, in minor units; of `AMOUNT_BELOW_MINIMUM`.
    #[schema(required = false)]
    minimum_amount: Option<u64>,
}

/// What is wrong with one field.
#[derive(ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorSchema {
    field: String,
    code: String,
    message: String,
}
