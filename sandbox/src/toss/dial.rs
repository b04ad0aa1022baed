//! The fault rules: which faults happen to which calls, how often. Rules are tried in order; the first that fires
//! wins. A rule fires always, or `times` times, or with a probability drawn from the simulator's own seeded
//! generator, or both.

use serde::{Deserialize, Serialize};

/// The calls that a rule applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFilter {
    /// `POST /v1/payments/confirm`
    Confirm,
    /// Both inquiries.
    Inquire,
    /// `POST /v1/payments/{paymentKey}/cancel`
    Cancel,
    /// Notifications sent by the simulator.
    Notify,
    /// Any call of the API.
    Any,
}

/// The kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// There is no effect and no answer.
    RequestLost {
        /// How long the connection stays open.
        #[serde(default)]
        silent_ms: u64,
    },
    /// There is the effect, but no answer.
    ResponseLost {
        /// How long the connection stays open.
        #[serde(default)]
        silent_ms: u64,
    },
    /// The effect happens at once and is answered late; until then its idempotency key is in progress.
    Delay {
        /// How late.
        ms: u64,
    },
    /// The effect happens late, whether or not the caller still waits, and is then answered.
    Held {
        /// How late.
        ms: u64,
    },
    /// An error instead of the effect.
    ErrorBefore {
        /// Its HTTP status.
        #[serde(default = "status_500")]
        status: u16,
        /// Its code.
        #[serde(default = "common_error")]
        code: String,
        /// Whether the idempotency key answers this from now on.
        #[serde(default)]
        kept: bool,
    },
    /// An error instead of the answer, after the effect.
    ErrorAfter {
        /// Its HTTP status.
        #[serde(default = "status_500")]
        status: u16,
        /// Its code.
        #[serde(default = "common_error")]
        code: String,
        /// Whether the idempotency key answers this from now on.
        #[serde(default)]
        kept: bool,
    },
    /// Half of the answer's body, or `at` bytes; then the connection closes.
    Truncated {
        /// How many bytes.
        #[serde(default)]
        at: Option<usize>,
    },
    /// The effect, and an answer that claims to be JSON but is not.
    Garbage {},
    /// The effect, and the page of a proxy.
    Html {
        /// Its HTTP status.
        #[serde(default = "status_502")]
        status: u16,
    },
    /// The answer comes in small pieces.
    Drip {
        /// How large.
        #[serde(default = "one")]
        bytes: usize,
        /// How far apart.
        #[serde(default = "hundred")]
        every_ms: u64,
    },
    /// The connection is reset.
    Reset {
        /// Whether the effect happens nonetheless.
        #[serde(default = "yes")]
        effect: bool,
    },
    /// Inquiries see the state before this call, for `ms` or for `reads` of them, whichever is
    /// over first.
    StaleRead {
        /// For so long.
        #[serde(default)]
        ms: Option<u64>,
        /// So many.
        #[serde(default)]
        reads: Option<u32>,
    },
    /// The stored answer to its idempotency key is forgotten: the call counts as the first request with that key.
    KeyForgotten {},
    /// 429 instead of the effect.
    RateLimited {},
    /// Notification: not sent.
    Lost {},
    /// Notification: sent so many times more, with the same id.
    Duplicated {
        /// How many more.
        n: u32,
    },
    /// Notification: sent at some time within `within_ms`, so that others overtake it.
    Reordered {
        /// The span.
        #[serde(default = "minute")]
        within_ms: u64,
    },
    /// Notification: sent so much later.
    Late {
        /// How much.
        ms: u64,
    },
    /// Notification: preceded by a forged one about the same payment.
    Forged {},
    /// Notification: preceded by one of a payment that does not exist.
    Unknown {},
}

fn status_500() -> u16 {
    500
}

fn status_502() -> u16 {
    502
}

fn common_error() -> String {
    "COMMON_ERROR".to_owned()
}

fn one() -> usize {
    1
}

