//! Rejections: refusals by the rules, as part of the API contract. Each has a stable code, a status and the actions
//! that would be allowed.

use std::borrow::Cow;

use bincode::{Decode, Encode};
use serde::Serialize;

use crate::consent::Consent;
use crate::money::MoneyError;
use crate::order::{OrderAction, OrderState};
use crate::payment::{PaymentAction, PaymentDetail};

/// The reason why a command was refused. Refusals change nothing; those of a keyed request are stored and replayed,
/// except temporary ones ([`Rejection::retry_after_ms`]).
///
/// Stored inside answers: append variants, never reorder them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Rejection {
    /// No order has this id.
    OrderNotFound,
    /// No payment has this id, or the caller may not see it.
    PaymentNotFound,
    /// The order id is taken by another order.
    OrderAlreadyExists,
    /// The order does not accept this in its present state.
    OrderNotPermitted {
        /// The order's state.
        state: OrderState,
        /// The requested action.
        action: OrderAction,
    },
    /// The payment does not accept this in its present state.
    PaymentNotPermitted {
        /// The payment's state.
        state: PaymentDetail,
        /// The requested action.
        action: PaymentAction,
    },
    /// Only an unpaid order can be paid; this one no longer waits for a payment.
    OrderNotPayable {
        /// The order's state.
        state: OrderState,
    },
    /// Another payment is taking this order's money right now.
    OrderPaymentInProgress,
    /// The gateway has not answered about this payment yet.
    OperationInFlight,
    /// The amount is not the order's total.
    AmountMismatch,
    /// The lines do not add up to the order's total.
    TotalMismatch,
    /// An amount is zero, negative or above the largest one.
    ///
    /// Only in answers that were kept before [`Rejection::SumOutOfRange`].
    AmountOutOfRange,
    /// The order has no lines, or more than the most allowed.
    LineCountOutOfRange,
    /// The deadline is not in the future, or too far in it.
    DeadlineOutOfRange,
    /// The order has had as many payments as one order may have.
    TooManyPayments,
    /// The order can no longer take this money; it can only be returned.
    OrderCannotTake,
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The hold has run out.
    AuthorizationExpired,
    /// No gateway of this name takes payments here.
    ProviderUnavailable,
    /// The browser's return does not match the payment.
    ReturnMismatched,
    /// The buyer's checkout has ended.
    SessionExpired,
    /// No call of this payment is unanswered.
    NoUnknownOutcome,
    /// The gateway takes no amount this small. Only in answers stored before [`Rejection::BelowMinimum`].
    AmountBelowMinimum,
    /// The gateway cannot be paid through this way here.
    MethodUnavailable,
    /// The buyer's choice was made when the payment was prepared; another choice is another payment.
    SessionPrepared,
    /// The gateway refused this refund many times in a row, and is asked again only after a rest.
    RefundResting {
        /// The remaining rest.
        rest_ms: u64,
    },
    /// Only a payment of the mock gateway is completed by hand.
    NotAMockPayment,
    /// The gateway agrees with our books; there is nothing to accept.
    NoDisagreement,
    /// The gateway takes less than this by no way of paying, or not by the chosen one.
    BelowMinimum {
        /// The least it takes, in minor units.
        minimum_minor: u64,
    },
    /// A discount is nothing, more than what is left of the lines it is on, or on a line that is not there or twice.
    DiscountOutOfRange {
        /// Its place among the discounts, from 0.
        at: u8,
    },
    /// An amount, or a sum of amounts, is above the largest one, or a quantity is zero.
    SumOutOfRange,
    /// The shop does not offer this wallet at this gateway.
    EasyPayUnavailable,
    /// The amount cannot be paid in that many months here.
    InstallmentsUnavailable {
        /// The most months for this amount; 0 for all at once alone.
        most: u8,
    },
    /// The buyer has not given a consent that the merchant requires.
    ConsentRequired {
        /// Which.
        consent: Consent,
    },
    /// The amount of a refund is zero, or more than what was not refunded yet.
    RefundOutOfRange {
        /// The most that can be refunded, in minor units.
        refundable_minor: u64,
    },
    /// The payment has had as many refunds as one payment may have.
    TooManyRefunds,
    /// The gateway has another amount of the payment's money than our books.
    GatewayDisagrees,
}

/// The party at fault, which gives the answer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The thing does not exist (404).
    Missing,
    /// The thing's state does not permit this (409).
    Conflict,
    /// The request breaks a rule, whatever the state (422).
    Rule,
}

