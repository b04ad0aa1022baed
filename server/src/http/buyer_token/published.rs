//! The signer's JWK set as last read from its file or address, and the one task that reads it again: periodically,
//! and when a token names an unknown key.
//!
//! If reading fails, the last good set stays in use. Before there is one, tokens are answered 503, not refused.
//! However many tokens name unknown keys, an address is requested at most once a minute.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use tokio::sync::{Notify, watch};

use super::header::Header;
use super::jwk_set::{JwkSet, NoJwkSet};
use super::key::VerifyingKey;
use super::refusal::Refusal;
use crate::config::{Buyers, FetchUrl};
use crate::world::{Outbound, SharedWorld, Undelivered, World, nanos};

/// The longest set that is read.
const BYTES_MAX: usize = 256 << 10;
/// The time limit of a request for the set.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long a request waits for the set to be read. Longer than reading takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// The least time between two requests to an address: more than a minute by any clock.
pub const ADDRESS_RESTS: Duration = Duration::from_secs(61);
/// The set is read again after this long even if no token needs it, because keys can be withdrawn.
const ADDRESS_GROWS_OLD: Duration = Duration::from_mins(10);
/// How often a file is read, which is cheap.
const FILE_RESTS: Duration = Duration::from_secs(1);
const FILE_GROWS_OLD: Duration = Duration::from_secs(5);
/// How soon reading is tried again while there is no set yet.
pub const TRIED_AGAIN: Duration = Duration::from_secs(3);
/// How often the same failure is logged again.
const SAID_AGAIN_AFTER: Duration = Duration::from_hours(1);

/// See the module's text.
pub(super) struct Published {
    place: Place,
    known: watch::Sender<Known>,
    wanted: Arc<Notify>,
}

enum Place {
    File(PathBuf),
    Address(FetchUrl),
}

#[derive(Default)]
struct Known {
    /// The last good set, and its text.
    set: Option<(Arc<JwkSet>, Bytes)>,
    /// When the set may be read again, on the monotonic clock.
    rests_until_ns: u64,
    /// The last logged failure, and when it was logged.
    said: Option<(String, u64)>,
}

/// The configured JWK set cannot be read: its place, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("the JWK set at {place}: {why}")]
pub struct KeySetError {
    place: String,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error(transparent)]
    Unreadable(io::Error),
    #[error(transparent)]
    Undelivered(Undelivered),
    #[error(
        "answered with status {0}; 200 is expected, and redirects are not followed: set buyers.jwk_set_url to where \
         the set is"
    )]
    Status(StatusCode),
    #[error(transparent)]
    NoSet(NoJwkSet),
    #[error("has no key that verifies RS256 or ES256; {}", .0.join("; "))]
    NoKeys(Vec<String>),
}

impl Published {
    /// The set that the settings name, if they name one.
    pub(super) fn configured(buyers: &Buyers) -> Option<Self> {
        let file = buyers.jwk_set_file.clone().map(Place::File);
        let address = || buyers.jwk_set_url.clone().map(Place::Address);
        Some(Self {
            place: file.or_else(address)?,
            known: watch::Sender::default(),
            wanted: Arc::default(),
        })
    }

    /// Starts the reading task, for as long as this value lives.
    pub(super) fn begin(self: &Arc<Self>, world: &SharedWorld) {
        world.spawn(Box::pin(keep(Arc::downgrade(self), Arc::clone(world))));
    }

    /// The key that verifies a token with this header.
    pub(super) fn key(&self, header: &Header) -> Result<Arc<VerifyingKey>, Refusal> {
        match &self.known.borrow().set {
            Some((set, _)) => set.key(header),
            None => Err(Refusal::NoKeysYet(TRIED_AGAIN)),
        }
    }

    /// Requests another reading and waits for its end. If reading has to wait itself, this does not.
    pub(super) async fn look_anew(&self, world: &dyn World) {
        let mut looks = self.known.subscribe();
        self.wanted.notify_one();
        if looks.borrow_and_update().rests_until_ns > world.monotonic_ns() {
            return;
        }
        tokio::select! {
            biased;
            // The sender belongs to us, so the channel stays open.
            _ = looks.changed() => {}
            () = world.sleep(PATIENCE) => {}
        }
    }

    async fn look(&self, world: &dyn World) -> Result<Bytes, KeySetError> {
        let looked = match &self.place {
            Place::File(path) => read(path, BYTES_MAX).map_err(Why::Unreadable),
            Place::Address(url) => fetch(url, world).await,
        };
        looked.map_err(|why| self.place.lacks(why))
    }

    /// Takes the result of a reading, logs changes, and returns how long to pause.
    fn take_in(&self, looked: Result<Bytes, KeySetError>, now_ns: u64) -> Rest {
        let is_known = |bytes: &Bytes| {
            let known = self.known.borrow();
            known.set.as_ref().is_some_and(|(_, text)| text == bytes)
        };
        let set = match looked {
            Ok(bytes) if is_known(&bytes) => Ok(None),
            Ok(bytes) => self.parse(&bytes).map(|set| Some((Arc::new(set), bytes))),
            Err(error) => Err(error),
        };
        let mut rest = Rest::default();
        // Waiters are woken even if nothing changed: the reading is over.
        self.known.send_modify(|known| {
            match set {
                Ok(set) => known.replace(&self.place, set),
                Err(error) => known.tell_failure(&error, now_ns),
            }
            rest = self.place.rest(known.set.is_some());
            known.rests_until_ns = now_ns.saturating_add(nanos(rest.at_least));
        });
        rest
    }

