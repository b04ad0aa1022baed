//! Schemas of answers, for the API's description. The bytes are written by `daegeum_engine::wire`; a test compares
//! each schema with a real answer.

#![expect(dead_code, reason = "described, never built")]

use utoipa::ToSchema;

use super::vocabulary::{
    AccountName, AmountComponent, AnyAction, AnyState, BuyerId, CaptureMode, CaptureStrategy,
    ConsentName, Currency, DiscountBearer, EasyPayName, ErrorCode, EventPlace, EventType,
    FailureFault, FailureRetry, FeedCursor, InstallmentMonths, ItemId, LineName, LinePlaces,
    MerchantName, MinorUnits, Moment, NextStep, NotificationResult, OpenObject, OperationId,
    OperationKind, OperationState, OrderDetail, OrderId, OrderStatus, PaymentDetail, PaymentId,
    PaymentMethodName, PaymentStatus, PositiveMinorUnits, Provider, RefundId, RefundStatus,
    RefundWayName, SessionId, SessionStatus, Tax, TextHash,
};

/// A payment.
#[derive(ToSchema)]
#[schema(as = Payment)]
pub struct PaymentSchema {
    payment_id: PaymentId,
    order_id: OrderId,
    status: PaymentStatus,
    detail: PaymentDetail,
    amount: MinorUnits,
    /// How much of it was refunded; only once it was captured.
    #[schema(required = false)]
    refunded: MinorUnits,
    currency: Currency,
    provider: Provider,
    /// The gateway's own name for it, once it has told us.
    #[schema(required = true, min_length = 1, max_length = 200)]
    provider_payment_id: Option<String>,
    /// What the gateway took, where that is not `amount`.
    #[schema(required = false)]
    received: MoneySchema,
    /// Why a gateway refused, in words; only where it did.
    #[schema(required = false)]
    failure: FailureSchema,
    /// Until when a transfer can arrive; only while one is awaited.
    #[schema(required = false)]
    due_at: Moment,
    /// What the gateway says it has of the money, where that is not what the books say.
    #[schema(required = false)]
    gateway_holds: MoneySchema,
    /// The same as the gateway splits it, where the sum is the books' and the split is not.
    #[schema(required = false)]
    gateway_amounts: AmountsSchema,
    /// What the buyer paid with, once the gateway has said so.
    #[schema(required = false)]
    payment_method: PaymentMethodSchema,
    /// The latest money call.
    #[schema(required = true)]
    operation: Option<OperationSchema>,
    created_at: Moment,
    updated_at: Moment,
}

/// A refund of a payment's money.
#[derive(ToSchema)]
#[schema(as = Refund)]
pub struct RefundSchema {
    refund_id: RefundId,
    payment_id: PaymentId,
    order_id: OrderId,
    status: RefundStatus,
    amount: MinorUnits,
    currency: Currency,
    amounts: AmountsSchema,
    way: RefundWayName,
    created_at: Moment,
    updated_at: Moment,
}

/// The means of payment. What the gateway does not tell is null.
#[derive(ToSchema)]
#[schema(as = PaymentMethod)]
pub struct PaymentMethodSchema {
    /// In the gateways' common words: `card`, `transfer`, `virtual_account`, `mobile` and others.
    #[schema(required = true, example = "card")]
    method: Option<String>,
    /// Who issued the card, or which bank or easy payment it was, in the gateway's code.
    #[schema(required = true)]
    issuer: Option<String>,
    /// The last four digits of the card.
    #[schema(required = true, example = "4242", pattern = "^[0-9*]{1,4}$")]
    last4: Option<String>,
    /// Credit, debit, prepaid: the gateway's word.
    #[schema(required = true)]
    card_type: Option<String>,
    /// The issuer's approval number.
    #[schema(required = true)]
    approval_number: Option<String>,
    /// In how many monthly instalments; 0 for none.
    #[schema(required = true)]
    installments: Option<u8>,
    /// Which wallet it was, where the gateway says that it was one: the words of `easy_pays`, or the gateway's own.
    #[schema(required = false, example = "kakaopay")]
    easy_pay: String,
}

/// A checkout.
#[derive(ToSchema)]
#[schema(as = Session)]
pub struct SessionSchema {
    session_id: SessionId,
    /// Opens this session alone, until `expires_at`. Only in the answer that began it.
    #[schema(required = false, value_type = String, pattern = r"^ses_[0-9a-f]{32}\.[!-~]+$")]
    session_token: Option<String>,
    status: SessionStatus,
    next: NextStep,
    /// The payment that the session is about now; also the gateway's order number.
    payment_id: PaymentId,
    order_id: OrderId,
    amount: MinorUnits,
    currency: Currency,
    provider: Provider,
    capture: CaptureStrategy,
    expires_at: Moment,
    payment: PaymentSchema,
}

