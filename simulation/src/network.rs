//! The network between callers and the server: slow, lossy, and closed while the server is down. A caller who hangs
//! up drops the handler's future, as a closed connection does.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daegeum_server::http::Front;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::dice::Dice;
use crate::executor::{Executor, Owner, TaskId};
use crate::swarm::Swarm;

/// A response.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// No answer came; the request may or may not have been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

/// Which start of the server listens, and what answers.
type Listening = (Owner, Arc<Front>);

/// See the module's text. Clones are the same network.
#[derive(Clone)]
pub struct Network {
    server: Arc<Mutex<Option<Listening>>>,
    executor: Executor,
    dice: Dice,
    swarm: Swarm,
}

impl Network {
    /// A network to a server that is not there yet.
    pub fn new(executor: &Executor, dice: Dice, swarm: &Swarm) -> Self {
        Self {
            server: Arc::default(),
            executor: executor.clone(),
            dice,
            swarm: swarm.clone(),
        }
    }

    /// The server listens.
    pub fn open(&self, owner: Owner, front: &Arc<Front>) {
        *self.server.lock() = Some((owner, Arc::clone(front)));
    }

    /// It does not any more.
    pub fn close(&self) {
        let closed = self.server.lock().take();
        drop(closed);
    }

    /// Sends a request and waits for its answer, `patience_ms` at most.
    pub async fn call(
        &self,
        request: Request<Full<Bytes>>,
        source: [u8; 4],
        patience_ms: u64,
    ) -> Result<Raw, Lost> {
        self.on_the_way().await;
        if self.swarm.strikes(&self.dice, self.swarm.request_lost) {
            return self.give_up(patience_ms).await;
        }
        let Some((owner, front)) = self.server.lock().clone() else {
            return self.give_up(1_000).await;
        };
        let peer = SocketAddr::from((Ipv4Addr::from(source), 40_000));
        let (tell, told) = oneshot::channel();
        let task = self.executor.spawn(
            owner,
            Box::pin(async move {
                let (head, body) = front.answer(request, peer).await.into_parts();
                if let Ok(body) = body.collect().await {
                    let answer = Raw {
                        status: head.status.as_u16(),
                        headers: head.headers,
                        body: body.to_bytes(),
                    };
                    // Who hung up does not hear it.
                    tell.send(answer).ok();
                }
            }),
        );
        let _connection = Connection(&self.executor, task);
        let patience_ms = if self.swarm.strikes(&self.dice, self.swarm.hangs_up) {
            self.dice.below(60)
        } else {
            patience_ms
        };
        let patience = self.executor.sleep(Duration::from_millis(patience_ms));
        let answer = tokio::select! {
            biased;
            told = told => told.map_err(|_| Lost)?,
            () = patience => return Err(Lost),
        };
        self.on_the_way().await;
        if self.swarm.strikes(&self.dice, self.swarm.answer_lost) {
            return self.give_up(patience_ms).await;
        }
        Ok(answer)
    }

    async fn on_the_way(&self) {
        let micros = self.dice.below(self.swarm.latency_ms * 1_000 + 1);
        if micros > 0 {
            self.executor.sleep(Duration::from_micros(micros)).await;
        }
    }

    async fn give_up(&self, after_ms: u64) -> Result<Raw, Lost> {
        let after = Duration::from_millis(self.dice.between(1, after_ms.max(1)));
        self.executor.sleep(after).await;
        Err(Lost)
    }
}

/// An open connection; closing it drops what handles its request.
struct Connection<'a>(&'a Executor, TaskId);

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.0.cancel(self.1);
    }
}
