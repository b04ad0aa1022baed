//! The requests of `create+complete` for servers that decide nothing: the ceilings. Same bytes
//! in, as many bytes out; status and length are checked, and that the body is the agreed one.

use std::sync::Arc;

use super::expect;
use crate::ceilings::sizes::Sizes;
use crate::failure::Failure;
use crate::generator::Workload;
use crate::http::Answer;
use crate::identity::{self, Basket, Numbers};
use crate::requests::{Requests, Step};

/// One thread's connections.
pub(crate) struct Echo {
    requests: Requests,
    numbers: Arc<Numbers>,
    sizes: Sizes,
    places: Vec<(Step, u64)>,
    order_id: Vec<u8>,
    payment_id: String,
}

impl Echo {
    pub(crate) fn new(requests: Requests, numbers: Arc<Numbers>, sizes: Sizes) -> Self {
        Self {
            requests,
            numbers,
            sizes,
            places: Vec::new(),
            order_id: Vec::new(),
            payment_id: "pay_0190f3c2a5b87d4e9c1f6a2b3d4e5f60".to_owned(),
        }
    }
}

impl Workload for Echo {
    fn request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Step> {
        while self.places.len() <= connection {
            self.places.push((Step::Order, self.numbers.next()));
        }
        let (step, number) = *self.places.get(connection)?;
        identity::order_id(number, &mut self.order_id);
        match step {
            Step::Payment => {
                let amount = Basket::of(number).total();
                self.requests.payment(&self.order_id, amount, number, out);
            }
            Step::Complete => self.requests.complete(&self.payment_id, out),
            Step::Order | Step::Webhook => self.requests.order(&self.order_id, number, out),
        }
        Some(step)
    }

    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<(), Failure> {
        let place = self.places.get_mut(connection);
        let (step, number) = place.ok_or_else(|| Failure::new("an answer nobody asked for"))?;
        let size = self.sizes.of(*step);
        expect("ceiling", answer, size.status, &[("status", b"CEILING")])?;
        if answer.body.len() != size.body {
            let (name, body, agreed) = (step.name(), answer.body.len(), size.body);
            let sentence = format!("ceiling: {name} has {body} bytes instead of {agreed}");
            return Err(Failure::new(sentence));
        }
        *step = match step {
            Step::Order | Step::Webhook => Step::Payment,
            Step::Payment => Step::Complete,
            Step::Complete => {
                *number = self.numbers.next();
                Step::Order
            }
        };
        Ok(())
    }
}