/// A checkout with what is bought and how it can be paid.
#[derive(ToSchema)]
#[schema(as = Checkout)]
pub struct CheckoutSchema {
    #[serde(flatten)]
    session: SessionSchema,
    /// How the buyer means to pay, once the merchant or the buyer has said it.
    #[schema(required = true)]
    method: Option<PaymentMethodName>,
    /// The ways in which this amount can be paid at this gateway; none where there is nothing to pay.
    methods: Vec<PaymentMethodName>,
    /// The wallet that the buyer means to pay with, once it has been said.
    #[schema(required = true)]
    easy_pay: Option<EasyPayName>,
    /// The wallets whose windows can be opened by name, in the order in which they are to be shown.
    easy_pays: Vec<EasyPayName>,
    /// In how many months the card is to pay, once it has been said.
    #[schema(required = true)]
    installments: Option<InstallmentMonths>,
    /// The most months that can be chosen for this amount; 0 where the gateway's window asks, if anybody.
    #[schema(maximum = 12)]
    installments_max: u8,
    /// Whether somebody has said who the buyer is. What was said is not shown.
    buyer_known: bool,
    /// Whether the order still waits for its payment, so that another session can be begun.
    payable: bool,
    /// Where the buyer is sent when they have paid, as the session's beginning said.
    redirect_url: Option<String>,
    /// Where they are sent if they have not, if elsewhere.
    failure_redirect_url: Option<String>,
    order: SummarySchema,
    /// What the hosted page asks consent to, each apart, with the texts.
    #[schema(max_items = 2)]
    consents: Vec<AskedConsentSchema>,
    /// What the receipt for people says; null where no money was taken.
    #[schema(required = true)]
    receipt: Option<PaidSchema>,
}

/// A consent that a checkout asks for.
#[derive(ToSchema)]
#[schema(as = AskedConsent)]
pub struct AskedConsentSchema {
    consent: ConsentName,
    /// Whether the checkout is not prepared without it.
    required: bool,
    ko: ConsentTextSchema,
    en: ConsentTextSchema,
}

/// A text that is agreed to.
#[derive(ToSchema)]
#[schema(as = ConsentText)]
pub struct ConsentTextSchema {
    /// As it is shown. The first line says what is agreed to, the others in detail.
    text: String,
    /// What a consent to it is given by.
    text_hash: TextHash,
}

/// What the receipt for people says beside the payment. It is no tax invoice and no cash receipt.
#[derive(ToSchema)]
#[schema(as = PaidReceipt)]
pub struct PaidSchema {
    /// When the money was taken.
    captured_at: Moment,
    /// What was taken in all.
    amount: MinorUnits,
    supply: MinorUnits,
    vat: MinorUnits,
    tax_free: MinorUnits,
    /// What was taken off the prices before.
    discount: MinorUnits,
    /// What has gone back so far.
    refunded: MinorUnits,
    /// What people call the `issuer` of `payment.payment_method`; null where its code is not known here.
    #[schema(required = true)]
    issuer_name: Option<WordingSchema>,
    /// Where the gateway shows its own slip: whoever has the address sees it. Null where it has said none, and once what
    /// is sealed was erased.
    #[schema(required = true, format = "uri", max_length = 500)]
    slip_url: Option<String>,
}

/// What a buyer is shown of an order.
#[derive(ToSchema)]
#[schema(as = OrderSummary)]
pub struct SummarySchema {
    status: OrderStatus,
    /// What is bought, in a few words.
    #[schema(example = "수채화 강의 외 1건")]
    title: String,
    total: MinorUnits,
    amounts: AmountsSchema,
    capture: CaptureMode,
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<LineSchema>,
    /// What is taken off the prices of the lines, where something is.
    #[schema(required = false)]
    discounts: Vec<DiscountSchema>,
    /// Until when the order can be paid.
    expires_at: Moment,
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
    window: OpenObject,
}

/// An amount.
#[derive(ToSchema)]
#[schema(as = Money)]
pub struct MoneySchema {
    amount: MinorUnits,
    currency: Currency,
}

/// The gateways that are on.
#[derive(ToSchema)]
#[schema(as = Gateways)]
pub struct GatewaysSchema {
    items: Vec<GatewaySchema>,
}

