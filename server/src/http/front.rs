//! The front that every request and answer passes: CORS, request id, the source's rate limit, a readable path, a time
//! limit, a catch for panics, and one form of refusals.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    net::{IpAddr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{
    auth::Authenticator,
    cross_origin::CrossOrigin,
    error::{HttpErrorCode, PROBLEM_JSON, Problem, SaysItself},
    latency::{Latency, method_label},
    limits::RateLimits,
    query::decode,
    refusals::{Logged, Noted, RefusalLog},
    request::{REQUEST_ID, RequestContext, RequestId},
    source::source,
};
use crate::{
    config::{Config, Limits, Network},
    domain_clock::DomainClock,
    telemetry::{Metrics, Traced},
    world::{BoxFuture, SharedWorld},
};

/// The routes, and what stands before them.
pub struct Front {
    router: Router,
    cross_origin: CrossOrigin,
    pub(super) world: SharedWorld,
    pub(super) clock: Arc<DomainClock>,
    pub(super) limits: Limits,
    pub(super) authenticator: Authenticator,
    pub(super) rates: RateLimits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) refusals: RefusalLog,
    trusted_proxies: Vec<Network>,
}

impl Front {
    /// Stands before `router`, whose state is already in it; `cross_origin` says what pages may call.
    pub fn new(
        (router, cross_origin): (Router, CrossOrigin),
        config: &Config,
        clock: Arc<DomainClock>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let world = Arc::clone(clock.world());
        let limits = config.settings.limits.clone();
        let latency = Latency {
            metrics: Arc::clone(&metrics),
            world: Arc::clone(&world),
        };
        Arc::new(Self {
            // Layers are applied when the state is set: here once, not with each request.
            router: router.layer(latency).with_state(()),
            cross_origin,
            authenticator: Authenticator::new(config),
            rates: RateLimits::new(&limits, Arc::clone(&world)),
            refusals: RefusalLog::new(
                config.settings.log.refusals_per_second,
                Arc::clone(&metrics),
                &world,
            ),
            trusted_proxies: config.settings.server.trusted_proxies.clone(),
            world,
            clock,
            limits,
            metrics,
        })
    }

    /// Starts the background tasks, for as long as this front lives.
    pub fn begin(&self) {
        self.authenticator.begin(&self.world);
    }

