//! The log of refused requests: one line each, found by the `request_id` that the caller got.
//!
//! A flood is limited: of each code a limited number of lines per second is written and the others are counted, so
//! that a flood of one refusal neither fills the log nor hides another. Internal errors share one code, so each of
//! their causes is limited by itself, and all of them together. A line has the route and never the path, the kind of
//! caller and never the buyer: nothing in it is chosen by the caller, except a request id of their own.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};

use super::{
    auth::Principal,
    error::Problem,
    limits::{Limiter, limiter},
    request::RequestId,
};
use crate::{telemetry::Metrics, world::SharedWorld};

/// The code under which pages that explain their error are counted.
const PAGE: &str = "PAGE";
/// More than the number of codes.
const CODES_TRACKED: usize = 1_024;
/// How many causes at their limit are written at once: a cause may name a number, and differ each time.
const CAUSES_AT_ONCE: u32 = 16;

/// Writes the lines.
pub(super) struct RefusalLog {
    rate: Option<Limiter<Subject>>,
    rate_of_causes: Option<Limiter<()>>,
    hasher: RandomState,
    metrics: Arc<Metrics>,
}

/// What a limit counts: a code, or one cause of it by its hash.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Subject {
    code: &'static str,
    cause: Option<u64>,
}

/// Facts that are learned while a request is handled, for the log alone.
#[derive(Default)]
pub(super) struct Noted {
    route: OnceLock<Arc<str>>,
    principal: OnceLock<Principal>,
}

/// A request as the log names it.
pub(super) struct Logged<'a> {
    pub(super) id: &'a RequestId,
    pub(super) method: &'static str,
    pub(super) noted: &'a Noted,
}

impl Noted {
    /// Sets the route; the first value is kept.
    pub(super) fn route(&self, route: &Arc<str>) {
        self.route.get_or_init(|| Arc::clone(route));
    }

    /// Sets the caller; the first value is kept.
    pub(super) fn principal(&self, principal: &Principal) {
        self.principal.get_or_init(|| principal.clone());
    }
}

impl Logged<'_> {
    pub(super) fn route(&self) -> Option<&str> {
        self.noted.route.get().map(|route| &**route)
    }

    pub(super) fn principal(&self) -> Option<String> {
        self.noted.principal.get().map(|principal| match principal {
            Principal::Merchant(name) => format!("merchant:{name}"),
            Principal::Admin(name) => format!("admin:{name}"),
            Principal::Scraper(name) => format!("scraper:{name}"),
            Principal::Session(id) => format!("session:{id}"),
            // A shop may use mail addresses as buyers' ids.
            Principal::Buyer(_) => "buyer".to_owned(),
        })
    }
}

impl RefusalLog {
    pub(super) fn new(per_second: u32, metrics: Arc<Metrics>, world: &SharedWorld) -> Self {
        let causes_per_second = per_second.saturating_mul(CAUSES_AT_ONCE);
        Self {
            rate: limiter(per_second, CODES_TRACKED, world),
            rate_of_causes: limiter(causes_per_second, 1, world),
            hasher: RandomState::new(),
            metrics,
        }
    }

    /// Counts a refusal, and writes its line if the limits permit.
    pub(super) fn note(&self, request: &Logged<'_>, status: u16, problem: Option<&Problem>) {
        let code = problem.map_or(PAGE, Problem::code);
        let cause = problem.and_then(Problem::cause);
        self.metrics.http.refused(code);
        if !self.permits(code, cause) {
            self.metrics.http.refusals_unlogged.inc();
            return;
        }
        let (request_id, method) = (request.id.as_str(), request.method);
        let (route, principal) = (request.route(), request.principal());
        let first_request_id = problem.and_then(Problem::first_asked_by);
        let first_request_id = first_request_id.filter(|first| *first != request_id);
        if let Some(cause) = cause {
            tracing::error!(
                request_id,
                method,
                route,
                status,
                code,
                principal,
                cause,
                "request failed"
            );
        } else {
            tracing::info!(
                request_id,
                first_request_id,
                method,
                route,
                status,
                code,
                principal,
                "request refused"
            );
        }
    }

    fn permits(&self, code: &'static str, cause: Option<&str>) -> bool {
        let subject = Subject {
            code,
            cause: cause.map(|cause| self.hasher.hash_one(cause)),
        };
        let is_permitted = self
            .rate
            .as_ref()
            .is_none_or(|rate| rate.check_key(&subject).is_ok());
        let together = self.rate_of_causes.as_ref().filter(|_| cause.is_some());
        is_permitted && together.is_none_or(|rate| rate.check_key(&()).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ManualWorld;

    /// How many lines are left out of 500s with these causes, at one line per second and so two at once.
    fn left_out(causes: impl Iterator<Item = String>) -> u64 {
        let (world, metrics) = (ManualWorld::new(0, 1), Arc::new(Metrics::new()));
        let shared: SharedWorld = Arc::new(world.clone());
        let log = RefusalLog::new(1, Arc::clone(&metrics), &shared);
        for cause in causes {
            let request = Logged {
                id: &RequestId::generate(&world),
                method: "GET",
                noted: &Noted::default(),
            };
            log.note(&request, 500, Some(&Problem::internal(cause)));
        }
        metrics.http.refusals_unlogged.get()
    }

    #[test]
    fn flood_of_one_cause_does_not_hide_another() {
        let flood = std::iter::repeat_n("the index is slow".to_owned(), 100);
        assert_eq!(left_out(flood.clone()), 98);
        let other = std::iter::once("the keyring is missing".to_owned());
        assert_eq!(left_out(flood.chain(other)), 98);
    }

    #[test]
    fn causes_that_all_differ_are_limited_together() {
        let causes = (0..1_000).map(|number| format!("record {number} is damaged"));
        assert_eq!(left_out(causes), 1_000 - u64::from(2 * CAUSES_AT_ONCE));
    }
}