/// A gateway with its capabilities.
#[derive(ToSchema)]
#[schema(as = Gateway)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a gateway can do or not"
)]
pub struct GatewaySchema {
    provider: Provider,
    /// Whether it answers just now, as far as is known.
    reachable: bool,
    capture: CaptureStrategy,
    /// How long it holds funds, where it does.
    #[schema(required = true)]
    hold_seconds: Option<u64>,
    /// The smallest amount, in won, by whichever way of paying.
    minimum_amount: MinorUnits,
    /// The methods that its window can be opened with here.
    methods: Vec<GatewayMethodSchema>,
    /// The wallets whose windows the shop offers by name.
    easy_pays: Vec<EasyPayName>,
    /// The most months that the shop lets a card pay in; 0 where the gateway's window asks.
    #[schema(maximum = 12)]
    installments_max: u8,
    /// The least amount that can be paid in months so, in won.
    installments_minimum: MinorUnits,
    /// Whether taken money can be given back through it.
    refund: bool,
    /// Whether the gateway itself supports partial refunds. This version refunds in full.
    partial_refund: bool,
    tax_free: bool,
    virtual_account: bool,
    escrow: bool,
    settlements: bool,
    /// How long after the buyer's approval the payment can be confirmed.
    confirm_within_seconds: u64,
}

/// Unanswered calls to gateways.
#[derive(ToSchema)]
#[schema(as = Unanswered)]
pub struct UnansweredSchema {
    items: Vec<UnansweredItemSchema>,
    /// `after` of the next page; null on the last.
    #[schema(required = true)]
    next: Option<PaymentId>,
    /// The number of calls on all pages.
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
    #[schema(required = true)]
    next: Option<PaymentId>,
    /// The number of payments on all pages.
    count: u64,
    /// Whether there are more than were counted.
    at_least: bool,
}

/// An unanswered call.
#[derive(ToSchema)]
#[schema(as = UnansweredCall)]
pub struct UnansweredItemSchema {
    operation_id: OperationId,
    intended_at: Moment,
    age_seconds: u64,
    /// Whether it has waited so long that a person has to check the gateway, and resolve it.
    needs_person: bool,
    payment: PaymentSchema,
}

/// The explanation of a gateway's refusal.
#[derive(ToSchema)]
#[schema(as = Failure)]
pub struct FailureSchema {
    /// The gateway's code.
    #[schema(max_length = 64)]
    code: String,
    fault: FailureFault,
    retry: FailureRetry,
    message: WordingSchema,
}

/// The text for the buyer.
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
    kind: OperationKind,
    state: OperationState,
}

/// An order.
#[derive(ToSchema)]
#[schema(as = Order)]
pub struct OrderSchema {
    order_id: OrderId,
    buyer_id: BuyerId,
    status: OrderStatus,
    detail: OrderDetail,
    currency: Currency,
    total: MinorUnits,
    amounts: AmountsSchema,
    capture: CaptureMode,
    /// What in the merchant's own system it is for, where that was said.
    #[schema(required = false)]
    resource_type: MerchantName,
    /// The merchant's name for that thing.
    #[schema(required = false)]
    resource_id: MerchantName,
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<LineSchema>,
    /// What is taken off the prices of the lines, where something is.
    #[schema(required = false)]
    discounts: Vec<DiscountSchema>,
    /// Its payments, oldest first.
    #[schema(max_items = 100)]
    payments: Vec<PaymentId>,
    expires_at: Moment,
    created_at: Moment,
    updated_at: Moment,
}

/// An amount by component; they sum to the whole.
#[derive(ToSchema)]
#[schema(as = Amounts)]
pub struct AmountsSchema {
    supply: MinorUnits,
    vat: MinorUnits,
    tax_free: MinorUnits,
    /// Left out where it is nothing.
    #[schema(required = false)]
    tip: MinorUnits,
    /// What nobody has split into the others; left out where it is nothing.
    #[schema(required = false)]
    unsplit: MinorUnits,
}

/// A line of an order.
#[derive(ToSchema)]
#[schema(as = Line)]
pub struct LineSchema {
    name: LineName,
    #[schema(minimum = 1)]
    quantity: u32,
    unit_price: MinorUnits,
    tax: Tax,
    #[schema(required = false)]
    item_id: ItemId,
    #[schema(required = false)]
    seller_id: ItemId,
    /// What it comes to, where the order has discounts.
    #[schema(required = false)]
    amount: MinorUnits,
}

