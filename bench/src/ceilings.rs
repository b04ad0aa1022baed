//! The machine's limits: servers that answer with the product's bytes and decide nothing, run as separate processes
//! by hidden subcommands of this program, and the bare disk.

pub(crate) mod bare;
pub(crate) mod disk;
pub(crate) mod log_only;
pub(crate) mod sizes;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::failure::{Failure, While};
use crate::requests::Step;
use sizes::{Size, Sizes};

/// Serves until killed. `keep` is given each request's body and returns when it may be answered.
fn serve<K, F>(listen: SocketAddr, sizes: &Sizes, keep: K) -> Result<(), Failure>
where
    K: Fn(Bytes) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = bool> + Send,
{
    let answers = Answers::new(sizes)?;
    let runtime = tokio::runtime::Runtime::new().when("the runtime")?;
    runtime.block_on(async move {
        let listener = TcpListener::bind(listen).await.when(listen)?;
        loop {
            let (stream, _) = listener.accept().await.when(listen)?;
            stream.set_nodelay(true).when(listen)?;
            let (answers, keep) = (answers.clone(), keep.clone());
            let service = service_fn(move |request| answer(request, answers.clone(), keep.clone()));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A connection that breaks off is noticed by the generator.
            tokio::spawn(async move { drop(connection.await) });
        }
    })
}

async fn answer<K, F>(
    request: Request<Incoming>,
    answers: Answers,
    keep: K,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    K: Fn(Bytes) -> F,
    F: Future<Output = bool>,
{
    let answer = answers.to(request.method(), request.uri().path());
    let body = request.into_body().collect().await;
    let kept = match body {
        Ok(body) => keep(body.to_bytes()).await,
        Err(_) => false,
    };
    Ok(if kept { answer } else { refused() })
}

fn refused() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// The answers, rendered once.
#[derive(Clone)]
struct Answers {
    order: Response<Full<Bytes>>,
    payment: Response<Full<Bytes>>,
    complete: Response<Full<Bytes>>,
    health: Response<Full<Bytes>>,
}

impl Answers {
    fn new(sizes: &Sizes) -> Result<Self, Failure> {
        Ok(Self {
            order: padded(sizes.of(Step::Order))?,
            payment: padded(sizes.of(Step::Payment))?,
            complete: padded(sizes.of(Step::Complete))?,
            health: Response::new(Full::from("ok")),
        })
    }

    fn to(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        match path {
            _ if method == Method::GET => self.health.clone(),
            "/api/v1/orders" => self.order.clone(),
            "/api/v1/payments" => self.payment.clone(),
            _ => self.complete.clone(),
        }
    }
}

/// As many bytes as the product's answer has; one long header stands for its other headers.
fn padded(size: Size) -> Result<Response<Full<Bytes>>, Failure> {
    const OWN_HEAD: usize = 140;
    const OWN_BODY: usize = r#"{"status":"CEILING","padding":""}"#.len();
    let padding = "x".repeat(size.body.saturating_sub(OWN_BODY));
    let body = format!(r#"{{"status":"CEILING","padding":"{padding}"}}"#);
    Response::builder()
        .status(size.status)
        .header("content-type", "application/json")
        .header("x-padding", "x".repeat(size.head.saturating_sub(OWN_HEAD)))
        .body(Full::from(body))
        .when("a ceiling's answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_products_status_and_length() {
        let size = Size {
            status: 201,
            head: 300,
            body: 400,
        };
        let response = padded(size).expect("an answer");
        assert_eq!(response.status(), 201);
        let length = hyper::body::Body::size_hint(response.body()).exact();
        assert_eq!(length, Some(400));
        assert_eq!(response.headers()["x-padding"].len(), 160);
    }
}
