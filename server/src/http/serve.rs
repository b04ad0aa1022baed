//! Connections: accepted up to a limit, served over HTTP/1.1 with bounds on heads and idleness, and
//! let finish what they began when the server stops.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::TlsAcceptor;

use super::{front::Front, stalled::Stalled, turn_away::turn_away};

/// How the serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Everything in flight was answered.
    Finished,
    /// `limits.shutdown_timeout` passed with this many connections still busy; they are cut off.
    CutOff(usize),
}

/// How many connections are turned away at the same time; further ones are closed without an answer.
const TURNED_AWAY_AT_ONCE: usize = 64;
/// How long to wait when the system has no socket left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `front` on `listener` until `stop`, then finishes what is in flight. A connection over
/// `limits.connections` is answered 503 and closed.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    front: Arc<Front>,
    stop: impl Future<Output = ()>,
) -> Drained {
    let world = Arc::clone(&front.world);
    let patience = front.limits.shutdown_timeout;
    let connections = Connections::new(tls, front);
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => connections.take(stream, peer),
                // The peer closed the connection before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    world.sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let open = Arc::clone(&connections.places);
    let limit = connections.front.limits.connections;
    let Connections { graceful, .. } = connections;
    tokio::select! {
        biased;
        () = graceful.shutdown() => Drained::Finished,
        () = world.sleep(patience) => {
            Drained::CutOff(limit.saturating_sub(open.available_permits()))
        }
    }
}

struct Connections {
    front: Arc<Front>,
    tls: Option<TlsAcceptor>,
    http: auto::Builder<TokioExecutor>,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Connections {
    fn new(tls: Option<TlsAcceptor>, front: Arc<Front>) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(front.limits.header_timeout)
            .max_buf_size(largest_head(front.limits.head.0));
        Self {
            places: Arc::new(Semaphore::new(front.limits.connections)),
            refusals: Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)),
            graceful: GracefulShutdown::new(),
            front,
            tls,
            http,
        }
    }

    /// Gives a connection its place, or turns it away. Never waits.
    fn take(&self, stream: TcpStream, peer: SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return self.refuse(stream);
        };
        // An answer is one write; waiting to fill a packet would only delay it.
        if stream.set_nodelay(true).is_err() {
            return; // already closed
        }
        let connection = Connection {
            front: Arc::clone(&self.front),
            http: self.http.clone(),
            watcher: self.graceful.watcher(),
            peer,
            _place: place,
        };
        let tls = self.tls.clone();
        self.front.world.spawn(Box::pin(async move {
            match tls {
                None => connection.serve(stream).await,
                Some(tls) => connection.shake_hands(tls, stream).await,
            }
        }));
    }

    fn refuse(&self, stream: TcpStream) {
        self.front.metrics.http.turned_away.inc();
        let place = Arc::clone(&self.refusals).try_acquire_owned();
        // Without a handshake a TLS peer could not read the answer.
        let (Ok(place), None) = (place, &self.tls) else {
            return;
        };
        let front = Arc::clone(&self.front);
        self.front.world.spawn(Box::pin(async move {
            turn_away(stream, &front).await;
            drop(place);
        }));
    }
}

/// The largest head that hyper reads. Twice the accepted size: heads between the two are refused by the front,
/// readable by pages too; beyond, hyper answers a bare 431.
fn largest_head(taken: usize) -> usize {
    /// hyper's own lower bound.
    const LEAST: usize = 8192;
    taken.saturating_mul(2).max(LEAST)
}

struct Connection {
    front: Arc<Front>,
    http: auto::Builder<TokioExecutor>,
    watcher: Watcher,
    peer: SocketAddr,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn shake_hands(self, tls: TlsAcceptor, stream: TcpStream) {
        let patience = self.front.world.sleep(self.front.limits.header_timeout);
        let shaken = tokio::select! {
            biased;
            shaken = tls.accept(stream) => shaken,
            () = patience => return,
        };
        match shaken {
            Ok(stream) => self.serve(stream).await,
            Err(error) => tracing::debug!(%error, "no TLS handshake"),
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Self {
            front,
            http,
            watcher,
            peer,
            _place,
        } = self;
        let open = front.metrics.http.connections.clone();
        open.inc();
        let bounded = Stalled::new(
            stream,
            front.limits.request_timeout,
            Arc::clone(&front.world),
        );
        let connection = http.serve_connection(TokioIo::new(bounded), front.service(peer));
        if let Err(error) = watcher.watch(connection).await {
            // Slow heads, resets, garbage: caused by the peer, and hyper has answered if it could.
            tracing::debug!(%error, "a connection ended early");
        }
        open.dec();
    }
}
