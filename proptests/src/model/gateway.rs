//! Effects of a gateway's fact in the model, over any channel.

use super::money::{next_refund, without};
use super::{Asked, HOLD_MS, Model, PRICE, Say, Stands, Told, Waits, Won};

impl Model {
    /// A money call needs the order's claim, and an order that may still be paid.
    pub(super) fn calls_gateway(&mut self, p: usize) -> Result<(), &'static str> {
        let now = self.last_at;
        let n = self.payments[p].order;
        let order = self.order_of(p);
        if order.waits == Waits::Paid || order.claim.is_some_and(|holder| holder != p) {
            return Err("ORDER_PAYMENT_IN_PROGRESS");
        }
        if order.waits == Waits::ForPayment && order.due <= now {
            return Err("ORDER_NOT_PAYABLE");
        }
        if order.claim.is_none() {
            order.claim = Some(p);
            self.about_order(n, "CLAIM_TAKEN");
        }
        self.about_payment(p, "OPERATION_INTENDED");
        Ok(())
    }

    pub(super) fn gateway_agrees(&mut self, p: usize) {
        self.payments[p].waiting = false;
        self.about_payment(p, "PROVIDER_CONFIRMED");
    }

    /// The money goes to the order, unless the order is to be confirmed first: then it is held.
    pub(super) fn money_is_ours_or_held(&mut self, p: usize) {
        let n = self.payments[p].order;
        if !self.order_of(p).on_confirmation {
            return self.money_arrives(p, Told::whole(Won::PRICE));
        }
        let until = self.last_at + HOLD_MS;
        self.ends(p, Stands::Held { until }, "AUTHORIZE_SUCCEEDED");
        if self.order_of(p).waits == Waits::ForPayment {
            self.order_of(p).waits = Waits::ForConfirmation;
            self.about_order(n, "PAYMENT_AUTHORIZED");
            return;
        }
        self.releases_hold(p).unwrap();
        self.cancels_what_was_to_be_canceled(n);
    }

    pub(super) fn releases_hold(&mut self, p: usize) -> Result<(), &'static str> {
        self.calls_gateway(p)?;
        self.gateway_agrees(p);
        self.ends(p, Stands::Released, "VOID_SUCCEEDED");
        self.claim_is_free(p);
        Ok(())
    }

    pub(super) fn gateway_declines(&mut self, p: usize) {
        let n = self.payments[p].order;
        self.payments[p].waiting = false;
        self.about_payment(p, "PROVIDER_REFUSED");
        self.failed(p, n);
    }

    fn failed(&mut self, p: usize, n: usize) {
        self.ends(p, Stands::Failed, "CAPTURE_FAILED");
        self.claim_is_free(p);
        if self.order_of(p).waits == Waits::ForPayment {
            self.about_order(n, "PAYMENT_FAILED");
            if self.cancel_on_failure && self.order_of(p).claim.is_none() {
                self.unwinds(n, false).unwrap();
            }
        }
        self.cancels_what_was_to_be_canceled(n);
    }

    /// While it waits, an order takes the money of the payment that holds its claim, or of any payment if the claim
    /// is free; a reserved order takes only the holder's.
    pub(super) fn order_wants(&mut self, p: usize) -> bool {
        let order = self.order_of(p);
        match order.waits {
            Waits::ForPayment => order.claim.is_none_or(|holder| holder == p),
            Waits::ForConfirmation => order.claim == Some(p),
            _ => false,
        }
    }

    /// The gateway took the price.
    pub(super) fn money_arrives(&mut self, p: usize, told: Told) {
        let n = self.payments[p].order;
        if !self.order_wants(p) {
            self.is_there(
                p,
                told.taken,
                Stands::Homeless(told.taken),
                "MONEY_ORPHANED",
            );
            self.compares(p, told);
            self.claim_is_free(p);
            return self.cancels_what_was_to_be_canceled(n);
        }
        if self.order_of(p).claim.is_none() {
            self.order_of(p).claim = Some(p);
            self.about_order(n, "CLAIM_TAKEN");
        }
        let name = match self.payments[p].stands {
            Stands::WrongMoney(aside) | Stands::Homeless(aside) => {
                // An accepted difference ends here.
                if self.payments[p].there != aside {
                    self.about_payment(p, "DISAGREEMENT_ACCEPTED");
                }
                "SUSPENDED_MONEY_TAKEN"
            }
            _ => "CAPTURE_SUCCEEDED",
        };
        self.is_there(p, Won::PRICE, Stands::Taken, name);
        self.payments[p].refunded = [0; 4];
        self.refunds_what_is_gone(p, told);
        self.order_of(p).waits = Waits::Paid;
        self.about_order(n, "PAYMENT_SUCCEEDED");
        for other in self.open_payments(n) {
            self.ends(other, Stands::GivenUp, "CANCEL_SUCCEEDED");
        }
    }

    /// So much of the payment's money is at the gateway, by our books.
    fn is_there(&mut self, p: usize, won: Won, stands: Stands, name: &'static str) {
        (self.payments[p].there, self.payments[p].said) = (won, None);
        self.ends(p, stands, name);
    }

    /// Somebody refunded a part of captured money at the gateway.
    fn refunds_what_is_gone(&mut self, p: usize, told: Told) {
        let payment = &mut self.payments[p];
        let left: u64 = without(Won::PRICE.parts(), payment.refunded).iter().sum();
        let gone = payment
            .there
            .minor
            .saturating_sub(told.left.minor)
            .min(left);
        if gone > 0 {
            let refund = next_refund(payment.refunded, gone);
            let last = gone == left;
            let paid = if last {
                payment.there.parts()
            } else {
                payment.there.pays(refund)
            };
            let there = payment.there.without(paid);
            payment.refunded = std::array::from_fn(|at| payment.refunded[at] + refund[at]);
            let stands = if last {
                Stands::Refunded
            } else {
                Stands::Taken
            };
            self.is_there(p, there, stands, "REFUND_SUCCEEDED");
        }
        self.compares(p, told);
    }

    /// The gateway's amount differs from our books: a person looks.
    fn compares(&mut self, p: usize, told: Told) {
        if !told.left.agrees_with(self.payments[p].there) {
            self.payments[p].said = Some(told.left);
            self.about_payment(p, "GATEWAY_DISAGREED");
        }
    }

    pub(super) fn sends_back(&mut self, p: usize, minor: u64) {
        let (stands, name) = (Stands::SentBack(minor), "SUSPENDED_MONEY_RETURNED");
        self.is_there(p, Won::NOTHING, stands, name);
    }

    pub(super) fn ends(&mut self, p: usize, stands: Stands, name: &'static str) {
        self.payments[p].stands = stands;
        self.payments[p].waiting = false;
        self.about_payment(p, name);
    }

    /// A certain end without money gives the claim back; a reserved order waits for a payment again.
    pub(super) fn claim_is_free(&mut self, p: usize) {
        let n = self.payments[p].order;
        let order = self.order_of(p);
        if order.claim != Some(p) {
            return;
        }
        order.claim = None;
        self.about_order(n, "CLAIM_RELEASED");
        if self.order_of(p).waits == Waits::ForConfirmation {
            self.order_of(p).waits = Waits::ForPayment;
            self.about_order(n, "ORDER_REOPENED");
        }
    }

    fn open_payments(&self, n: usize) -> Vec<usize> {
        let open = |p: &usize| {
            matches!(
                self.payments[*p].stands,
                Stands::Begun | Stands::Held { .. }
            )
        };
        self.orders[&n]
            .payments
            .iter()
            .copied()
            .filter(open)
            .collect()
    }

    /// Cancels an order and everything open under it, but never while a call is unanswered; returns whether it is
    /// done. A hold is released first, by a call of its own.
    pub(super) fn unwinds(&mut self, n: usize, unpaid: bool) -> Result<bool, &'static str> {
        let mut asked = Vec::new();
        for p in self.open_payments(n) {
            match self.payments[p].stands {
                _ if self.payments[p].waiting => asked.push(p),
                Stands::Held { .. } => asked.push(p),
                _ if unpaid => self.ends(p, Stands::RanOut, "PAYMENT_EXPIRED"),
                _ => self.ends(p, Stands::GivenUp, "CANCEL_SUCCEEDED"),
            }
        }
        if asked.is_empty() {
            self.orders.get_mut(&n).unwrap().waits = Waits::Canceled;
            self.about_order(n, "PAYMENT_CANCELED");
            return Ok(true);
        }
        self.orders.get_mut(&n).unwrap().waits = Waits::ToBeCanceled { unpaid };
        self.about_order(n, "ORDER_CANCEL_REQUESTED");
        for p in asked {
            if !self.payments[p].waiting {
                self.releases_hold(p)?;
            }
        }
        self.cancels_what_was_to_be_canceled(n);
        Ok(self.orders[&n].waits == Waits::Canceled)
    }

    fn cancels_what_was_to_be_canceled(&mut self, n: usize) {
        let order = &self.orders[&n];
        if matches!(order.waits, Waits::ToBeCanceled { .. }) && order.claim.is_none() {
            self.orders.get_mut(&n).unwrap().waits = Waits::Canceled;
            self.about_order(n, "PAYMENT_CANCELED");
        }
    }

    /// A notification counts as evidence once; one that says less than is known changes nothing.
    pub(super) fn hears(&mut self, p: usize, event: &str, say: Say) -> Asked {
        const MOST_KEPT: usize = 64;
        let payment = self.payment(p)?;
        if !payment.mock {
            return Err("PAYMENT_NOT_FOUND");
        }
        if payment.heard.contains(event) {
            return self.of_payment(200, p);
        }
        let (n, stands) = (payment.order, payment.stands);
        let full = payment.heard.len() >= MOST_KEPT;
        let news = match say {
            Say::Something => false,
            Say::Took(told) => self.moves(p, told) != Moves::Nothing,
            Say::Failed => stands == Stands::Begun,
            Say::Canceled => {
                matches!(stands, Stands::Begun | Stands::Held { .. } | Stands::Failed)
            }
        };
        if full && !news {
            return self.of_payment(200, p);
        }
        if !full {
            self.payments[p].heard.insert(event.to_owned());
        }
        self.about_payment(p, "WEBHOOK_RECEIVED");
        if news {
            self.believes(p, n, say);
        }
        self.of_payment(200, p)
    }

    fn believes(&mut self, p: usize, n: usize, say: Say) {
        match say {
            Say::Something => {}
            Say::Took(told) => self.believes_money(p, n, told),
            Say::Failed if self.payments[p].waiting => self.gateway_declines(p),
            Say::Failed => self.failed(p, n),
            Say::Canceled => {
                if self.payments[p].waiting {
                    self.about_payment(p, "PROVIDER_REFUSED");
                }
                let held = matches!(self.payments[p].stands, Stands::Held { .. });
                let (stands, name) = match held {
                    true => (Stands::Released, "VOID_SUCCEEDED"),
                    false => (Stands::GivenUp, "CANCEL_SUCCEEDED"),
                };
                self.ends(p, stands, name);
                self.claim_is_free(p);
                self.cancels_what_was_to_be_canceled(n);
            }
        }
    }

    /// The effect of the gateway's fact about money.
    fn moves(&mut self, p: usize, told: Told) -> Moves {
        let wanted = self.order_wants(p);
        let payment = &self.payments[p];
        let (there, said) = (payment.there, payment.said.unwrap_or(payment.there));
        let booked = match payment.stands {
            Stands::Taken => Won::PRICE,
            Stands::WrongMoney(won) | Stands::Homeless(won) => won,
            // Refunded money never comes back.
            Stands::SentBack(_) | Stands::Refunded => return Moves::Nothing,
            _ if told.left.minor == 0 => return Moves::CameAndWent,
            _ => return Moves::Arrives,
        };
        let same = told.taken.minor == PRICE && payment.stands == Stands::Taken;
        if same && (1..there.minor).contains(&told.left.minor) {
            return Moves::PartlyBack;
        }
        let right = told.taken.minor == PRICE && told.left == told.taken;
        if matches!(payment.stands, Stands::WrongMoney(_)) && right && wanted {
            return Moves::Arrives;
        }
        if told.left.minor == 0 {
            return Moves::Back;
        }
        if told.left.agrees_with(said) {
            return Moves::Nothing;
        }
        let not_more = told.left.minor <= said.minor;
        if told.left.agrees_with(there) && not_more {
            return Moves::Agrees;
        }
        if not_more || told.taken.minor != booked.minor {
            return Moves::Disagrees;
        }
        Moves::Nothing
    }

    fn believes_money(&mut self, p: usize, n: usize, told: Told) {
        match self.moves(p, told) {
            Moves::Nothing => {}
            Moves::Arrives => {
                self.gateway_agrees(p);
                if told.taken.minor == PRICE {
                    return self.money_arrives(p, told);
                }
                let stands = Stands::WrongMoney(told.taken);
                self.is_there(p, told.taken, stands, "AMOUNT_MISMATCHED");
                self.compares(p, told);
                self.claim_is_free(p);
                self.cancels_what_was_to_be_canceled(n);
            }
            Moves::CameAndWent => {
                self.gateway_agrees(p);
                let right = told.taken.minor == PRICE;
                let name = if right {
                    "MONEY_ORPHANED"
                } else {
                    "AMOUNT_MISMATCHED"
                };
                self.about_payment(p, name);
                self.sends_back(p, told.taken.minor);
                self.claim_is_free(p);
                self.cancels_what_was_to_be_canceled(n);
            }
            Moves::Back => self.money_goes_back(p, n),
            Moves::PartlyBack => {
                self.refunds_what_is_gone(p, told);
                if self.payments[p].stands == Stands::Refunded {
                    self.order_of(p).waits = Waits::Refunded;
                    self.about_order(n, "PAYMENT_REFUNDED");
                }
            }
            Moves::Disagrees => {
                self.payments[p].said = Some(told.left);
                self.about_payment(p, "GATEWAY_DISAGREED");
            }
            Moves::Agrees => {
                self.payments[p].said = None;
                self.about_payment(p, "GATEWAY_AGREED");
            }
        }
    }

    fn money_goes_back(&mut self, p: usize, n: usize) {
        match self.payments[p].stands {
            Stands::WrongMoney(won) | Stands::Homeless(won) => self.sends_back(p, won.minor),
            _ => {
                self.is_there(p, Won::NOTHING, Stands::Refunded, "REFUND_SUCCEEDED");
                self.order_of(p).waits = Waits::Refunded;
                self.about_order(n, "PAYMENT_REFUNDED");
            }
        }
    }
}

/// The outcome for money of a gateway's fact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    Nothing,
    /// It is taken by the order, or set aside.
    Arrives,
    CameAndWent,
    Back,
    /// A part of captured money was refunded.
    PartlyBack,
    Disagrees,
    Agrees,
}
