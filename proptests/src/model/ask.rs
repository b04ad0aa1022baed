//! Requests of the model, and their outcomes.

use super::{
    Asked, LONGEST_MS, Model, ModelReply, Order, PRICE, Payment, Stands, Told, UNPAID_AFTER_MS,
    Waits, Won,
};

/// On whose behalf, when it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Merchant,
    Buyer(usize),
    Nobody,
}

/// The content of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    Took(Told),
    Failed,
    Canceled,
    Something,
}

/// A person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Take,
    Return,
    /// The gateway is right.
    Accept,
}

/// The fault of an order, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    Another,
    Total,
    NoLines,
    NoPieces,
    PastDeadline,
    FarDeadline,
}

/// A request in the model's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelRequest {
    Order {
        n: usize,
        on_confirmation: bool,
        due: Option<u64>,
        flaw: Flaw,
    },
    CancelOrder(usize),
    Confirm(usize),
    OrderDue(usize),
    Pay {
        by: By,
        n: usize,
        amount: u64,
        mock: bool,
    },
    /// `None`: no answer comes.
    Complete(usize, Option<bool>),
    Capture(usize),
    CancelPayment(By, usize),
    HoldDue(usize),
    Notify {
        p: usize,
        event: String,
        say: Say,
    },
    Resolve {
        p: usize,
        verdict: Verdict,
    },
    Erase(usize),
}

impl Model {
    pub(super) fn decides(&mut self, ask: &ModelRequest) -> Asked {
        match ask {
            ModelRequest::Order {
                n,
                on_confirmation,
                due,
                flaw,
            } => self.registers(*n, *on_confirmation, *due, *flaw),
            ModelRequest::CancelOrder(n) => self.cancels_order(*n),
            ModelRequest::Confirm(n) => self.confirms(*n),
            ModelRequest::OrderDue(n) => self.order_due(*n),
            ModelRequest::Pay {
                by,
                n,
                amount,
                mock,
            } => self.begins(*by, *n, *amount, *mock),
            ModelRequest::Complete(p, result) => self.completes(*p, *result),
            ModelRequest::Capture(p) => self.captures(*p),
            ModelRequest::CancelPayment(by, p) => self.cancels_payment(*by, *p),
            ModelRequest::HoldDue(p) => self.hold_due(*p),
            ModelRequest::Notify { p, event, say } => self.hears(*p, event, *say),
            ModelRequest::Resolve { p, verdict } => self.resolves(*p, *verdict),
            ModelRequest::Erase(p) => self.erases(*p),
        }
    }

    fn registers(
        &mut self,
        n: usize,
        on_confirmation: bool,
        due: Option<u64>,
        flaw: Flaw,
    ) -> Asked {
        let now = self.last_at;
        if let Some(known) = self.orders.get(&n) {
            return match known.request == flaw {
                true => Ok(ModelReply::Order(201, n, 1)),
                false => Err("ORDER_ALREADY_EXISTS"),
            };
        }
        let due = match flaw {
            Flaw::NoLines => return Err("LINE_COUNT_OUT_OF_RANGE"),
            Flaw::NoPieces => return Err("AMOUNT_OUT_OF_RANGE"),
            Flaw::Total => return Err("TOTAL_MISMATCH"),
            Flaw::PastDeadline => return Err("DEADLINE_OUT_OF_RANGE"),
            Flaw::FarDeadline => return Err("DEADLINE_OUT_OF_RANGE"),
            Flaw::None | Flaw::Another => due.unwrap_or(now + UNPAID_AFTER_MS),
        };
        if due <= now || due > now + LONGEST_MS {
            return Err("DEADLINE_OUT_OF_RANGE");
        }
        let order = Order {
            buyer: n % 2,
            request: flaw,
            on_confirmation,
            due,
            waits: Waits::ForPayment,
            claim: None,
            payments: Vec::new(),
            events: 0,
        };
        self.orders.insert(n, order);
        self.about_order(n, "ORDER_CREATED");
        self.of_order(201, n)
    }

    fn begins(&mut self, by: By, n: usize, amount: u64, mock: bool) -> Asked {
        let now = self.last_at;
        let p = self.payments.len();
        let order = self.order(n)?;
        if !sees(by, order.buyer) {
            return Err("ORDER_NOT_FOUND");
        }
        if order.waits != Waits::ForPayment || order.due <= now {
            return Err("ORDER_NOT_PAYABLE");
        }
        if amount != PRICE {
            return Err("AMOUNT_MISMATCH");
        }
        order.payments.push(p);
        self.payments.push(Payment {
            order: n,
            stands: Stands::Begun,
            waiting: false,
            mock,
            there: Won::NOTHING,
            refunded: [0; 4],
            said: None,
            heard: Default::default(),
            erased: false,
            events: 0,
        });
        self.about_payment(p, "PAYMENT_INITIATED");
        self.about_order(n, "PAYMENT_ATTACHED");
        self.of_payment(201, p)
    }

    fn completes(&mut self, p: usize, result: Option<bool>) -> Asked {
        let payment = self.payment(p)?;
        let waiting = payment.waiting;
        if !payment.mock {
            return Err("NOT_A_MOCK_PAYMENT");
        }
        match (payment.stands, result) {
            (Stands::Held { .. } | Stands::Taken, Some(true)) | (Stands::Failed, Some(false)) => {
                return self.of_payment(200, p);
            }
            (Stands::Begun, _) => {}
            _ => return Err("PAYMENT_NOT_PERMITTED"),
        }
        if !waiting {
            self.calls_gateway(p)?;
        }
        match result {
            Some(true) => {
                self.gateway_agrees(p);
                self.money_is_ours_or_held(p);
            }
            Some(false) => self.gateway_declines(p),
            None => {
                if !waiting {
                    self.about_payment(p, "OPERATION_UNANSWERED");
                }
                self.payments[p].waiting = true;
                return self.of_payment(202, p);
            }
        }
        self.of_payment(200, p)
    }