/// A discount of an order.
#[derive(ToSchema)]
#[schema(as = Discount)]
pub struct DiscountSchema {
    name: LineName,
    amount: PositiveMinorUnits,
    /// The places of the lines that it is on, from 0; left out where it is on all.
    #[schema(required = false)]
    lines: LinePlaces,
    borne_by: DiscountBearer,
}

/// A way to pay at a gateway.
#[derive(ToSchema)]
#[schema(as = GatewayMethod)]
pub struct GatewayMethodSchema {
    method: PaymentMethodName,
    /// The least amount, in won.
    minimum_amount: MinorUnits,
}

/// A page of orders.
#[derive(ToSchema)]
#[schema(as = OrderPage)]
pub struct OrderPageSchema {
    items: Vec<OrderSchema>,
    /// `after` of the next page; null on the last.
    #[schema(required = true)]
    next: Option<OrderId>,
}

/// A page of payments.
#[derive(ToSchema)]
#[schema(as = PaymentPage)]
pub struct PageSchema {
    items: Vec<PaymentSchema>,
    /// `after` of the next page; null on the last.
    #[schema(required = true)]
    next: Option<PaymentId>,
}

/// An event.
#[derive(ToSchema)]
#[schema(as = Event)]
pub struct EventSchema {
    /// Its place in the feed, to read on from; only there.
    #[schema(required = false)]
    cursor: FeedCursor,
    /// Its number in the feed; only there.
    #[schema(required = false, minimum = 1)]
    sequence: u64,
    event_type: EventType,
    order_id: OrderId,
    /// Where it happened to a payment.
    #[schema(required = false)]
    payment_id: PaymentId,
    payload: OpenObject,
    created_at: Moment,
    /// How long a call to a gateway took; only of those.
    #[schema(required = false)]
    processing_time_ms: u32,
}

/// The events of a payment.
#[derive(ToSchema)]
#[schema(as = Transactions)]
pub struct TransactionsSchema {
    items: Vec<EventSchema>,
    /// `after` of the next page; null on the last.
    #[schema(required = true)]
    next: Option<EventPlace>,
}

/// A piece of the feed.
#[derive(ToSchema)]
#[schema(as = Feed)]
pub struct FeedSchema {
    items: Vec<EventSchema>,
    /// The feed's generation. If it changes, begin again.
    generation: u32,
    /// The `sequence` of the last event there is.
    last: u64,
}

/// A balance of the ledger.
#[derive(ToSchema)]
#[schema(as = Balance)]
pub struct BalanceSchema {
    account: AccountName,
    /// The gateway it is about; empty where it is about none.
    provider: String,
    component: AmountComponent,
    currency: Currency,
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
    result: NotificationResult,
}

/// A receipt.
#[derive(ToSchema)]
#[schema(as = Receipt)]
pub struct SignedReceiptSchema {
    /// A JWS in compact form (EdDSA): what was taken, by component, and when.
    #[schema(pattern = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]
    receipt: String,
    /// Which of the published keys signed it.
    key_id: String,
}

/// The keys that receipts are verified with (RFC 7517, RFC 8037).
#[derive(ToSchema)]
#[schema(as = ReceiptKeys)]
pub struct KeySetSchema {
    keys: Vec<OpenObject>,
}

/// A refusal (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
pub struct ProblemSchema {
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    code: ErrorCode,
    /// For people.
    message: String,
    /// The request that was refused, as the log names it.
    request_id: String,
    /// What is wrong with which field.
    #[schema(required = false)]
    errors: Vec<FieldErrorSchema>,
    /// The present state, where the state is the reason.
    #[schema(required = false)]
    state: AnyState,
    /// What the state permits.
    #[schema(required = false)]
    permitted: Vec<AnyAction>,
    /// The least amount that would do, in minor units; of `AMOUNT_BELOW_MINIMUM`.
    #[schema(required = false)]
    minimum_amount: MinorUnits,
}

/// The process lives.
#[derive(ToSchema)]
#[schema(as = Alive)]
pub struct AliveSchema {
    /// `ok`.
    status: String,
}

/// The server takes payments.
#[derive(ToSchema)]
#[schema(as = Ready)]
pub struct ReadySchema {
    /// `ready`.
    status: String,
    /// How many keys the index trails the journal by.
    index_lag_keys: u64,
}

/// What is wrong with one field.
#[derive(ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorSchema {
    /// Where: `lines[0].quantity`.
    field: String,
    code: ErrorCode,
    /// For people.
    message: String,
}
