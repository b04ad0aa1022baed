//! Reads a body: whole, uncompressed, of limited size and within a time limit.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};

use super::{
    error::{HttpErrorCode, Problem},
    request::RequestContext,
};
use crate::world::{BoxFuture, World};

/// Extracts the body's bytes unchanged, for signatures over bytes.
#[derive(Debug, Clone)]
pub struct RawBody(pub Bytes);

impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request).await.map(Self)
    }
}

/// The whole body of `request`. A declared length over the limit is refused at once.
pub(super) async fn read(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    check_encoding(&parts.headers)?;
    let front = &RequestContext::of(&parts.extensions)?.front;
    let at_most = front.limits.body.0;
    let claimed = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if claimed > at_most {
        return Err(HttpErrorCode::BodyTooLarge.into());
    }
    let world = &*front.world;
    let mut arriving = Arriving {
        body,
        parts: Parts::None,
        room: at_most,
        timer: None,
    };
    poll_fn(|context| arriving.poll(context, world, front.limits.body_timeout)).await?;
    Ok(arriving.parts.join())
}

/// Compressed bodies are refused, because their decompressed size is unlimited.
fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(HttpErrorCode::UnsupportedContentEncoding.into())
    }
}

struct Arriving {
    body: Body,
    parts: Parts,
    room: usize,
    /// Only a body that must be waited for has a timer.
    timer: Option<BoxFuture>,
}

/// Most bodies come in one piece, which is not copied.
enum Parts {
    None,
    One(Bytes),
    Many(Vec<u8>),
}

impl Parts {
    fn push(&mut self, piece: Bytes) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(piece),
            Self::One(first) => Self::Many([first, piece].concat()),
            Self::Many(mut all) => {
                all.extend_from_slice(&piece);
                Self::Many(all)
            }
        }
    }

    fn join(self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::One(piece) => piece,
            Self::Many(all) => all.into(),
        }
    }
}

impl Arriving {
    /// Ready when the body is whole.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        world: &dyn World,
        timeout: Duration,
    ) -> Poll<Result<(), Problem>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(piece) = frame.into_data() else {
                        continue;
                    }; // trailers say nothing
                    let Some(room) = self.room.checked_sub(piece.len()) else {
                        return Poll::Ready(Err(HttpErrorCode::BodyTooLarge.into()));
                    };
                    self.room = room;
                    self.parts.push(piece);
                }
                Poll::Ready(Some(Err(_))) => {
                    return Poll::Ready(Err(HttpErrorCode::IncompleteBody.into()));
                }
                Poll::Pending => {
                    let timer = self.timer.get_or_insert_with(|| world.sleep(timeout));
                    let late = timer.as_mut().poll(context);
                    return late.map(|()| Err(HttpErrorCode::BodyTimeout.into()));
                }
            }
        }
    }
}
