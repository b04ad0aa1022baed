//! The network: one exchange with another machine, and exactly what is known if it fails.
//!
//! [`Undelivered::NotSent`] is returned only if no byte of the request can have left: a name, a connection or a
//! handshake that failed. Everything after that, including a pooled connection that died, is
//! [`Undelivered::NoAnswer`]. Nothing is sent twice, redirects are not followed, proxies are not used.

mod reach;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use reqwest::{Client, Request, Url, redirect, retry};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

pub use reach::Reach;

use super::{BoxFuture, Outbound, Undelivered};

/// A machine that has not accepted a connection by then will not accept it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are closed before most servers close theirs, because a request on a closing connection can get
/// lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const IDLE_PER_HOST: usize = 8;

/// The HTTP client. Built with the first request; clones share its connections.
#[derive(Clone)]
pub(super) struct Transport {
    reach: Reach,
    client: Arc<OnceLock<Result<Client, String>>>,
}

impl Transport {
    /// A transport that connects as far as `reach` allows.
    pub(super) fn new(reach: Reach) -> Self {
        Self {
            reach,
            client: Arc::default(),
        }
    }

    /// One exchange, from the name to the answer's last byte.
    pub(super) fn send(
        &self,
        outbound: Outbound,
    ) -> BoxFuture<Result<Response<Bytes>, Undelivered>> {
        let transport = self.clone();
        Box::pin(async move { transport.exchange(outbound).await })
    }

    async fn exchange(&self, outbound: Outbound) -> Result<Response<Bytes>, Undelivered> {
        let Outbound {
            request,
            deadline,
            answer_bytes_max,
        } = outbound;
        let mut request = Request::try_from(request).map_err(undelivered)?;
        self.refuse_literal(request.url())?;
        *request.timeout_mut() = Some(deadline);
        let client = self.client.get_or_init(|| client(self.reach));
        let client = client.as_ref().map_err(|why| not_sent(&**why))?;
        let answer = client.execute(request).await.map_err(undelivered)?;
        whole(answer, answer_bytes_max).await
    }

    /// An address written out is never looked up, so it is checked here.
    fn refuse_literal(&self, url: &Url) -> Result<(), Undelivered> {
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse() {
            Ok(address) if !self.reach.includes(address) => Err(not_sent(reach::refusal(host))),
            _ => Ok(()),
        }
    }
}

fn client(reach: Reach) -> Result<Client, String> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(system_roots())
        .with_no_client_auth();
    Client::builder()
        .user_agent(concat!("daegeum/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .dns_resolver(reach)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .build()
        .map_err(told)
}

/// The system's root certificates, so that an operator configures additional ones in one place. Without any, no
/// handshake succeeds, and nothing is sent.
fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        tracing::error!(
            "this machine has no root certificates, so no gateway can be called over TLS; install \
             its ca-certificates, or name a bundle in SSL_CERT_FILE"
        );
    }
    roots
}

/// Reads the answer to its end. Half of one, or one that does not end, is none.
async fn whole(
    mut answer: reqwest::Response,
    bytes_max: usize,
) -> Result<Response<Bytes>, Undelivered> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
        if chunk.len() > bytes_max.saturating_sub(body.len()) {
            let long = format!("the answer is longer than {bytes_max} bytes");
            return Err(Undelivered::NoAnswer(long));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// Only an error from before the request could be written is certain.
fn undelivered(error: reqwest::Error) -> Undelivered {
    if error.is_connect() || error.is_builder() {
        not_sent(told(error))
    } else {
        no_answer(error)
    }
}

fn not_sent(why: impl Into<String>) -> Undelivered {
    Undelivered::NotSent(why.into())
}

fn no_answer(error: reqwest::Error) -> Undelivered {
    Undelivered::NoAnswer(told(error))
}

/// The error and what is behind it, without the address, which names a payment.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text.push_str(": ");
        text.push_str(&error.to_string());
        behind = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
