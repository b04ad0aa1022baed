//! `create+complete`: order, payment, completion, and again. Also what fills a store beforehand,
//! and, stopped before the completion, what prepares payments for `webhook`.

use std::sync::Arc;

use super::{Waiting, expect, payment_id};
use crate::failure::Failure;
use crate::generator::Workload;
use crate::http::Answer;
use crate::identity::{self, Basket, Numbers};
use crate::requests::{Requests, Step};

/// One thread's connections, each somewhere in its own cycle.
pub(crate) struct Cycle {
    requests: Requests,
    numbers: Arc<Numbers>,
    /// The step a cycle ends with.
    last: Step,
    /// Cycles still to begin; without it, no end.
    left: Option<u64>,
    places: Vec<Place>,
    /// Payments made and left waiting.
    pub(crate) waiting: Vec<Waiting>,
    /// Payments made, in whatever state.
    pub(crate) payments: u64,
}

/// The step of a connection.
struct Place {
    step: Step,
    number: u64,
    order_id: Vec<u8>,
    payment_id: String,
    amount: u64,
}

impl Cycle {
    /// Whole cycles without end, or so many.
    pub(crate) fn whole(requests: Requests, numbers: Arc<Numbers>, cycles: Option<u64>) -> Self {
        Self {
            requests,
            numbers,
            last: Step::Complete,
            left: cycles,
            places: Vec::new(),
            waiting: Vec::new(),
            payments: 0,
        }
    }

    /// So many orders with a payment each that waits for its notification.
    pub(crate) fn preparing(requests: Requests, numbers: Arc<Numbers>, payments: u64) -> Self {
        Self {
            last: Step::Payment,
            ..Self::whole(requests, numbers, Some(payments))
        }
    }

    fn may_begin(&mut self) -> bool {
        match &mut self.left {
            None => true,
            Some(left) => left.checked_sub(1).is_some_and(|rest| {
                *left = rest;
                true
            }),
        }
    }
}

impl Workload for Cycle {
    fn request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Step> {
        while self.places.len() <= connection {
            self.places.push(Place::new());
        }
        if self.places.get(connection)?.step == Step::Order && !self.may_begin() {
            return None;
        }
        let place = self.places.get_mut(connection)?;
        let requests = &mut self.requests;
        match place.step {
            Step::Payment => {
                requests.payment(&place.order_id, place.amount, place.number, out);
            }
            Step::Complete => requests.complete(&place.payment_id, out),
            Step::Order | Step::Webhook => {
                place.begin(self.numbers.next());
                requests.order(&place.order_id, place.number, out);
            }
        }
        Some(place.step)
    }

    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<(), Failure> {
        let place = self.places.get_mut(connection);
        let place = place.ok_or_else(|| Failure::new("an answer nobody asked for"))?;
        let asked = place.step;
        place.heard(answer)?;
        if asked == Step::Payment {
            self.payments = self.payments.saturating_add(1);
        }
        if asked == self.last && asked == Step::Payment {
            place.step = Step::Order;
            self.waiting.push(Waiting {
                payment_id: std::mem::take(&mut place.payment_id),
                amount: place.amount,
            });
        }
        Ok(())
    }
}

impl Place {
    fn new() -> Self {
        Self {
            step: Step::Order,
            number: 0,
            order_id: Vec::new(),
            payment_id: String::new(),
            amount: 0,
        }
    }

    fn begin(&mut self, number: u64) {
        self.number = number;
        self.amount = Basket::of(number).total();
        identity::order_id(number, &mut self.order_id);
    }

    /// Checks the answer to its step and goes to the next.
    fn heard(&mut self, answer: &Answer<'_>) -> Result<(), Failure> {
        let amount = self.amount.to_string();
        let order: (&str, &[u8]) = ("order_id", &self.order_id);
        match self.step {
            Step::Order | Step::Webhook => {
                let total = ("total", amount.as_bytes());
                let fields: &[_] = &[order, ("status", b"PAYMENT_PENDING"), total];
                expect("order", answer, 201, fields)?;
                self.step = Step::Payment;
            }
            Step::Payment => {
                let amount = ("amount", amount.as_bytes());
                let fields: &[_] = &[order, ("status", b"INITIATED"), amount];
                expect("payment", answer, 201, fields)?;
                self.payment_id = payment_id(answer)?;
                self.step = Step::Complete;
            }
            Step::Complete => {
                let payment = ("payment_id", self.payment_id.as_bytes());
                let amount = ("amount", amount.as_bytes());
                let fields: &[_] = &[payment, order, ("status", b"CAPTURED"), amount];
                expect("complete", answer, 200, fields)?;
                self.step = Step::Order;
            }
        }
        Ok(())
    }
}
