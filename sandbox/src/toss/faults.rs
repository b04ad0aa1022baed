//! Applies the fault rules to a call: instead of the effect, after it, or to the answer.

use super::{
    Toss,
    api::{Api, ApiRequest},
    dial::{CallFilter, Fault},
    payment::{Hidden, Payment},
    refusal::{Language, Refusal},
    reply,
    transport::{Ending, Exchange},
    when::MINUTE_MS,
};

impl Toss {
    pub(super) fn disturbed(&mut self, now_ms: i64, ask: ApiRequest, fault: &Fault) -> Exchange {
        match fault {
            Fault::RequestLost { silent_ms } => Exchange::nothing(Ending::RequestLost {
                silent_ms: *silent_ms,
            }),
            Fault::Reset { effect: false } => Exchange::nothing(Ending::Reset),
            Fault::RateLimited {} => too_many(ask.language),
            Fault::Held { ms } => self.hold(now_ms, *ms, ask),
            Fault::KeyForgotten {} => {
                self.forget(now_ms, &ask);
                Exchange::whole(self.answered(now_ms, now_ms, &ask))
            }
            Fault::ErrorBefore { status, code, kept } => {
                let body = Refusal::with_status(*status, code).json(ask.language);
                if *kept && !self.is_repeat(now_ms, &ask) {
                    self.keep_instead(now_ms, &ask, *status, &body);
                }
                Exchange::whole(reply::json(*status, body))
            }
            _ => self.disturbed_after(now_ms, &ask, fault),
        }
    }

    /// The effect, and then something else than its answer.
    fn disturbed_after(&mut self, now_ms: i64, ask: &ApiRequest, fault: &Fault) -> Exchange {
        let delay_ms = match fault {
            Fault::Delay { ms } => *ms,
            _ => 0,
        };
        let before = match fault {
            Fault::StaleRead { .. } => self.payment_of(ask).cloned(),
            _ => None,
        };
        let is_repeat = self.is_repeat(now_ms, ask);
        let ready_at_ms = now_ms.saturating_add_unsigned(delay_ms);
        let mut exchange = Exchange::whole(self.answered(now_ms, ready_at_ms, ask));
        exchange.transport.delay_ms = delay_ms;
        let length = exchange.response.body().len();
        match fault {
            Fault::ResponseLost { silent_ms } => {
                exchange.transport.ending = Ending::ResponseLost {
                    silent_ms: *silent_ms,
                };
            }
            Fault::Reset { .. } => exchange.transport.ending = Ending::Reset,
            Fault::Truncated { at } => {
                let at = at.unwrap_or(length / 2).min(length.saturating_sub(1));
                exchange.transport.ending = Ending::Truncated { at };
            }
            Fault::Drip { bytes, every_ms } => {
                exchange.transport.ending = Ending::Drip {
                    bytes: *bytes,
                    every_ms: *every_ms,
                };
            }
            Fault::ErrorAfter { status, code, kept } => {
                let body = Refusal::with_status(*status, code).json(ask.language);
                if *kept && !is_repeat {
                    self.keep_instead(now_ms, ask, *status, &body);
                }
                exchange.response = reply::json(*status, body);
            }
            Fault::Garbage {} => exchange.response = reply::json(200, garbage()),
            Fault::Html { status } => exchange.response = reply::html(*status, proxy_page()),
            Fault::StaleRead { ms, reads } => {
                let until_ms = ms.map(|ms| now_ms.saturating_add_unsigned(ms));
                self.hide(before, until_ms, *reads);
            }
            _ => {}
        }
        exchange
    }

    /// Lets inquiries see what was before, if that is another state.
    fn hide(&mut self, before: Option<Payment>, until_ms: Option<i64>, reads: Option<u32>) {
        let Some(mut earlier) = before else { return };
        let Some(mut payment) = self.state.payment(&earlier.key).cloned() else {
            return;
        };
        if payment != earlier {
            earlier.hidden = None;
            payment.hidden = Some(Box::new(Hidden {
                earlier,
                until_ms,
                reads_left: reads,
            }));
            self.state.put(payment);
        }
    }

    /// The first rule that fires, counted down.
    pub(super) fn pick(&mut self, call: CallFilter, order_id: Option<&str>) -> Option<Fault> {
        let count = self.state.dial().rules.len();
        for index in 0..count {
            let rule = self.state.dial().rules.get(index)?;
            if !rule.is_for(call, order_id) {
                continue;
            }
            if let Some(ppm) = rule.probability_ppm
                && self.state.below(1_000_000) >= u64::from(ppm)
            {
                continue;
            }
            let rule = self.state.dial().rules.get(index)?;
            let (fault, times) = (rule.fault.clone(), rule.times);
            if let Some(times) = times {
                self.count_down(index, times);
            }
            return Some(fault);
        }
        None
    }

    fn count_down(&mut self, index: usize, times: u32) {
        let rules = &mut self.state.dial_mut().rules;
        if times > 1 {
            if let Some(rule) = rules.get_mut(index) {
                rule.times = Some(times.saturating_sub(1));
            }
        } else {
            rules.remove(index);
        }
    }

    pub(super) fn is_over_the_limit(&mut self, now_ms: i64, api: &Api) -> bool {
        let Some(limit) = self.state.dial().requests_per_minute else {
            return false;
        };
        let minute = now_ms.div_euclid(MINUTE_MS);
        let desk = self.state.desk_mut();
        if desk.minute != minute {
            desk.minute = minute;
            desk.this_minute.clear();
        }
        let count = desk.this_minute.entry(api.name().to_owned()).or_default();
        *count = count.saturating_add(1);
        *count > limit
    }
}

pub(super) fn too_many(language: Language) -> Exchange {
    let refusal = Refusal::of("TOO_MANY_REQUESTS");
    Exchange::whole(reply::json(refusal.status, refusal.json(language)))
}

fn garbage() -> String {
    "{\"mId\":\"tvivarepublica\",\"status\":\u{fffd}\u{0}\u{1}DON".to_owned()
}

fn proxy_page() -> String {
    "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
        .to_owned()
}