    /// Answers a request that came over a connection from `peer`, readable by pages that may read it.
    pub async fn answer<B>(self: &Arc<Self>, request: Request<B>, peer: SocketAddr) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (path, method) = (request.uri().path(), request.method());
        let layer = self.cross_origin.layer(path, method, request.headers());
        let Some(layer) = layer.cloned() else {
            return self.handle(request, peer).await;
        };
        let handling = service_fn(|request| async {
            let answer = self.handle(request, peer).await;
            Ok::<_, Infallible>(answer)
        });
        let answer = match layer.layer(handling).oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        // A preflight ends in the layer: it has no credentials to guess, changes nothing and costs almost nothing.
        if !answer.headers().contains_key(REQUEST_ID) {
            self.metrics.http.answered(answer.status().as_u16());
        }
        answer
    }

    async fn handle<B>(self: &Arc<Self>, mut request: Request<B>, peer: SocketAddr) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let id = RequestId::of(request.headers(), &*self.world);
        let (method, noted) = (method_label(request.method()), Arc::<Noted>::default());
        let is_told = tracing::enabled!(tracing::Level::DEBUG);
        let begun_ns = is_told.then(|| self.world.monotonic_ns());
        let mut traced = Traced::request(request.headers());
        let source = source(peer.ip(), request.headers(), &self.trusted_proxies);
        let answer = match self.admit(&request, source) {
            Ok(()) => {
                let context = RequestContext {
                    id: id.clone(),
                    source,
                    front: Arc::clone(self),
                    noted: Arc::clone(&noted),
                };
                request.extensions_mut().insert(context);
                self.route(request.map(Body::new)).await
            }
            Err(refused) => refused.into_response(),
        };
        let request = Logged {
            id: &id,
            method,
            noted: &noted,
        };
        let answer = self.finish(answer, &request, traced.as_mut());
        if let Some(begun_ns) = begun_ns {
            self.tell(&answer, &request, begun_ns);
        }
        answer
    }

    /// Refuses requests that no route should get.
    fn admit<B>(&self, request: &Request<B>, source: IpAddr) -> Result<(), Problem> {
        self.rates.count_source(source)?;
        if head_bytes(request) > self.limits.head.0 {
            return Err(HttpErrorCode::HeadTooLarge.into());
        }
        let path = request.uri().path();
        if path.contains('%') && decode(path, false).is_none() {
            return Err(HttpErrorCode::MalformedPath.into());
        }
        Ok(())
    }

    /// The route's answer, if it comes in time and without a panic. Only an answer that must be waited for needs a
    /// timer.
    async fn route(&self, request: Request<Body>) -> Response {
        let mut router = self.router.clone();
        let mut handling = pin!(router.call(request));
        let mut timer: Option<BoxFuture> = None;
        poll_fn(|context| {
            // A handler that panicked is not polled again, so nothing broken is seen.
            let polled = catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context)));
            match polled {
                Ok(Poll::Ready(Ok(answer))) => Poll::Ready(answer),
                Ok(Poll::Ready(Err(never))) => match never {},
                Err(_) => Poll::Ready(Problem::internal("a handler panicked").into_response()),
                Ok(Poll::Pending) => {
                    let wait = || self.world.sleep(self.limits.request_timeout);
                    let late = timer.get_or_insert_with(wait).as_mut().poll(context);
                    late.map(|()| Problem::from(HttpErrorCode::RequestTimeout).into_response())
                }
            }
        })
        .await
    }

    /// Writes the refusal, if it is one, logs it, and names the request.
    fn finish(
        &self,
        mut answer: Response,
        request: &Logged<'_>,
        traced: Option<&mut Traced>,
    ) -> Response {
        let problem = answer.extensions_mut().remove::<Problem>();
        let problem = problem.or_else(|| unexplained(&answer));
        if let Some(traced) = traced {
            trace(traced, request, &answer, problem.as_ref());
        }
        if let Some(problem) = &problem {
            problem.write(&mut answer, request.id);
        }
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            self.refusals
                .note(request, status.as_u16(), problem.as_ref());
        }
        answer.headers_mut().insert(REQUEST_ID, request.id.header());
        self.metrics.http.answered(status.as_u16());
        answer
    }

    /// The `debug` line of every request, refused ones included.
    fn tell(&self, answer: &Response, request: &Logged<'_>, begun_ns: u64) {
        let took_ns = self.world.monotonic_ns().saturating_sub(begun_ns);
        tracing::debug!(
            request_id = request.id.as_str(),
            method = request.method,
            route = request.route(),
            status = answer.status().as_u16(),
            principal = request.principal(),
            took_us = took_ns / 1_000,
            "request answered"
        );
    }

    /// The service of one connection.
    pub(super) fn service<B>(
        self: Arc<Self>,
        peer: SocketAddr,
    ) -> impl hyper::service::Service<
        Request<B>,
        Response = Response,
        Error = Infallible,
        Future = impl Future<Output = Result<Response, Infallible>> + Send + 'static,
    >
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        hyper::service::service_fn(move |request| {
            let front = Arc::clone(&self);
            async move { Ok(front.answer(request, peer).await) }
        })
    }
}

/// A request's attributes in its span.
fn trace(traced: &mut Traced, request: &Logged<'_>, answer: &Response, problem: Option<&Problem>) {
    let route = request.route().map(str::to_owned);
    let status = problem.map_or(answer.status(), Problem::status);
    traced.name(format!(
        "{} {}",
        request.method,
        route.as_deref().unwrap_or("unmatched")
    ));
    traced.say("http.request.method", Some(request.method));
    traced.say("http.route", route);
    traced.say(
        "http.response.status_code",
        Some(i64::from(status.as_u16())),
    );
    traced.say("daegeum.request_id", Some(request.id.as_str().to_owned()));
    traced.say("daegeum.principal", request.principal());
    traced.say("error.type", problem.map(Problem::code));
    if let Some(problem) = problem.filter(|_| status.is_server_error()) {
        traced.failed(problem.code());
    }
}

/// How long the request line and the headers are, about.
fn head_bytes<B>(request: &Request<B>) -> usize {
    const AROUND_A_HEADER: usize = ": \r\n".len();
    let headers = request.headers().iter().map(|(name, value)| {
        let both = name.as_str().len().saturating_add(value.len());
        both.saturating_add(AROUND_A_HEADER)
    });
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |both| both.as_str().len());
    headers.fold(target, usize::saturating_add)
}

/// The problem for an error of the router or an extractor that has none.
fn unexplained(answer: &Response) -> Option<Problem> {
    let status = answer.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    let is_explained = || {
        let content_type = answer.headers().get(header::CONTENT_TYPE);
        content_type.is_some_and(|kind| kind.as_bytes().starts_with(PROBLEM_JSON.as_bytes()))
    };
    let is_page = answer.extensions().get::<SaysItself>().is_some();
    if !is_refusal || is_page || is_explained() {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => HttpErrorCode::NotFound.into(),
        StatusCode::METHOD_NOT_ALLOWED => HttpErrorCode::MethodNotAllowed.into(),
        _ if status.is_client_error() => HttpErrorCode::MalformedRequest.into(),
        _ => Problem::internal(format_args!("a handler answered {status} and said nothing")),
    })
}