    fn parse(&self, bytes: &[u8]) -> Result<JwkSet, KeySetError> {
        JwkSet::read(bytes).map_err(|why| self.place.lacks(Why::NoSet(why)))
    }
}

impl Known {
    /// Takes a readable set; a set that is already known changes nothing.
    fn replace(&mut self, place: &Place, set: Option<(Arc<JwkSet>, Bytes)>) {
        if self.said.take().is_some() {
            tracing::info!(%place, "the JWK set of buyers' tokens can be read again");
        }
        if let Some((set, bytes)) = set {
            tell(place, &set);
            self.set = Some((set, bytes));
        }
    }

    fn tell_failure(&mut self, error: &KeySetError, now_ns: u64) {
        let text = error.to_string();
        let said_lately = |(said, at_ns): &(String, u64)| {
            *said == text && now_ns.saturating_sub(*at_ns) < nanos(SAID_AGAIN_AFTER)
        };
        if self.said.as_ref().is_some_and(said_lately) {
            return;
        }
        if self.set.is_some() {
            tracing::warn!(%error, "buyers' tokens are verified by the last good JWK set");
        } else {
            tracing::error!(
                %error,
                "buyers' tokens under the JWK set are answered 503 until it can be read; it is tried again and again"
            );
        }
        self.said = Some((text, now_ns));
    }
}

fn tell(place: &Place, set: &JwkSet) {
    for why in &set.left_out {
        tracing::warn!(%place, why, "a key of the JWK set is not used");
    }
    if set.len() == 0 {
        tracing::error!(%place, "the JWK set has no key that verifies tokens: every token under it is refused");
    } else {
        tracing::info!(%place, keys = set.len(), "buyers' tokens are verified by this JWK set");
    }
}

/// Reads, pauses, and reads again.
async fn keep(published: Weak<Published>, world: SharedWorld) {
    loop {
        let Some(strong) = published.upgrade() else {
            return;
        };
        let looked = strong.look(&*world).await;
        let now_ns = world.monotonic_ns();
        let rest = strong.take_in(looked, now_ns);
        let wanted = Arc::clone(&strong.wanted);
        drop(strong);
        world.sleep(rest.at_least).await;
        if !rest.unless_wanted.is_zero() {
            tokio::select! {
                biased;
                () = wanted.notified() => {}
                () = world.sleep(rest.unless_wanted) => {}
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator's file, which may be read-only; the store's way opens files to write"
)]
fn read(path: &Path, bytes_max: usize) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    let room = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let file = std::fs::File::open(path)?;
    file.take(room.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {bytes_max} bytes"),
        ));
    }
    Ok(bytes.into())
}

async fn fetch(url: &FetchUrl, world: &dyn World) -> Result<Bytes, Why> {
    const ACCEPTED: HeaderValue =
        HeaderValue::from_static("application/jwk-set+json, application/json");
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = url.uri();
    request.headers_mut().insert(header::ACCEPT, ACCEPTED);
    let outbound = Outbound {
        request,
        deadline: DEADLINE,
        answer_bytes_max: BYTES_MAX,
    };
    let answer = world.send(outbound).await.map_err(Why::Undelivered)?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        status => Err(Why::Status(status)),
    }
}

/// The pause after a reading.
#[derive(Default)]
struct Rest {
    at_least: Duration,
    /// An additional pause if no token needs another reading.
    unless_wanted: Duration,
}

impl Place {
    fn rest(&self, is_known: bool) -> Rest {
        let (at_least, at_most) = match self {
            Self::File(_) => (FILE_RESTS, FILE_GROWS_OLD),
            Self::Address(_) if is_known => (ADDRESS_RESTS, ADDRESS_GROWS_OLD),
            Self::Address(_) => (TRIED_AGAIN, TRIED_AGAIN),
        };
        let unless_wanted = at_most.saturating_sub(at_least);
        Rest {
            at_least,
            unless_wanted,
        }
    }

    fn lacks(&self, why: Why) -> KeySetError {
        let place = self.to_string();
        KeySetError { place, why }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Address(url) => url.fmt(f),
        }
    }
}

/// The check at a start: a JWK set in a file exists and has a key. A set at an address may come later.
pub fn check_file(buyers: &Buyers) -> Result<(), KeySetError> {
    let Some(path) = &buyers.jwk_set_file else {
        return Ok(());
    };
    let place = Place::File(path.clone());
    let looked = read(path, BYTES_MAX).map_err(|why| place.lacks(Why::Unreadable(why)));
    counted(&place, &looked?).map(|_| ())
}

/// Reads the configured set once: the number of usable keys, and why others are left out.
pub async fn look_once(
    buyers: &Buyers,
    world: &dyn World,
) -> Option<Result<(usize, Vec<String>), KeySetError>> {
    let published = Published::configured(buyers)?;
    let looked = published.look(world).await;
    Some(looked.and_then(|bytes| counted(&published.place, &bytes)))
}

fn counted(place: &Place, bytes: &[u8]) -> Result<(usize, Vec<String>), KeySetError> {
    let set = JwkSet::read(bytes).map_err(|why| place.lacks(Why::NoSet(why)))?;
    match set.len() {
        0 => Err(place.lacks(Why::NoKeys(set.left_out))),
        keys => Ok((keys, set.left_out)),
    }
}
