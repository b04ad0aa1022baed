//! `webhook`: one signed notification for each payment prepared before.

use super::{Waiting, expect};
use crate::failure::Failure;
use crate::generator::Workload;
use crate::http::Answer;
use crate::identity::Numbers;
use crate::requests::{Requests, Step};
use std::sync::Arc;

/// Every so many notified payments one is looked at afterwards.
const SAMPLED_OF: usize = 256;

/// One thread's notifications.
pub(crate) struct Webhook {
    requests: Requests,
    numbers: Arc<Numbers>,
    waiting: Vec<Waiting>,
    under_way: Vec<Option<Waiting>>,
    answered: usize,
    /// Of those that were answered 200, the ones to look at.
    pub(crate) sample: Vec<Waiting>,
}

impl Webhook {
    pub(crate) fn new(requests: Requests, numbers: Arc<Numbers>, waiting: Vec<Waiting>) -> Self {
        Self {
            requests,
            numbers,
            waiting,
            under_way: Vec::new(),
            answered: 0,
            sample: Vec::new(),
        }
    }
}

impl Workload for Webhook {
    fn request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Step> {
        let payment = self.waiting.pop()?;
        let number = self.numbers.next();
        let (id, amount) = (&payment.payment_id, payment.amount);
        self.requests.webhook(id, amount, number, out);
        if self.under_way.len() <= connection {
            let length = connection.saturating_add(1);
            self.under_way.resize_with(length, || None);
        }
        *self.under_way.get_mut(connection)? = Some(payment);
        Some(Step::Webhook)
    }

    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<(), Failure> {
        expect("webhook", answer, 200, &[])?;
        if !answer.body.starts_with(b"{") {
            return Err(Failure::new(format!("webhook: {}", answer.shown())));
        }
        let payment = self.under_way.get_mut(connection).and_then(Option::take);
        if self.answered.is_multiple_of(SAMPLED_OF) {
            self.sample.extend(payment);
        }
        self.answered = self.answered.saturating_add(1);
        Ok(())
    }
}
