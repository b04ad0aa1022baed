//! The capabilities of each gateway. Decisions ask for these, never for a gateway's name.

use crate::event::Provider;
use crate::method::Method;
use crate::money::Money;
use crate::order::CaptureMode;

/// How a gateway keeps an order's money until the order is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureStrategy {
    /// It authorizes, and captures later.
    AuthorizeThenCapture {
        /// How long it holds them.
        hold_ms: u64,
    },
    /// It can only capture. The money is captured at once and refunded if the order is not confirmed.
    ChargeThenHold,
}

impl CaptureStrategy {
    /// The word in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizeThenCapture { .. } => "authorize_then_capture",
            Self::ChargeThenHold => "charge_then_hold",
        }
    }
}

/// A gateway's capabilities and limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a gateway can do or not"
)]
pub struct Capabilities {
    /// How money waits for the order's confirmation.
    pub capture: CaptureStrategy,
    /// Whether its calls go over the network; if not, they are answered within the decision.
    pub remote: bool,
    /// Whether captured money can be refunded through it.
    pub refund: bool,
    /// Whether a part of it can be refunded.
    pub partial_refund: bool,
    /// Whether it splits amounts into taxed and tax-free parts.
    pub tax_free: bool,
    /// Whether a buyer may pay by transfer to an account made for the payment.
    pub virtual_account: bool,
    /// Whether it has an escrow service that its API can drive.
    pub escrow: bool,
    /// Whether it has a settlement list.
    pub settlements: bool,
    /// How long the buyer's approval can be confirmed.
    pub confirm_window_ms: u64,
    /// How long a repeated idempotency key is recognised.
    pub idempotency_ms: u64,
    /// The methods that its window can be opened with here, each with its minimum amount in minor units.
    pub methods: &'static [(Method, u64)],
}

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

const MOCK: Capabilities = Capabilities {
    capture: CaptureStrategy::AuthorizeThenCapture { hold_ms: 7 * DAY },
    remote: false,
    refund: false,
    partial_refund: false,
    tax_free: true,
    virtual_account: false,
    escrow: false,
    settlements: false,
    confirm_window_ms: u64::MAX,
    idempotency_ms: u64::MAX,
    methods: &[
        (Method::Card, 1),
        (Method::Transfer, 1),
        (Method::Mobile, 1),
    ],
};

/// Toss offers no authorization, only confirm; its manual settlement is by contract and no hold.
const TOSS: Capabilities = Capabilities {
    capture: CaptureStrategy::ChargeThenHold,
    remote: true,
    refund: true,
    partial_refund: true,
    tax_free: true,
    virtual_account: false,
    escrow: false,
    settlements: true,
    confirm_window_ms: 10 * MINUTE,
    idempotency_ms: 15 * DAY,
    // From its list of errors (BELOW_MINIMUM_AMOUNT): 100 won by card, 200 from an account. It gives no minimum for
    // mobile payments, so the smallest of all stands there, and Toss itself refuses smaller amounts. Toss has virtual
    // accounts; they are missing here because no page shows a buyer where to transfer yet, and such money could not
    // be refunded.
    methods: &[
        (Method::Card, 100),
        (Method::Transfer, 200),
        (Method::Mobile, 100),
    ],
};

/// Authorizations at a gateway that is called over the network.
const DRILL: Capabilities = Capabilities {
    capture: CaptureStrategy::AuthorizeThenCapture { hold_ms: 7 * DAY },
    remote: true,
    refund: true,
    confirm_window_ms: 10 * MINUTE,
    idempotency_ms: DAY,
    ..MOCK
};

/// No gateway is asked, so nothing is authorized and nothing expires.
const FREE: Capabilities = Capabilities {
    capture: CaptureStrategy::ChargeThenHold,
    refund: true,
    methods: &[],
    ..MOCK
};

impl Capabilities {
    /// The minimum amount by this method; `None` if the method is not offered here.
    pub fn minimum_by(&self, method: Method) -> Option<u64> {
        let mut all = self.methods.iter();
        all.find(|(own, _)| *own == method).map(|(_, least)| *least)
    }

    /// The smallest minimum amount of all methods.
    pub fn minimum(&self) -> u64 {
        let least = self.methods.iter().map(|(_, least)| *least).min();
        least.unwrap_or_default()
    }

    /// The methods by which this amount can be paid through it here.
    pub fn methods_for(&self, amount: Money) -> impl Iterator<Item = Method> {
        let takes = move |(_, least): &&(Method, u64)| amount.minor() >= *least;
        self.methods.iter().filter(takes).map(|(method, _)| *method)
    }

    /// How long the gateway holds the money of an order that is to be confirmed first; `None` if it is captured at
    /// once.
    pub const fn hold_ms(&self, capture: CaptureMode) -> Option<u64> {
        match (capture, self.capture) {
            (CaptureMode::OnConfirmation, CaptureStrategy::AuthorizeThenCapture { hold_ms }) => {
                Some(hold_ms)
            }
            (CaptureMode::Automatic, _)
            | (CaptureMode::OnConfirmation, CaptureStrategy::ChargeThenHold) => None,
        }
    }
}

impl Provider {
    /// The gateway's capabilities.
    pub const fn capabilities(self) -> &'static Capabilities {
        match self {
            Self::Mock => &MOCK,
            Self::Toss => &TOSS,
            Self::Drill => &DRILL,
            Self::Free => &FREE,
        }
    }
}