impl Kind {
    /// The HTTP status that says so.
    pub const fn status(self) -> u16 {
        match self {
            Self::Missing => 404,
            Self::Conflict => 409,
            Self::Rule => 422,
        }
    }
}

/// An error code of the contract, for documents and snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Code {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Its message to the caller.
    pub message: &'static str,
}

impl Rejection {
    /// The party at fault.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::OrderNotFound | Self::PaymentNotFound => Kind::Missing,
            Self::OrderAlreadyExists
            | Self::OrderNotPermitted { .. }
            | Self::PaymentNotPermitted { .. }
            | Self::OrderNotPayable { .. }
            | Self::OrderPaymentInProgress
            | Self::OperationInFlight
            | Self::OrderCannotTake
            | Self::AuthorizationExpired
            | Self::SessionExpired
            | Self::SessionPrepared
            | Self::NoUnknownOutcome
            | Self::NoDisagreement
            | Self::GatewayDisagrees
            | Self::TooManyRefunds
            | Self::RefundResting { .. } => Kind::Conflict,
            Self::AmountMismatch
            | Self::TotalMismatch
            | Self::AmountOutOfRange
            | Self::SumOutOfRange
            | Self::LineCountOutOfRange
            | Self::DeadlineOutOfRange
            | Self::TooManyPayments
            | Self::IdempotencyKeyReused
            | Self::ProviderUnavailable
            | Self::ReturnMismatched
            | Self::AmountBelowMinimum
            | Self::BelowMinimum { .. }
            | Self::DiscountOutOfRange { .. }
            | Self::MethodUnavailable
            | Self::EasyPayUnavailable
            | Self::InstallmentsUnavailable { .. }
            | Self::ConsentRequired { .. }
            | Self::RefundOutOfRange { .. }
            | Self::NotAMockPayment => Kind::Rule,
        }
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OrderNotFound => "ORDER_NOT_FOUND",
            Self::PaymentNotFound => "PAYMENT_NOT_FOUND",
            Self::OrderAlreadyExists => "ORDER_ALREADY_EXISTS",
            Self::OrderNotPermitted { .. } => "ORDER_NOT_PERMITTED",
            Self::PaymentNotPermitted { .. } => "PAYMENT_NOT_PERMITTED",
            Self::OrderNotPayable { .. } => "ORDER_NOT_PAYABLE",
            Self::OrderPaymentInProgress => "ORDER_PAYMENT_IN_PROGRESS",
            Self::OperationInFlight => "OPERATION_IN_FLIGHT",
            Self::AmountMismatch => "AMOUNT_MISMATCH",
            Self::TotalMismatch => "TOTAL_MISMATCH",
            Self::AmountOutOfRange | Self::SumOutOfRange => "AMOUNT_OUT_OF_RANGE",
            Self::LineCountOutOfRange => "LINE_COUNT_OUT_OF_RANGE",
            Self::DeadlineOutOfRange => "DEADLINE_OUT_OF_RANGE",
            Self::TooManyPayments => "TOO_MANY_PAYMENTS",
            Self::OrderCannotTake => "ORDER_CANNOT_TAKE",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::AuthorizationExpired => "AUTHORIZATION_EXPIRED",
            Self::ProviderUnavailable => "PROVIDER_UNAVAILABLE",
            Self::ReturnMismatched => "MISMATCHED",
            Self::SessionExpired => "SESSION_EXPIRED",
            Self::NoUnknownOutcome => "NO_UNKNOWN_OUTCOME",
            Self::AmountBelowMinimum | Self::BelowMinimum { .. } => "AMOUNT_BELOW_MINIMUM",
            Self::DiscountOutOfRange { .. } => "DISCOUNT_OUT_OF_RANGE",
            Self::MethodUnavailable => "METHOD_UNAVAILABLE",
            Self::EasyPayUnavailable => "EASY_PAY_UNAVAILABLE",
            Self::InstallmentsUnavailable { .. } => "INSTALLMENTS_UNAVAILABLE",
            Self::SessionPrepared => "SESSION_PREPARED",
            Self::RefundResting { .. } => "REFUND_RESTING",
            Self::NotAMockPayment => "NOT_A_MOCK_PAYMENT",
            Self::NoDisagreement => "NO_DISAGREEMENT",
            Self::ConsentRequired { .. } => "CONSENT_REQUIRED",
            Self::RefundOutOfRange { .. } => "REFUND_OUT_OF_RANGE",
            Self::TooManyRefunds => "TOO_MANY_REFUNDS",
            Self::GatewayDisagrees => "GATEWAY_DISAGREES",
        }
    }

    /// One sentence for the caller; it never quotes what the caller sent.
    pub const fn message(&self) -> &'static str {
        match self {
            Self::OrderNotFound => "There is no order with this id.",
            Self::PaymentNotFound => "There is no payment with this id.",
            Self::OrderAlreadyExists => {
                "An order with this id exists and differs from this request."
            }
            Self::OrderNotPermitted { .. } => "The order's state does not permit this.",
            Self::PaymentNotPermitted { .. } => "The payment's state does not permit this.",
            Self::OrderNotPayable { .. } => "The order no longer waits for a payment.",
            Self::OrderPaymentInProgress => "Another payment of this order is in progress.",
            Self::OperationInFlight => {
                "The gateway has not answered about this payment yet; ask again later."
            }
            Self::AmountMismatch => "The amount is not the order's total.",
            Self::TotalMismatch => "The lines do not add up to the total.",
            Self::AmountOutOfRange => "An amount is an integer from 1 to 9007199254740991.",
            Self::SumOutOfRange => {
                "An amount, and a sum of amounts, is an integer from 0 to 9007199254740991; a quantity is at least 1."
            }
            Self::LineCountOutOfRange => "An order has 1 to 100 lines.",
            Self::DeadlineOutOfRange => "The deadline is in the future and at most 400 days away.",
            Self::TooManyPayments => "The order has had 100 payments; create a new order.",
            Self::OrderCannotTake => {
                "The order can no longer take this money; it can only be returned."
            }
            Self::IdempotencyKeyReused => "This idempotency key was used for another request.",
            Self::AuthorizationExpired => "The hold on the buyer's funds has run out.",
            Self::ProviderUnavailable => "No gateway of this name takes payments here.",
            // No details: a tamperer learns only that it was noticed.
            Self::ReturnMismatched => "This does not match the payment.",
            Self::SessionExpired => "This checkout has ended; begin a new one.",
            Self::NoUnknownOutcome => "No call of this payment is without an answer.",
            Self::AmountBelowMinimum | Self::BelowMinimum { .. } => {
                "The gateway takes no amount as small as this."
            }
            Self::DiscountOutOfRange { .. } => {
                "A discount is at least 1 and at most what is left of the prices of its lines."
            }
            Self::MethodUnavailable => "This way of paying is not available here.",
            Self::EasyPayUnavailable => "This easy payment is not offered here.",
            Self::InstallmentsUnavailable { .. } => {
                "This amount cannot be paid in that many months here."
            }
            Self::SessionPrepared => {
                "The payment was prepared with another choice. Begin another session of the order."
            }
            Self::RefundResting { .. } => {
                "The gateway has refused to give this money back 10 times or more in a row; ask again after Retry-After."
            }
            Self::NotAMockPayment => {
                "This payment is not the mock gateway's; its own gateway decides."
            }
            Self::NoDisagreement => {
                "The gateway has what the books say; there is nothing to accept."
            }
            Self::ConsentRequired {
                consent: Consent::Purchase,
            } => "The buyer has not agreed to the purchase, which this shop requires.",
            Self::ConsentRequired {
                consent: Consent::PersonalData,
            } => {
                "The buyer has not agreed that the gateway is given personal data, which this shop requires."
            }
            Self::RefundOutOfRange { .. } => {
                "A refund is at least 1 and at most what was captured and not refunded yet."
            }
            Self::TooManyRefunds => "The payment has had 100 refunds.",
            Self::GatewayDisagrees => {
                "The gateway has another amount of this payment than the books; resolve that at the desk first."
            }
        }
    }

    /// The field of the request that breaks the rule, where there is one.
    pub fn field(&self) -> Option<Cow<'static, str>> {
        let field = match self {
            Self::AmountMismatch
            | Self::AmountBelowMinimum
            | Self::BelowMinimum { .. }
            | Self::RefundOutOfRange { .. } => "amount",
            Self::TotalMismatch => "total",
            Self::DiscountOutOfRange { at } => return Some(format!("discounts[{at}]").into()),
            // Of a sum; who reads one amount from a request knows where it stood.
            Self::LineCountOutOfRange | Self::SumOutOfRange => "lines",
            Self::DeadlineOutOfRange => "expires_at",
            Self::ProviderUnavailable => "provider",
            Self::MethodUnavailable => "method",
            Self::EasyPayUnavailable => "easy_pay",
            Self::InstallmentsUnavailable { .. } => "installments",
            Self::ConsentRequired { .. } => "consents",
            Self::IdempotencyKeyReused => "idempotency_key",
            Self::TooManyPayments
            | Self::AmountOutOfRange
            | Self::OrderNotFound
            | Self::PaymentNotFound
            | Self::OrderAlreadyExists
            | Self::OrderNotPermitted { .. }
            | Self::PaymentNotPermitted { .. }
            | Self::OrderNotPayable { .. }
            | Self::OrderPaymentInProgress
            | Self::OperationInFlight
            | Self::OrderCannotTake
            | Self::AuthorizationExpired
            | Self::ReturnMismatched
            | Self::SessionExpired
            | Self::NoUnknownOutcome
            | Self::SessionPrepared
            | Self::RefundResting { .. }
            | Self::NotAMockPayment
            | Self::TooManyRefunds
            | Self::GatewayDisagrees
            | Self::NoDisagreement => return None,
        };
        Some(field.into())
    }

    /// The least amount that would do, where the amount is too small.
    pub const fn minimum_minor(&self) -> Option<u64> {
        match self {
            Self::BelowMinimum { minimum_minor } => Some(*minimum_minor),
            _ => None,
        }
    }

    /// Of the discount at this place.
    pub fn discount_out_of_range(at: usize) -> Self {
        let at = u8::try_from(at).unwrap_or(u8::MAX);
        Self::DiscountOutOfRange { at }
    }

    /// The present state, if that is the reason.
    pub const fn state(&self) -> Option<&'static str> {
        match self {
            Self::OrderNotPermitted { state, .. } | Self::OrderNotPayable { state } => {
                Some(state.name())
            }
            Self::PaymentNotPermitted { state, .. } => Some(state.name()),
            _ => None,
        }
    }

    /// The actions that would be allowed instead, if the state is the reason.
    pub fn permitted(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::OrderNotPermitted { state, .. } | Self::OrderNotPayable { state } => {
                Some(state.permitted().map(OrderAction::name).collect())
            }
            Self::PaymentNotPermitted { state, .. } => {
                let permitted = state.permitted().into_iter();
                Some(permitted.map(PaymentAction::name).collect())
            }
            _ => None,
        }
    }

    /// One sample of each, for the documents, the snapshot and the tests that reach them all.
    pub fn all() -> Vec<Self> {
        vec![
            Self::OrderNotFound,
            Self::PaymentNotFound,
            Self::OrderAlreadyExists,
            Self::OrderNotPermitted {
                state: OrderState::Canceled,
                action: OrderAction::Cancel,
            },
            Self::PaymentNotPermitted {
                state: PaymentDetail::Failed,
                action: PaymentAction::Capture,
            },
            Self::OrderNotPayable {
                state: OrderState::Paid,
            },
            Self::OrderPaymentInProgress,
            Self::OperationInFlight,
            Self::AmountMismatch,
            Self::TotalMismatch,
            Self::AmountOutOfRange,
            Self::LineCountOutOfRange,
            Self::DeadlineOutOfRange,
            Self::TooManyPayments,
            Self::OrderCannotTake,
            Self::IdempotencyKeyReused,
            Self::AuthorizationExpired,
            Self::ProviderUnavailable,
            Self::ReturnMismatched,
            Self::SessionExpired,
            Self::NoUnknownOutcome,
            Self::AmountBelowMinimum,
            Self::MethodUnavailable,
            Self::SessionPrepared,
            Self::RefundResting { rest_ms: 60_000 },
            Self::NotAMockPayment,
            Self::NoDisagreement,
            Self::BelowMinimum { minimum_minor: 100 },
            Self::DiscountOutOfRange { at: 0 },
            Self::SumOutOfRange,
            Self::EasyPayUnavailable,
            Self::InstallmentsUnavailable { most: 6 },
            Self::ConsentRequired {
                consent: Consent::Purchase,
            },
            Self::RefundOutOfRange {
                refundable_minor: 7_000,
            },
            Self::TooManyRefunds,
            Self::GatewayDisagrees,
        ]
    }

    /// Whether it is only in answers that were kept before: another one with the same code is given now.
    pub const fn is_only_kept(&self) -> bool {
        matches!(self, Self::AmountOutOfRange | Self::AmountBelowMinimum)
    }

    /// How long until the same request may be accepted, if that is only a matter of time. Such a refusal is not
    /// stored under a key.
    pub const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::RefundResting { rest_ms } => Some(*rest_ms),
            _ => None,
        }
    }

    /// The rejection's entry in the documents.
    pub const fn documented(&self) -> Code {
        Code {
            code: self.code(),
            status: self.kind().status(),
            message: self.message(),
        }
    }
}

impl From<MoneyError> for Rejection {
    fn from(_: MoneyError) -> Self {
        Self::SumOutOfRange
    }
}
