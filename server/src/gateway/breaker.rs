//! The circuit breaker of a gateway: one that does not answer is left alone for a while, so that buyers are told at
//! once instead of after a minute, and so that it is not flooded while it recovers.
//!
//! Pure: time is an argument. There is one per gateway; it decides nothing about money, only whether a call may begin
//! now. It never interrupts a call that has begun.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::Outcome;
use crate::world::Undelivered;

/// The breaker opens after this many calls in a row without an answer.
const FAILURES_TO_OPEN: u32 = 5;
/// The first cool-down; each probe that fails doubles it.
const COOL_DOWN_NS: u64 = 5_000_000_000;
/// The longest cool-down.
const COOL_DOWN_MAX_NS: u64 = 120_000_000_000;
/// A probe that was not reported back by then counts as lost: longer than any call's deadline.
const PROBE_PATIENCE_NS: u64 = 90_000_000_000;

/// A call's evidence about the gateway's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallHealth {
    /// It answered. A refusal is an answer too.
    Answer,
    /// It could not be reached, did not answer, or answered nonsense.
    Nothing,
}

impl CallHealth {
    /// The evidence in a response that was read with this outcome.
    pub fn of(came: &Result<Response<Bytes>, Undelivered>, read: &Outcome) -> Self {
        let Ok(response) = came else {
            return Self::Nothing;
        };
        let senseless = *read == Outcome::Unknown && !response.status().is_client_error();
        if response.status().is_server_error() || senseless {
            Self::Nothing
        } else {
            Self::Answer
        }
    }
}

/// When it is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls go through; the last `failures` of them were not answered.
    Closed { failures: u32 },
    /// No call goes through until then.
    Open { until_ns: u64, cool_down_ns: u64 },
    /// One call has gone through as a probe.
    Probing { since_ns: u64, cool_down_ns: u64 },
}

/// See the module's text.
#[derive(Debug)]
pub struct Breaker {
    state: State,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed { failures: 0 },
        }
    }
}

impl Breaker {
    /// Whether a call may begin now. While one call probes whether the gateway is back, the others are refused.
    pub fn may_call(&mut self, now_ns: u64) -> Result<(), RetryAfter> {
        let (from_ns, cool_down_ns) = match self.state {
            State::Closed { .. } => return Ok(()),
            State::Open {
                until_ns,
                cool_down_ns,
            } => (until_ns, cool_down_ns),
            State::Probing {
                since_ns,
                cool_down_ns,
            } => (since_ns.saturating_add(PROBE_PATIENCE_NS), cool_down_ns),
        };
        if now_ns < from_ns {
            return Err(RetryAfter(self.wait(now_ns)));
        }
        self.state = State::Probing {
            since_ns: now_ns,
            cool_down_ns,
        };
        Ok(())
    }

    /// How long it still refuses calls; `None` if a call may begin. Asking changes nothing.
    pub fn left_alone(&self, now_ns: u64) -> Option<Duration> {
        let rests = match self.state {
            State::Closed { .. } => false,
            State::Open { until_ns, .. } => now_ns < until_ns,
            State::Probing { since_ns, .. } => now_ns < since_ns.saturating_add(PROBE_PATIENCE_NS),
        };
        rests.then(|| self.wait(now_ns))
    }

    /// Records how a call went, including calls that began before it opened.
    pub fn note(&mut self, now_ns: u64, heard: CallHealth) {
        self.state = match (heard, self.state) {
            (CallHealth::Answer, _) => State::Closed { failures: 0 },
            (CallHealth::Nothing, State::Closed { failures }) => {
                let failures = failures.saturating_add(1);
                if failures < FAILURES_TO_OPEN {
                    State::Closed { failures }
                } else {
                    open(now_ns, COOL_DOWN_NS)
                }
            }
            // It is known to be down; failures of earlier calls add nothing.
            (CallHealth::Nothing, open @ State::Open { .. }) => open,
            (CallHealth::Nothing, State::Probing { cool_down_ns, .. }) => {
                open(now_ns, cool_down_ns.saturating_mul(2).min(COOL_DOWN_MAX_NS))
            }
        };
    }

    /// Whether calls go through freely.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// While a probe is out, the cool-down is the best guess.
    fn wait(&self, now_ns: u64) -> Duration {
        Duration::from_nanos(match self.state {
            State::Closed { .. } => 0,
            State::Open { until_ns, .. } => until_ns.saturating_sub(now_ns),
            State::Probing { cool_down_ns, .. } => cool_down_ns,
        })
    }
}

