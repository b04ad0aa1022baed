//! A checkout as the API shows it, and what the gateway's window is opened with.

use daegeum_engine::amounts::Component;
use daegeum_engine::card::Installments;
use daegeum_engine::easy_pay::EasyPay;
use daegeum_engine::event::Provider;
use daegeum_engine::id::SessionId;
use daegeum_engine::idempotency::hash16;
use daegeum_engine::method::Method;
use daegeum_engine::order::{AnyOrder, Contents, Line};
use daegeum_engine::payment::{AnyPayment, CheckoutSession};
use daegeum_engine::rejection::Rejection;
use daegeum_engine::session::SessionStatus;
use daegeum_engine::time::Timestamp;
use daegeum_engine::wire::{PaymentView, SummaryView};
use serde::Serialize;
use serde_json::Value;

use super::answer;
use super::buyer_choice::BuyerChoice;
use super::consents::{self, AskedConsent};
use super::receipt_view::ReceiptView;
use crate::app::App;
use crate::gateway::Offer;
use crate::http::Problem;
use crate::text::beginning;

/// A checkout as the API shows it. What it says of the payment is the payment's own view.
#[derive(Serialize)]
pub struct SessionView<'a> {
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    status: &'static str,
    next: &'static str,
    payment_id: String,
    order_id: &'a str,
    amount: u64,
    currency: &'static str,
    provider: &'static str,
    capture: &'static str,
    expires_at: String,
    payment: PaymentView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Value>,
    #[serde(flatten)]
    at_checkout: Option<AtCheckout<'a>>,
}

/// The checkout's data besides the payment.
#[derive(Serialize)]
struct AtCheckout<'a> {
    method: Option<&'static str>,
    methods: Vec<&'static str>,
    easy_pay: Option<&'static str>,
    easy_pays: Vec<&'static str>,
    installments: Option<u8>,
    installments_max: u8,
    buyer_known: bool,
    payable: bool,
    redirect_url: Option<Box<str>>,
    failure_redirect_url: Option<Box<str>>,
    order: Value,
    consents: Vec<AskedConsent<'a>>,
    receipt: Option<ReceiptView>,
}

impl<'a> SessionView<'a> {
    /// The checkout of this payment as it is at `at`.
    pub fn of(payment: &'a AnyPayment, at: Timestamp) -> Self {
        let core = payment.core();
        let status = SessionStatus::of(payment, at);
        Self {
            session_id: session_of(payment).id.to_string(),
            session_token: None,
            status: status.name(),
            next: status.next().name(),
            payment_id: core.id.to_string(),
            order_id: core.order_id.as_str(),
            amount: core.amount().minor(),
            currency: core.amount().currency().code(),
            provider: core.provider.name(),
            capture: core.provider.capabilities().capture.name(),
            expires_at: session_of(payment).until.to_string(),
            payment: answer::view(payment),
            window: None,
            at_checkout: None,
        }
    }

    /// With what is bought and how it can be paid, as both are now.
    pub fn at_checkout(mut self, app: &'a App) -> Result<Self, Problem> {
        let payment = self.payment.payment;
        let said = BuyerChoice::of(app, payment)?.ok_or_else(lost)?;
        let (order, contents) = bought(app, payment)?;
        let summary = SummaryView {
            order: &order,
            contents: &contents,
            title: &title(&contents.lines),
        };
        let can = payment.core().provider.capabilities();
        let offer = app.gateways.card_offer(payment.core().provider);
        let wallets = offer.easy_pays.iter().copied();
        self.at_checkout = Some(AtCheckout {
            method: said.method.map(Method::name),
            easy_pay: said.card.easy_pay.map(EasyPay::name),
            easy_pays: wallets.map(EasyPay::name).collect(),
            installments: said.card.installments.map(Installments::months),
            installments_max: offer.installments_max_for(payment.core().amount()),
            buyer_known: said.buyer.is_some(),
            payable: order.takes_another(app.now()),
            methods: can
                .methods_for(payment.core().amount())
                .map(Method::name)
                .collect(),
            redirect_url: said.redirect_url,
            failure_redirect_url: said.failure_url,
            order: serde_json::to_value(&summary).map_err(Problem::internal)?,
            consents: consents::asked(app, payment.core().provider),
            receipt: ReceiptView::of(app, payment, &contents)?,
        });
        Ok(self)
    }

    /// With the window's parameters. A free order has no window.
    pub fn with_window(mut self, app: &App) -> Result<Self, Problem> {
        let payment = self.payment.payment;
        self.window = match payment.core().provider {
            Provider::Free => None,
            Provider::Mock | Provider::Toss | Provider::Drill => Some(window(app, payment)?),
        };
        Ok(self)
    }

    /// With its token, for the caller that began it.
    #[must_use]
    pub fn with_token(mut self, app: &App) -> Self {
        let payment = self.payment.payment;
        let session = session_of(payment);
        self.session_token = Some(app.session_tokens.issue(session.id, session.until));
        self
    }
}

/// The checkout of the payment. The caller has found the payment by it.
fn session_of(payment: &AnyPayment) -> CheckoutSession {
    let core = payment.core();
    core.session.unwrap_or(CheckoutSession {
        id: SessionId::from_bits(core.id.bits()),
        until: core.created_at,
    })
}

fn window(app: &App, payment: &AnyPayment) -> Result<Value, Problem> {
    let core = payment.core();
    let gateway = app.gateways.of(core.provider);
    let gateway = gateway.ok_or_else(|| answer::problem(&Rejection::ProviderUnavailable))?;
    let said = BuyerChoice::of(app, payment)?.ok_or_else(lost)?;
    let (_, contents) = bought(app, payment)?;
    Ok(gateway.window(&Offer {
        payment: core.id,
        amount: core.amount(),
        tax_free: core.amounts.get(Component::TaxFree),
        title: title(&contents.lines),
        customer_key: customer_key(core.buyer_id.as_str()),
        customer: said.customer(app).unwrap_or_default(),
        method: said.method.unwrap_or(Method::Card),
        card: said.card,
        return_to: said.redirect_url.as_deref(),
    }))
}

/// The payment's order, and what it is about.
fn bought(app: &App, payment: &AnyPayment) -> Result<(AnyOrder, Contents), Problem> {
    let order = app.reader.order(&payment.core().order_id);
    let order = order.map_err(answer::stored)?.ok_or_else(lost)?;
    let contents = app
        .reader
        .contents(order.first_record)
        .map_err(answer::stored)?;
    Ok((order.value, contents))
}

fn lost() -> Problem {
    Problem::internal("a session whose beginning is not in its history")
}

/// The payment's title in a few words.
pub fn title_of(app: &App, payment: &AnyPayment) -> Result<String, Problem> {
    let (_, contents) = bought(app, payment)?;
    Ok(title(&contents.lines))
}

/// The order's title as on a statement: the first line, and the number of further lines.
fn title(lines: &[Line]) -> String {
    const LONGEST: usize = 80;
    let first = lines.first().map_or("", |line| &*line.name);
    let first = beginning(first, LONGEST);
    match lines.len().saturating_sub(1) {
        0 => first.to_owned(),
        more => format!("{first} 외 {more}건"),
    }
}

/// The gateway's id of a buyer: the same for each of their payments, and meaningless to others.
fn customer_key(buyer_id: &str) -> String {
    let hash = hash16(&[b"customer key", buyer_id.as_bytes()]);
    u128::from_be_bytes(hash).to_string()
}
