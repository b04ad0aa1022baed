//! The log of refused requests: one line each, found by the `request_id` that the caller got.
//!
//! A flood is limited: of each code a limited number of lines per second is written and the others are counted, so
//! that a flood of one refusal neither fills the log nor hides another. A line has the route and never the path, the
//! kind of caller and never the buyer: nothing in it is chosen by the caller, except a request id of their own.

use std::sync::{Arc, OnceLock};

use super::{
    auth::Principal,
    error::Problem,
    limits::{Limiter, limiter},
    request::RequestId,
};
use crate::{config::Log, telemetry::Metrics, world::SharedWorld};

/// The code under which pages that explain their error are counted.
const PAGE: &str = "PAGE";
/// More than the number of codes.
const CODES_TRACKED: usize = 1_024;

/// Writes the lines.
pub(super) struct RefusalLog {
    rate: Option<Limiter<&'static str>>,
    metrics: Arc<Metrics>,
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
    pub(super) fn new(settings: &Log, metrics: Arc<Metrics>, world: &SharedWorld) -> Self {
        Self {
            rate: limiter(settings.refusals_per_second, CODES_TRACKED, world),
            metrics,
        }
    }

    /// Counts a refusal, and writes its line if its code's limit permits.
    pub(super) fn note(&self, request: &Logged<'_>, status: u16, problem: Option<&Problem>) {
        let code = problem.map_or(PAGE, Problem::code);
        self.metrics.http.refused(code);
        if self
            .rate
            .as_ref()
            .is_some_and(|rate| rate.check_key(&code).is_err())
        {
            self.metrics.http.refusals_unlogged.inc();
            return;
        }
        let (request_id, method) = (request.id.as_str(), request.method);
        let (route, principal) = (request.route(), request.principal());
        let first_request_id = problem.and_then(Problem::first_asked_by);
        let first_request_id = first_request_id.filter(|first| *first != request_id);
        if let Some(cause) = problem.and_then(Problem::cause) {
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
}
