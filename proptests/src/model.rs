//! Orders, payments and their money by the written rules, in plain variables.
//!
//! Written from the design's text. It must not look at the engine's lifecycle tables or use its states: two opinions
//! from one source would be one. It names payments by number, in the order in which they were begun.

mod ask;
mod gateway;
mod money;

pub use ask::{By, Flaw, ModelRequest, Say, Verdict};
pub use money::{Split, Told, Won};

use std::collections::{BTreeMap, BTreeSet};

/// The state of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    Begun,
    Held {
        until: u64,
    },
    Taken,
    Failed,
    GivenUp,
    RanOut,
    Released,
    /// The gateway took this much, which is not the price.
    WrongMoney(Won),
    /// The gateway captured the price, but the order does not take it.
    Homeless(Won),
    SentBack(u64),
    /// The order had been paid, and the money went back.
    Refunded,
}

#[derive(Debug, Clone)]
pub struct Payment {
    pub order: usize,
    pub stands: Stands,
    /// A call to the gateway has no answer.
    pub waiting: bool,
    /// Through the mock gateway, or through one that these stories never reach.
    pub mock: bool,
    /// The gateway's amount of its money, by our books.
    pub there: Won,
    /// The refunded part of its captured money: supply, VAT, tax-free, and unsplit.
    pub refunded: [u64; 4],
    /// The gateway's own amount, if it differs.
    pub said: Option<Won>,
    pub heard: BTreeSet<String>,
    pub erased: bool,
    pub events: u64,
}

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    ForPayment,
    ForConfirmation,
    Paid,
    /// Canceled once the gateway answers; whether because it was not paid in time.
    ToBeCanceled {
        unpaid: bool,
    },
    Canceled,
    Refunded,
}

#[derive(Debug, Clone)]
pub struct Order {
    pub buyer: usize,
    /// The request's content, to recognise a repeated registration.
    pub request: Flaw,
    pub on_confirmation: bool,
    pub due: u64,
    pub waits: Waits,
    pub claim: Option<usize>,
    pub payments: Vec<usize>,
    pub events: u64,
}

/// The answer that a caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelReply {
    /// About an order with so many events.
    Order(u16, usize, u64),
    /// About a payment with so many events.
    Payment(u16, usize, u64),
    Refused(&'static str),
}

/// The subject of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    Order(usize),
    Payment(usize),
}

pub const UNPAID_AFTER_MS: u64 = 30 * 60_000;
pub const HOLD_MS: u64 = 7 * 24 * 60 * 60_000;
pub const LONGEST_MS: u64 = 400 * 24 * 3_600_000;
pub const PRICE: u64 = crate::shop::TOTAL;

