//! The latency of each route, and the route of each request. Wraps every endpoint once; the first request through an
//! endpoint resolves its metric, so that later ones look nothing up.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    routing::Route,
    routing::future::RouteFuture,
};
use prometheus_client::metrics::histogram::Histogram;
use tower::{Layer, Service};

use super::request::RequestContext;
use crate::{telemetry::Metrics, world::SharedWorld};

/// The label of requests without a route.
const UNMATCHED: &str = "unmatched";

/// Notes each endpoint's latency.
#[derive(Clone)]
pub(super) struct Latency {
    pub(super) metrics: Arc<Metrics>,
    pub(super) world: SharedWorld,
}

/// An endpoint that is timed.
#[derive(Clone)]
pub(super) struct Timed<E> {
    endpoint: E,
    latency: Latency,
    known: Arc<OnceLock<Known>>,
}

/// Data from the first request through an endpoint.
struct Known {
    histogram: Histogram,
    /// None where nothing is at the path.
    route: Option<Arc<str>>,
}

impl<E> Layer<E> for Latency {
    type Service = Timed<E>;

    fn layer(&self, endpoint: E) -> Timed<E> {
        Timed {
            endpoint,
            latency: self.clone(),
            known: Arc::default(),
        }
    }
}

impl Service<Request> for Timed<Route> {
    type Response = <Route as Service<Request>>::Response;
    type Error = <Route as Service<Request>>::Error;
    type Future = Timing<RouteFuture<Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request>::poll_ready(&mut self.endpoint, context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let known = self.known.get_or_init(|| self.latency.know(&request));
        let context = request.extensions().get::<RequestContext>();
        if let (Some(context), Some(route)) = (context, &known.route) {
            context.noted.route(route);
        }
        Timing {
            histogram: known.histogram.clone(),
            began_ns: self.latency.world.monotonic_ns(),
            world: Arc::clone(&self.latency.world),
            handling: Box::pin(self.endpoint.call(request)),
        }
    }
}

impl Latency {
    fn know(&self, request: &Request) -> Known {
        let route = request.extensions().get().map(MatchedPath::as_str);
        let method = method_label(request.method());
        Known {
            histogram: self
                .metrics
                .http
                .latency(route.unwrap_or(UNMATCHED), method),
            route: route.map(Arc::from),
        }
    }
}

/// Callers can invent methods, so only known ones become labels.
pub(super) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" | "HEAD" => "GET", // the same endpoint
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

/// An answer under way.
pub(super) struct Timing<F> {
    histogram: Histogram,
    began_ns: u64,
    world: SharedWorld,
    handling: Pin<Box<F>>,
}

impl<F: Future> Future for Timing<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let answer = ready!(self.handling.as_mut().poll(context));
        let took_ns = self.world.monotonic_ns().saturating_sub(self.began_ns);
        self.histogram
            .observe(Duration::from_nanos(took_ns).as_secs_f64());
        Poll::Ready(answer)
    }
}
