//! A body on its way: whole, cut off, or in drops.

#![expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for the outside world: it has timers of its own"
)]

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// So long the first part has to get onto the wire before the connection breaks.
const BREAKS_AFTER: Duration = Duration::from_millis(20);

pub(super) struct Sent {
    rest: Bytes,
    /// How much at a time; all, if nothing.
    piece: Option<usize>,
    every: Duration,
    breaks: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Sent {
    pub(super) fn whole(rest: Bytes) -> Self {
        Self {
            rest,
            piece: None,
            every: Duration::ZERO,
            breaks: false,
            pause: None,
        }
    }

    pub(super) fn truncated(mut all: Bytes, at: usize) -> Self {
        all.truncate(at);
        Self {
            every: BREAKS_AFTER,
            breaks: true,
            ..Self::whole(all)
        }
    }

    pub(super) fn dripping(all: Bytes, bytes: usize, every: Duration) -> Self {
        Self {
            piece: Some(bytes.max(1)),
            every,
            ..Self::whole(all)
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = self.pause.as_mut() {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if self.rest.is_empty() {
            let broken = self
                .breaks
                .then(|| Err(io::Error::from(io::ErrorKind::ConnectionAborted)));
            return Poll::Ready(broken);
        }
        let piece = self.piece.unwrap_or(usize::MAX).min(self.rest.len());
        let piece = self.rest.split_to(piece);
        if self.breaks || !self.rest.is_empty() {
            self.pause = Some(Box::pin(sleep(self.every)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        if self.breaks {
            return SizeHint::default();
        }
        SizeHint::with_exact(u64::try_from(self.rest.len()).unwrap_or(u64::MAX))
    }
}
