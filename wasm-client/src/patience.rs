//! Asking until there is an answer: with the engine's back-off, at once when the page is seen again
//! or the network is back, until the caller's signal says otherwise. A request that was not heard
//! of is no failure here; it is asked again.

use daegeum_engine::polling;
use daegeum_engine::session::{Next, SessionStatus};
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::calls::{Checkout, Later};
use crate::failure::{Code, Failure};
use crate::host::{self, Listener};
use crate::reading::Session;
use crate::returned::Brought;

/// A checkout that is waited for, and who wants to know.
pub struct Patient<'c> {
    checkout: &'c Checkout,
    listener: Listener,
    /// Questions in a row that brought nothing new.
    asked: u32,
    /// Whether the buyer has approved, and the server has not yet been heard to take it.
    approved: bool,
    /// The last answer the listener was told of; null before the first.
    last: JsValue,
    told: (Option<(SessionStatus, String)>, Connection),
}

/// How asking goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Online,
    /// Nothing answers.
    Offline,
    /// What answers wants to be asked later.
    Busy,
    /// What answers takes this payment up when another one of the order has ended.
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
    pub fn new(checkout: &'c Checkout, listener: Option<Function>) -> Self {
        Self {
            checkout,
            listener: Listener(listener),
            asked: 0,
            approved: false,
            last: JsValue::NULL,
            told: (None, Connection::Online),
        }
    }

    /// The buyer has approved. That the payment could be made is no news from now on: a page would
    /// show its form while the money is being taken.
    pub const fn has_approval(&mut self) {
        self.approved = true;
    }

    /// How it stands, however often that has to be asked.
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

    /// Asks until waiting is no longer what is next.
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

    /// Compares what was brought back with the payment, by the engine's rules here and by the server.
    pub async fn verify(&mut self, brought: &Brought) -> Result<JsValue, Failure> {
        brought.compare(&self.load().await?)?;
        loop {
            match self.checkout.verify(brought).await {
                Ok(payment) => return Ok(payment),
                Err(failure) => self.wait_after(failure).await?,
            }
        }
    }

    /// Has the money taken. An answer that did not come says nothing: the session is asked for, and
    /// where the confirmation has not arrived it is sent again. The server takes it once. While
    /// another payment of the order is being made this one waits for how that ends.
    pub async fn confirm(&mut self, brought: &Brought) -> Result<Session, Failure> {
        self.has_approval();
        loop {
            let Err(failure) = self.checkout.confirm(brought).await else {
                self.approved = false;
                return self.load().await;
            };
            if failure.code == Code::NotPermitted && !failure.passes() {
                // Maybe it is done already, here or in another tab: then the session says more.
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

    /// Waits where asking again may help; any other failure is the end.
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
        // A server that answers questions and takes no confirmation has not come round yet.
        if matches!(self.told.1, Connection::Busy | Connection::Queued) {
            return Ok(());
        }
        self.tell(None, Connection::Online)
    }

    /// Tells what has changed, and nothing twice: `None` is that nothing new was heard.
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
