//! Traces by OTLP over HTTP, where an endpoint is configured: a span for each request, and one for each exchange with a
//! gateway. Without an endpoint nothing is begun and nothing is kept: one look at an empty cell for each request.
//!
//! A span says what a line of the log says: route, status, code, kind of caller, request id, payment id; never a path, a
//! body, a key or a buyer. It never delays what it is about: spans wait in a bounded queue and are dropped when the
//! collector does not keep up.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator,
    trace::{Span as _, SpanKind, Status, Tracer, TracerProvider},
};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider, Span},
};
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    config::Traces,
    world::{Outbound, SharedWorld, Undelivered},
};

/// How long a collector may take.
const DEADLINE: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The process's tracer; empty if traces are off.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Sends what is left when it is dropped.
pub struct TraceSender(SdkTracerProvider);

/// A request or an exchange under way.
pub struct Traced(Span);

#[expect(
    clippy::float_arithmetic,
    reason = "the sampler's share is a float; nothing here counts money"
)]
fn share(percent: u32) -> f64 {
    f64::from(percent.min(100)) / 100.0
}

/// Begins to trace, if that is configured. `world` is the way to the collector. Called within the runtime.
pub fn start_tracing(
    settings: &Traces,
    world: SharedWorld,
) -> Result<Option<TraceSender>, ExporterBuildError> {
    let Some(endpoint) = &settings.endpoint else {
        return Ok(None);
    };
    let collector = CollectorClient {
        world,
        runtime: Handle::current(),
        failing: Arc::default(),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::TraceIdRatioBased(share(settings.percent)))
        .with_resource(
            Resource::builder_empty()
                .with_service_name("daegeum")
                .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
                .build(),
        )
        .build();
    // A second one would be a second server in this process; the first goes on.
    TRACER.get_or_init(|| provider.tracer("daegeum"));
    Ok(Some(TraceSender(provider)))
}

impl Drop for TraceSender {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

impl Traced {
    /// A request, in the trace that its caller names.
    pub fn request(headers: &HeaderMap) -> Option<Self> {
        let tracer = TRACER.get()?;
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        let span = tracer.span_builder("request").with_kind(SpanKind::Server);
        Some(Self(span.start_with_context(tracer, &caller)))
    }

    /// An exchange with a gateway: a trace of its own, because no request owns it.
    pub fn exchange(provider: &'static str, call: &'static str) -> Option<Self> {
        let tracer = TRACER.get()?;
        let span = tracer
            .span_builder(format!("{provider} {call}"))
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("daegeum.provider", provider),
                KeyValue::new("daegeum.call", call),
            ]);
        Some(Self(span.start_with_context(tracer, &Context::new())))
    }

    /// Says something of it, if it is known.
    pub fn say(&mut self, name: &'static str, value: Option<impl Into<opentelemetry::Value>>) {
        if let Some(value) = value {
            self.0.set_attribute(KeyValue::new(name, value));
        }
    }

    /// Names it, once that is known.
    pub fn name(&mut self, name: String) {
        self.0.update_name(name);
    }

    /// It was our fault, or a gateway's.
    pub fn failed(&mut self, why: &'static str) {
        self.0.set_status(Status::error(why));
    }
}

/// The way to the collector: the server's own, so that TLS and deadlines are as everywhere.
struct CollectorClient {
    world: SharedWorld,
    runtime: Handle,
    /// Whether the last try failed: it is said once, and once when it is over.
    failing: Arc<AtomicBool>,
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CollectorClient")
    }
}

impl HttpClient for CollectorClient {
    /// Called on the exporter's own thread, which is in no runtime: the request is made in ours.
    fn send_bytes<'client, 'sending>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sending>>
    where
        'client: 'sending,
        Self: 'sending,
    {
        let outbound = Outbound {
            request,
            deadline: DEADLINE,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let (tell, told) = oneshot::channel();
        {
            let _in_runtime = self.runtime.enter();
            let world = Arc::clone(&self.world);
            self.world.spawn(Box::pin(async move {
                // The receiver is gone if the server is stopping.
                tell.send(world.send(outbound).await).ok();
            }));
        }
        Box::pin(async move {
            let came = told
                .await
                .unwrap_or_else(|_| Err(Undelivered::NotSent("the server has stopped".to_owned())));
            self.tell(&came);
            came.map_err(|why| why.to_string().into())
        })
    }
}

impl CollectorClient {
    fn tell(&self, came: &Result<Response<Bytes>, Undelivered>) {
        let problem = match came {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(why) => Some(why.to_string()),
        };
        let was_failing = self.failing.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !was_failing => tracing::warn!(
                problem,
                "the traces' collector takes no spans, and they are dropped; see traces.endpoint"
            ),
            None if was_failing => tracing::info!("the traces' collector takes spans again"),
            Some(_) | None => {}
        }
    }
}