fn hundred() -> u64 {
    100
}

fn minute() -> u64 {
    60_000
}

fn yes() -> bool {
    true
}

/// A fault, for which calls, how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For which calls.
    pub call: CallFilter,
    /// What goes wrong.
    pub fault: Fault,
    /// How often still; always, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Of a million; all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_ppm: Option<u32>,
    /// Only for the payments of this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
}

impl Rule {
    /// Always, for these calls.
    #[must_use]
    pub fn always(call: CallFilter, fault: Fault) -> Self {
        Self {
            call,
            fault,
            times: None,
            probability_ppm: None,
            order_id: None,
        }
    }

    /// Once, for these calls.
    #[must_use]
    pub fn once(call: CallFilter, fault: Fault) -> Self {
        Self {
            times: Some(1),
            ..Self::always(call, fault)
        }
    }
}

/// All that can go wrong just now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Asked in order.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// More calls of one API in one minute are answered 429. Toss's test keys have 100.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
}

/// No more rules than this.
const RULES_MAX: usize = 100;
/// No delay or silence longer than this.
const MS_MAX: u64 = 30 * 86_400_000;
/// No more copies than this.
const COPIES_MAX: u32 = 1_000;

impl Dial {
    /// The reason why it cannot be set, if it cannot.
    pub(super) fn objection(&self) -> Option<&'static str> {
        if self.rules.len() > RULES_MAX {
            return Some("at most 100 rules");
        }
        self.rules.iter().find_map(Rule::objection)
    }
}

impl Rule {
    fn objection(&self) -> Option<&'static str> {
        if self.fault.is_of_notifications() != (self.call == CallFilter::Notify) {
            return Some("this fault is not of this call");
        }
        if self.probability_ppm.is_some_and(|ppm| ppm > 1_000_000) {
            return Some("a probability is at most 1000000");
        }
        match &self.fault {
            Fault::RequestLost { silent_ms: ms }
            | Fault::ResponseLost { silent_ms: ms }
            | Fault::Delay { ms }
            | Fault::Held { ms }
            | Fault::Drip { every_ms: ms, .. }
            | Fault::StaleRead { ms: Some(ms), .. }
            | Fault::Reordered { within_ms: ms }
            | Fault::Late { ms }
                if *ms > MS_MAX =>
            {
                Some("at most thirty days")
            }
            Fault::ErrorBefore { status, .. }
            | Fault::ErrorAfter { status, .. }
            | Fault::Html { status }
                if !(200..=599).contains(status) =>
            {
                Some("a status is between 200 and 599")
            }
            Fault::Drip { bytes: 0, .. } => Some("at least one byte"),
            Fault::StaleRead {
                ms: None,
                reads: None,
            } => Some("stale_read needs ms or reads"),
            Fault::StaleRead { .. }
                if !matches!(self.call, CallFilter::Confirm | CallFilter::Cancel) =>
            {
                Some("stale_read is of confirm or cancel")
            }
            Fault::KeyForgotten {}
                if !matches!(self.call, CallFilter::Confirm | CallFilter::Cancel) =>
            {
                Some("key_forgotten is of confirm or cancel")
            }
            Fault::Duplicated { n } if *n > COPIES_MAX => Some("at most 1000 copies"),
            _ => None,
        }
    }

    pub(super) fn is_for(&self, call: CallFilter, order_id: Option<&str>) -> bool {
        let calls =
            self.call == call || (self.call == CallFilter::Any && call != CallFilter::Notify);
        calls
            && self
                .order_id
                .as_deref()
                .is_none_or(|mine| order_id == Some(mine))
    }
}

impl Fault {
    fn is_of_notifications(&self) -> bool {
        matches!(
            self,
            Self::Lost {}
                | Self::Duplicated { .. }
                | Self::Reordered { .. }
                | Self::Late { .. }
                | Self::Forged {}
                | Self::Unknown {}
        )
    }
}
