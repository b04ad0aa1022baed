//! Repeats requests until there is an answer: with the engine's delays, at once when the page becomes visible or the
//! network is back, until the caller's signal aborts. A request without an answer is no error here; it is repeated.

use daegeum_engine::polling;
use daegeum_engine::session::{Next, SessionStatus};
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::calls::{CheckoutClient, Later};
use crate::failure::{Code, Failure};
use crate::host::{self, Listener};
use crate::reading::Session;
use crate::returned::Brought;

/// A checkout that is waited for, and its listener.
pub struct Patient<'c> {
    checkout: &'c CheckoutClient,
    listener: Listener,
    /// The number of answers in a row without news.
    asked: u32,
    /// Whether the buyer has approved, and no answer has shown yet that the server accepted the approval.
    approved: bool,
    /// The last answer passed to the listener; null before the first.
    last: JsValue,
    told: (Option<(SessionStatus, String)>, Connection),
}

/// The state of the connection to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Online,
    /// Nothing answers.
    Offline,
    /// The server asks to be retried later.
    Busy,
    /// The server will accept this payment when another one of the order has ended.
    Queued,
}

impl Connection {
    const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Busy => "busy",
            Self::Queued => "queued",
        }
    }

    /// As a request showed that ended like this.
    fn after(failure: &Failure) -> Self {
        match failure.code {
            Code::Network => Self::Offline,
            _ if failure.is_queued() => Self::Queued,
            _ if failure.retry => Self::Busy,
            _ => Self::Online,
        }
    }
}

impl<'c> Patient<'c> {
    /// Nothing has been asked yet.
    pub fn new(checkout: &'c CheckoutClient, listener: Option<Function>) -> Self {
        Self {
            checkout,
            listener: Listener(listener),
            asked: 0,
            approved: false,
            last: JsValue::NULL,
            told: (None, Connection::Online),
        }
    }

    /// The buyer has approved. From now on "can be paid" is not reported: a page would show its form while the
    /// payment is being confirmed.
    pub const fn has_approval(&mut self) {
        self.approved = true;
    }

    /// Reads the session, repeating as often as needed.
    pub fn load(&mut self) -> Later<'_, Session> {
        Box::pin(async move {
            loop {
                match self.checkout.load().await {
                    Ok(session) => {
                        self.heard(&session)?;
                        return Ok(session);
                    }
                    Err(failure) => self.wait_after(failure).await?,
                }
            }
        })
    }

    /// Repeats until the next step is no longer to wait.
    pub fn settle(&mut self) -> Later<'_, Session> {
        Box::pin(async move {
            loop {
                let session = self.load().await?;
                if session.next() != Next::Wait {
                    return Ok(session);
                }
                self.pause(None).await?;
            }
        })
    }

    /// Compares the return with the payment, by the engine's rules here and by the server.
    pub async fn verify(&mut self, brought: &Brought) -> Result<JsValue, Failure> {
        brought.compare(&self.load().await?)?;
        loop {
            match self.checkout.verify(brought).await {
                Ok(payment) => return Ok(payment),
                Err(failure) => self.wait_after(failure).await?,
            }
        }
    }

    /// Confirms. A lost answer proves nothing: the session is read, and if the confirmation has not arrived it is
    /// repeated. The server captures once. While another payment of the order is being made, this one waits for its
    /// end.
    pub async fn confirm(&mut self, brought: &Brought) -> Result<Session, Failure> {
        self.has_approval();
        loop {
            let Err(failure) = self.checkout.confirm(brought).await else {
                self.approved = false;
                return self.load().await;
            };
            if failure.code == Code::NotPermitted && !failure.passes() {
                // It may be done already, here or in another tab: then the session shows more.
                let session = self.load().await?;
                return if session.can_be_paid() {
                    Err(failure)
                } else {
                    Ok(session)
                };
            }
            self.wait_after(failure).await?;
            let session = self.load().await?;
            if !session.can_be_paid() {
                return Ok(session);
            }
        }
    }

    /// Waits if a retry may help; any other error ends it.
    fn wait_after(&mut self, failure: Failure) -> Later<'_, ()> {
        Box::pin(async move {
            if !(failure.is_uncertain() || failure.passes()) {
                return Err(failure);
            }
            self.tell(None, Connection::after(&failure))?;
            self.pause(failure.retry_after_ms).await
        })
    }

    async fn pause(&mut self, at_least_ms: Option<u64>) -> Result<(), Failure> {
        self.asked = self.asked.saturating_add(1);
        let delay = polling::delay_ms(self.asked, host::chance());
        let delay = delay.max(at_least_ms.unwrap_or_default());
        let delay = u32::try_from(delay).unwrap_or(u32::MAX);
        host::pause(delay, &self.checkout.signal).await?;
        Ok(())
    }

    fn heard(&mut self, session: &Session) -> Result<(), Failure> {
        if !(self.approved && session.can_be_paid()) {
            self.last = session.as_js().clone();
            let heard = (session.status, session.updated_at.clone());
            return self.tell(Some(heard), Connection::Online);
        }
        // A server that answers reads but refuses confirmations is not ready yet.
        if matches!(self.told.1, Connection::Busy | Connection::Queued) {
            return Ok(());
        }
        self.tell(None, Connection::Online)
    }

    /// Reports changes, nothing twice: `None` means that there was no news.
    fn tell(
        &mut self,
        heard: Option<(SessionStatus, String)>,
        connection: Connection,
    ) -> Result<(), Failure> {
        let now = (heard.or_else(|| self.told.0.clone()), connection);
        if self.told != now {
            self.told = now;
            self.listener.tell(&self.last, &connection.name().into())?;
        }
        Ok(())
    }
}
