//! How long each route takes. Wraps every endpoint once; the first request through an endpoint
//! tells its name, so that no later one looks a metric up.

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

use crate::{telemetry::Metrics, world::SharedWorld};

/// Where what is at no route is counted.
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
    histogram: Arc<OnceLock<Histogram>>,
}

impl<E> Layer<E> for Latency {
    type Service = Timed<E>;

    fn layer(&self, endpoint: E) -> Timed<E> {
        Timed {
            endpoint,
            latency: self.clone(),
            histogram: Arc::default(),
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
        let histogram = self.histogram.get_or_init(|| {
            let route = request
                .extensions()
                .get()
                .map_or(UNMATCHED, MatchedPath::as_str);
            self.latency
                .metrics
                .http
                .latency(route, method_label(request.method()))
        });
        Timing {
            histogram: histogram.clone(),
            began_ns: self.latency.world.monotonic_ns(),
            world: Arc::clone(&self.latency.world),
            handling: Box::pin(self.endpoint.call(request)),
        }
    }
}

/// Methods are the caller's to invent; labels are not.
fn method_label(method: &Method) -> &'static str {
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
