//! Held requests: accepted, and processed later, whether or not the caller still waits.

use super::{
    Toss,
    api::ApiRequest,
    reply,
    state::Held,
    transport::{Ending, Exchange, HeldId},
    when::MINUTE_MS,
};

/// How long an uncollected answer is kept.
const UNCOLLECTED_MS: i64 = 10 * MINUTE_MS;
/// The most held requests; a further one is answered at once.
const HELD_MAX: usize = 10_000;

impl Toss {
    /// What a request that was held back is answered, once its time has come; nothing if it has
    /// not, or if it has been asked for already.
    pub(super) fn collect(&mut self, id: HeldId) -> Option<Exchange> {
        let held = self.state.one_held(id.0)?;
        let (status, body) = held.answer.clone()?;
        self.state.set_held(id.0, None);
        Some(Exchange::whole(reply::json(status, body)))
    }

    pub(super) fn hold(&mut self, now_ms: i64, ms: u64, ask: ApiRequest) -> Exchange {
        if self.state.held().count() >= HELD_MAX {
            return Exchange::whole(self.answered(now_ms, now_ms, &ask));
        }
        let until_ms = now_ms.saturating_add_unsigned(ms);
        let began = self.begin(now_ms, until_ms, &ask);
        let id = self.state.number();
        let held = Held {
            until_ms,
            ask,
            began,
            answer: None,
        };
        self.state.set_held(id, Some(held));
        Exchange::nothing(Ending::Held {
            id: HeldId(id),
            until_ms,
        })
    }

    /// The next time that a held request is processed, or dropped because it was not collected.
    pub(super) fn first_held(&self) -> Option<(i64, u64)> {
        self.state
            .held()
            .map(|(id, held)| match held.answer {
                None => (held.until_ms, id),
                Some(_) => (held.until_ms.saturating_add(UNCOLLECTED_MS), id),
            })
            .min()
    }

    /// Its time has come: it happens now, or its answer is dropped.
    pub(super) fn release(&mut self, at_ms: i64, now_ms: i64, id: u64) {
        let Some(mut held) = self.state.one_held(id).cloned() else {
            return;
        };
        if held.answer.is_some() {
            self.state.set_held(id, None);
            return;
        }
        let answer = match self.asked_before(at_ms, at_ms, &held.ask, held.began) {
            Ok(answer) => answer,
            Err(refusal) => (refusal.status, refusal.json(held.ask.language)),
        };
        held.answer = Some(answer);
        // IdempotencyRecord for a while from now on, because the clock may have jumped.
        held.until_ms = now_ms;
        self.state.set_held(id, Some(held));
    }
}