fn open(now_ns: u64, cool_down_ns: u64) -> State {
    State::Open {
        until_ns: now_ns.saturating_add(cool_down_ns),
        cool_down_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn opened(at_ns: u64) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert_eq!(breaker.may_call(at_ns), Ok(()));
            breaker.note(at_ns, CallHealth::Nothing);
        }
        breaker
    }

    fn wait(seconds: u64) -> Result<(), RetryAfter> {
        Err(RetryAfter(Duration::from_secs(seconds)))
    }

    #[test]
    fn breaker_opens_after_failures_in_a_row() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            for _ in 1..FAILURES_TO_OPEN {
                breaker.note(0, CallHealth::Nothing);
            }
            assert!(breaker.is_closed());
            breaker.note(0, CallHealth::Answer);
        }
        let mut breaker = opened(7);
        assert!(!breaker.is_closed());
        assert_eq!(breaker.may_call(7), wait(5));
        assert_eq!(breaker.may_call(7 + 2 * SECOND), wait(3));
    }

    #[test]
    fn breaker_lets_one_probe_through_that_decides() {
        let mut breaker = opened(0);
        assert_eq!(breaker.may_call(5 * SECOND), Ok(()));
        assert_eq!(breaker.may_call(5 * SECOND), wait(5), "the second waits");
        breaker.note(6 * SECOND, CallHealth::Answer);
        for _ in 0..3 {
            assert_eq!(breaker.may_call(6 * SECOND), Ok(()));
        }
        for _ in 1..FAILURES_TO_OPEN {
            breaker.note(6 * SECOND, CallHealth::Nothing);
        }
        assert!(breaker.is_closed(), "it forgets what was before");
    }

    #[test]
    fn cool_down_grows_to_its_limit_and_starts_small_again() {
        let mut breaker = opened(0);
        let mut now = 0;
        for cool_down in [5, 10, 20, 40, 80, 120, 120, 120] {
            assert_eq!(breaker.may_call(now), wait(cool_down));
            now += cool_down * SECOND;
            assert_eq!(
                breaker.may_call(now - 1),
                Err(RetryAfter(Duration::from_nanos(1)))
            );
            assert_eq!(breaker.may_call(now), Ok(()));
            breaker.note(now, CallHealth::Nothing);
        }
        breaker.note(now, CallHealth::Answer);
        for _ in 0..FAILURES_TO_OPEN {
            breaker.note(now, CallHealth::Nothing);
        }
        assert_eq!(breaker.may_call(now), wait(5));
    }

    #[test]
    fn earlier_calls_may_close_the_breaker_but_never_prolong_it() {
        let mut breaker = opened(0);
        for second in 1..5 {
            breaker.note(second * SECOND, CallHealth::Nothing);
        }
        assert_eq!(breaker.may_call(4 * SECOND), wait(1));
        breaker.note(4 * SECOND, CallHealth::Answer);
        assert!(breaker.is_closed());
    }

    #[test]
    fn lost_probe_does_not_block_the_gateway_for_ever() {
        let mut breaker = opened(0);
        assert_eq!(breaker.may_call(5 * SECOND), Ok(()));
        assert_eq!(breaker.may_call(94 * SECOND), wait(5));
        assert_eq!(breaker.may_call(95 * SECOND), Ok(()), "another probe");
        assert_eq!(breaker.may_call(95 * SECOND), wait(5));
    }

    #[test]
    fn breaker_counts_refusals_as_answers_and_nonsense_as_none() {
        let came = |status: u16| {
            let response = Response::builder().status(status).body(Bytes::new());
            Ok(response.unwrap())
        };
        let not_yet = Outcome::NotYet {
            after: Duration::ZERO,
        };
        for (came, read, heard) in [
            (came(200), not_yet.clone(), CallHealth::Answer),
            (came(404), not_yet.clone(), CallHealth::Answer),
            (came(429), not_yet, CallHealth::Answer),
            (came(400), Outcome::Unknown, CallHealth::Answer),
            // About another order, or about no payment: the browser brought back another payment's name.
            (came(200), Outcome::NotThisOne, CallHealth::Answer),
            (came(404), Outcome::NotThisOne, CallHealth::Answer),
            (came(400), Outcome::NotThisOne, CallHealth::Answer),
            (came(200), Outcome::Unknown, CallHealth::Nothing),
            (came(302), Outcome::Unknown, CallHealth::Nothing),
            (came(500), Outcome::Unknown, CallHealth::Nothing),
            (
                Err(Undelivered::NotSent(String::new())),
                Outcome::NotSent,
                CallHealth::Nothing,
            ),
            (
                Err(Undelivered::NoAnswer(String::new())),
                Outcome::Unknown,
                CallHealth::Nothing,
            ),
        ] {
            assert_eq!(CallHealth::of(&came, &read), heard, "{came:?}");
        }
    }

    #[test]
    fn gateway_down_for_an_hour_is_called_a_few_times() {
        let (mut breaker, mut calls) = (Breaker::default(), 0);
        for tenth in 0..36_000 {
            let now = tenth * SECOND / 10;
            if breaker.may_call(now).is_ok() {
                calls += 1;
                breaker.note(now, CallHealth::Nothing);
            }
        }
        // Five until it opens, five while the cool-down grows for 155 s, then one every two minutes.
        assert_eq!(calls, 5 + 5 + (3_600 - 155) / 120);
    }

    /// Under any history: a refusal gives a wait within bounds, a gateway that answers gets calls, and no gateway is
    /// blocked for ever.
    #[test]
    fn any_history_keeps_the_promises() {
        for seed in 1..=500_u64 {
            let mut breaker = Breaker::default();
            let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut draw = move || {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                chance
            };
            let mut now = 0;
            for _ in 0..300 {
                now += draw() % (20 * SECOND);
                let was_closed = breaker.is_closed();
                match breaker.may_call(now) {
                    Ok(()) => {}
                    Err(RetryAfter(wait)) => {
                        assert!(!was_closed);
                        assert!(wait > Duration::ZERO);
                        assert!(wait <= Duration::from_nanos(COOL_DOWN_MAX_NS));
                        assert!(
                            breaker.may_call(now).is_err(),
                            "the same moment, the same word"
                        );
                    }
                }
                match draw() % 4 {
                    0 => {
                        breaker.note(now, CallHealth::Answer);
                        assert!(breaker.is_closed() && breaker.may_call(now).is_ok());
                    }
                    1 | 2 => breaker.note(now, CallHealth::Nothing),
                    3.. => {}
                }
            }
            now += PROBE_PATIENCE_NS.max(COOL_DOWN_MAX_NS);
            assert!(breaker.may_call(now).is_ok(), "nobody is shut out for good");
        }
    }
}