/// The shop.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub orders: BTreeMap<usize, Order>,
    pub payments: Vec<Payment>,
    /// The answer each key got, and the request it got it for.
    pub keys: BTreeMap<u64, (u8, ModelReply)>,
    /// The notifications that named no payment of ours.
    pub unmatched: BTreeSet<String>,
    /// The events of the merchant's feed, in order; of one record the order's events come first.
    pub feed: Vec<(About, &'static str)>,
    /// Whether an order is canceled with its first failed payment.
    pub cancel_on_failure: bool,
    /// The time of the last decision, and that of the last one that was kept.
    pub last_at: u64,
    pub kept_at: u64,
    /// The effects of the decision under way.
    fresh: Vec<(About, &'static str)>,
}

impl Model {
    pub fn new(cancel_on_failure: bool) -> Self {
        Self {
            cancel_on_failure,
            ..Self::default()
        }
    }
}

type Asked = Result<ModelReply, &'static str>;

impl Model {
    /// The clock's time; it is ignored when it goes back.
    pub fn hears_the_time(&mut self, now: u64) {
        self.last_at = self.last_at.max(now);
    }

    /// The process is killed, and everything only in memory is lost.
    pub fn restarts(&mut self) {
        self.last_at = self.kept_at;
    }

    /// The answer to `ask`, under a key if there is one, and whether it had been given before.
    pub fn answers(&mut self, ask: &ModelRequest, keyed: Option<(u64, u8)>) -> (ModelReply, bool) {
        if let Some((key, fingerprint)) = keyed
            && let Some((known, heard)) = self.keys.get(&key)
        {
            return if *known == fingerprint {
                (heard.clone(), true)
            } else {
                (ModelReply::Refused("IDEMPOTENCY_KEY_REUSED"), false)
            };
        }
        let unkeyed = match ask {
            ModelRequest::Notify { event, .. } if keyed.is_none() => Some(event.clone()),
            _ => None,
        };
        if unkeyed
            .as_ref()
            .is_some_and(|event| self.unmatched.contains(event))
        {
            return (ModelReply::Refused("PAYMENT_NOT_FOUND"), true);
        }
        let before = self.clone();
        let again = matches!(ask, ModelRequest::Order { n, .. } if self.orders.contains_key(n));
        let heard = self.decides(ask).unwrap_or_else(|code| {
            *self = before;
            ModelReply::Refused(code)
        });
        let refused = matches!(heard, ModelReply::Refused(_));
        let unmatched = refused && unkeyed.is_some();
        self.unmatched.extend(unkeyed.filter(|_| unmatched));
        if keyed.is_some() || unmatched || !self.fresh.is_empty() {
            self.kept_at = self.last_at;
        }
        if let Some((key, fingerprint)) = keyed {
            self.keys.insert(key, (fingerprint, heard.clone()));
        }
        self.tell();
        (heard, again && !refused)
    }

    /// Passes on the events of the feed; events of the claim and of intents are not in it.
    fn tell(&mut self) {
        let internal = [
            "PAYMENT_ATTACHED",
            "CLAIM_TAKEN",
            "CLAIM_RELEASED",
            "OPERATION_INTENDED",
        ];
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.retain(|(_, name)| !internal.contains(name));
        fresh.sort_by_key(|(about, _)| *about);
        self.feed.append(&mut fresh);
    }

    fn order(&mut self, n: usize) -> Result<&mut Order, &'static str> {
        self.orders.get_mut(&n).ok_or("ORDER_NOT_FOUND")
    }

    fn payment(&mut self, p: usize) -> Result<&mut Payment, &'static str> {
        self.payments.get_mut(p).ok_or("PAYMENT_NOT_FOUND")
    }

    fn order_of(&mut self, p: usize) -> &mut Order {
        let n = self.payments[p].order;
        self.orders.get_mut(&n).unwrap()
    }

    fn about_order(&mut self, n: usize, name: &'static str) {
        self.orders.get_mut(&n).unwrap().events += 1;
        self.fresh.push((About::Order(n), name));
    }

    fn about_payment(&mut self, p: usize, name: &'static str) {
        self.payments[p].events += 1;
        self.fresh.push((About::Payment(p), name));
    }

    fn of_order(&self, status: u16, n: usize) -> Asked {
        Ok(ModelReply::Order(status, n, self.orders[&n].events))
    }

    fn of_payment(&self, status: u16, p: usize) -> Asked {
        Ok(ModelReply::Payment(status, p, self.payments[p].events))
    }

    /// The items due by now: orders that still wait to be paid, and holds.
    pub fn overdue(&self, now: u64) -> Vec<About> {
        let orders = self
            .orders
            .iter()
            .filter(|(_, order)| order.waits == Waits::ForPayment && order.due <= now);
        let held =
            |payment: &Payment| matches!(payment.stands, Stands::Held { until } if until <= now);
        let holds = self
            .payments
            .iter()
            .enumerate()
            .filter(|(_, payment)| held(payment));
        let orders = orders.map(|(n, _)| About::Order(*n));
        orders
            .chain(holds.map(|(p, _)| About::Payment(p)))
            .collect()
    }
}