    fn captures(&mut self, p: usize) -> Asked {
        match self.payment(p)?.stands {
            Stands::Taken => {}
            Stands::Held { .. } => self.takes_held(p)?,
            _ => return Err("PAYMENT_NOT_PERMITTED"),
        }
        self.of_payment(200, p)
    }

    fn confirms(&mut self, n: usize) -> Asked {
        let order = self.order(n)?;
        match order.waits {
            Waits::Paid => {}
            Waits::ForConfirmation => {
                let holder = order.claim.unwrap();
                self.takes_held(holder)?;
            }
            _ => return Err("ORDER_NOT_PERMITTED"),
        }
        self.of_order(200, n)
    }

    fn takes_held(&mut self, p: usize) -> Result<(), &'static str> {
        if matches!(self.payments[p].stands, Stands::Held { until } if until <= self.last_at) {
            return Err("AUTHORIZATION_EXPIRED");
        }
        self.calls_gateway(p)?;
        self.gateway_agrees(p);
        self.money_arrives(p, Told::whole(Won::PRICE));
        Ok(())
    }

    fn cancels_payment(&mut self, by: By, p: usize) -> Asked {
        let payment = self.payment(p)?;
        let (n, stands, waiting) = (payment.order, payment.stands, payment.waiting);
        if !sees(by, self.orders[&n].buyer) {
            return Err("PAYMENT_NOT_FOUND");
        }
        match stands {
            Stands::GivenUp | Stands::Released | Stands::Refunded => {}
            Stands::Held { .. } => self.releases_hold(p)?,
            Stands::Begun | Stands::Failed if waiting => return Err("OPERATION_IN_FLIGHT"),
            Stands::Begun | Stands::Failed => self.ends(p, Stands::GivenUp, "CANCEL_SUCCEEDED"),
            _ => return Err("PAYMENT_NOT_PERMITTED"),
        }
        self.of_payment(200, p)
    }

    fn hold_due(&mut self, p: usize) -> Asked {
        let now = self.last_at;
        if matches!(self.payment(p)?.stands, Stands::Held { until } if until <= now) {
            self.ends(p, Stands::RanOut, "PAYMENT_EXPIRED");
            self.claim_is_free(p);
        }
        self.of_payment(200, p)
    }

    fn cancels_order(&mut self, n: usize) -> Asked {
        match self.order(n)?.waits {
            Waits::Canceled => self.of_order(200, n),
            Waits::ToBeCanceled { .. } => self.of_order(202, n),
            Waits::Paid | Waits::Refunded => Err("ORDER_NOT_PERMITTED"),
            _ => match self.unwinds(n, false)? {
                true => self.of_order(200, n),
                false => self.of_order(202, n),
            },
        }
    }

    fn order_due(&mut self, n: usize) -> Asked {
        let now = self.last_at;
        let order = self.order(n)?;
        if order.waits == Waits::ForPayment && order.due <= now {
            self.unwinds(n, true)?;
        }
        self.of_order(200, n)
    }

    fn resolves(&mut self, p: usize, verdict: Verdict) -> Asked {
        match verdict {
            Verdict::Take => self.gives_to_order(p)?,
            Verdict::Return => self.returns(p)?,
            Verdict::Accept => self.accepts(p)?,
        }
        self.of_payment(200, p)
    }

    /// The money has to be there: all that was set aside, by the gateway's own word.
    fn gives_to_order(&mut self, p: usize) -> Result<(), &'static str> {
        let payment = self.payment(p)?;
        let aside = match payment.stands {
            // Given already, unless a person has something else to decide.
            Stands::Taken if payment.said.is_none() => return Ok(()),
            Stands::WrongMoney(won) | Stands::Homeless(won) => won,
            _ => return Err("PAYMENT_NOT_PERMITTED"),
        };
        let there = payment.there;
        let is_there = payment.said.is_none() && there.minor == aside.minor;
        if !is_there || !self.order_wants(p) {
            return Err("ORDER_CANNOT_TAKE");
        }
        self.about_payment(p, "PERSON_DECIDED");
        let left = if there == aside { Won::PRICE } else { there };
        let taken = Won::PRICE;
        self.money_arrives(p, Told { taken, left });
        Ok(())
    }

    /// The mock gateway gives nothing back: this says that it did.
    fn returns(&mut self, p: usize) -> Result<(), &'static str> {
        match self.payment(p)?.stands {
            Stands::SentBack(_) => {}
            Stands::WrongMoney(won) | Stands::Homeless(won) => {
                self.about_payment(p, "PERSON_DECIDED");
                self.sends_back(p, won.minor);
            }
            _ => return Err("PAYMENT_NOT_PERMITTED"),
        }
        Ok(())
    }

    fn accepts(&mut self, p: usize) -> Result<(), &'static str> {
        let said = self.payment(p)?.said.ok_or("NO_DISAGREEMENT")?;
        self.about_payment(p, "PERSON_DECIDED");
        self.about_payment(p, "DISAGREEMENT_ACCEPTED");
        (self.payments[p].there, self.payments[p].said) = (said, None);
        Ok(())
    }

    fn erases(&mut self, p: usize) -> Asked {
        if !self.payment(p)?.erased {
            self.payments[p].erased = true;
            self.about_payment(p, "PERSONAL_DATA_ERASED");
        }
        self.of_payment(200, p)
    }
}

fn sees(by: By, buyer: usize) -> bool {
    match by {
        By::Merchant => true,
        By::Buyer(n) => n == buyer,
        By::Nobody => false,
    }
}
