//! The gateways' windows: which one a prepared session opens, and where the buyer comes back to.

mod toss;

use daegeum_engine::brought_back::Address;
use wasm_bindgen::JsValue;

use crate::failure::{Code, Failure};
use crate::handle::Handle;
use crate::host;
use crate::reading::Session;
use crate::returned::Brought;

/// How a window is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The page is left for it, and the buyer comes back to an address.
    Redirect,
    /// In a window of its own, while the page waits.
    Popup,
}

/// A window to open.
pub struct Opening<'a> {
    /// How.
    pub mode: Mode,
    /// The caller's own return address.
    pub return_url: Option<String>,
    /// The checkout.
    pub handle: &'a Handle,
    /// The signal that ends the waiting.
    pub signal: &'a JsValue,
}

impl Mode {
    /// The mode of this name; leaving the page works on every device.
    pub fn read(name: Option<&str>) -> Result<Self, Failure> {
        match name {
            None | Some("redirect") => Ok(Self::Redirect),
            Some("popup") => Ok(Self::Popup),
            Some(_) => Err(Failure::misuse(
                "mode",
                "mode is \"redirect\" or \"popup\".",
            )),
        }
    }
}

impl Opening<'_> {
    /// Opens the window of the session's gateway. With [`Mode::Redirect`] this is the last the page
    /// does, and what was approved is in the address it is opened with next.
    pub async fn open(&self, prepared: &Session) -> Result<Brought, Failure> {
        if prepared.window.is_falsy() {
            return Err(Failure::misuse(
                "prepared",
                "openWindow takes what prepare answered.",
            ));
        }
        // A browser that loses the fragment on the way finds the token here, if it is the same tab.
        host::remember(&prepared.payment_id, &self.handle.token);
        match &*prepared.provider {
            "TOSS" => toss::open(self, prepared).await,
            other => {
                let message = ["This release opens no window of ", other].concat();
                Err(Failure::new(Code::Unsupported, &message))
            }
        }
    }

    /// Where the buyer comes back to: what the caller says, else what the session was begun with,
    /// else this page; the token with it.
    fn return_address(&self, begun_with: Option<&str>) -> Result<String, Failure> {
        let token = &self.handle.token;
        if let Some(said) = self.return_url.as_deref().or(begun_with) {
            // The remains of an earlier attempt would come back beside this one's parameters.
            return Ok(Address::of(said).without_return(token));
        }
        let here = host::here().ok_or_else(|| {
            let message = "Outside a page there is no address to come back to: pass returnUrl.";
            Failure::misuse("returnUrl", message)
        })?;
        Ok(Address::of(&here).place_with(token))
    }
}
