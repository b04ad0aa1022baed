//! Asking until there is an answer: with the engine's back-off, at once when the page is seen again
//! or the network is back, until the caller's signal says otherwise. A request that was not heard
//! of is no failure here; it is asked again.

use daegeum_engine::polling;
use daegeum_engine::session::{Next, SessionStatus};
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::calls::{Checkout, Later};
use crate::failure::Failure;
use crate::host::{self, Listener};
use crate::reading::Session;
use crate::returned::Brought;

/// A checkout that is waited for, and who wants to know.
pub struct Patient<'c> {
    checkout: &'c Checkout,
    listener: Listener,
    /// Questions in a row that brought nothing new.
    asked: u32,
    /// The last answer for the listener; null before the first.
    last: JsValue,
    told: Option<(Option<(SessionStatus, String)>, bool)>,
}

impl<'c> Patient<'c> {
    /// Nothing has been asked yet.
    pub fn new(checkout: &'c Checkout, listener: Option<Function>) -> Self {
        Self {
            checkout,
            listener: Listener(listener),
            asked: 0,
            last: JsValue::NULL,
            told: None,
        }
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
    /// where the confirmation has not arrived it is sent again. The server takes it once.
    pub async fn confirm(&mut self, brought: &Brought) -> Result<Session, Failure> {
        loop {
            let Err(lost) = self.checkout.confirm(brought).await else {
                return self.load().await;
            };
            self.wait_after(lost).await?;
            let session = self.load().await?;
            if session.next() != Next::OpenWindow {
                return Ok(session);
            }
        }
    }

    /// Waits where asking again may help; any other failure is the end.
    fn wait_after(&mut self, failure: Failure) -> Later<'_, ()> {
        Box::pin(async move {
            if !failure.is_uncertain() {
                return Err(failure);
            }
            self.tell(None)?;
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
        self.last = session.as_js().clone();
        self.tell(Some((session.status, session.updated_at.clone())))
    }

    /// Tells what has changed, and nothing twice: `None` is that nothing was heard.
    fn tell(&mut self, heard: Option<(SessionStatus, String)>) -> Result<(), Failure> {
        let online = heard.is_some();
        let before = self.told.take();
        let known = before.as_ref().and_then(|(known, _)| known.clone());
        let now = (heard.or(known), online);
        if before.as_ref() != Some(&now) {
            let connection = if online { "online" } else { "offline" };
            self.listener.tell(&self.last, &connection.into())?;
        }
        self.told = Some(now);
        Ok(())
    }
}
