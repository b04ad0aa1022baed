//! The functions that JavaScript provides: requests, timers, scripts, storage, signatures. They decide nothing and
//! throw `CheckoutError`s, so that their failures are described where they happen.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "./platform.js")]
extern "C" {
    /// An HTTP answer: `{status, body, retry_after_ms}`; throws `network` and `aborted`.
    #[wasm_bindgen(catch)]
    pub async fn request(
        method: &str,
        url: &str,
        bearer: Option<String>,
        body: &JsValue,
        signal: &JsValue,
    ) -> Result<JsValue, JsValue>;

    /// Waits, but returns early when the page becomes visible or the network is back.
    #[wasm_bindgen(catch)]
    pub async fn pause(ms: u32, signal: &JsValue) -> Result<JsValue, JsValue>;

    /// The value, if it is a whole number from 0 to 2⁵³ − 1.
    pub fn whole(value: &JsValue) -> Option<u64>;

    /// A number, of one that a double holds exactly.
    pub fn number(whole: u64) -> JsValue;

    /// Any number.
    pub fn chance() -> u32;

    /// Loads a classic script that defines `global`; throws `script_blocked` and `aborted`.
    #[wasm_bindgen(catch, js_name = loadScript)]
    pub async fn load_script(
        url: &str,
        global: &str,
        limit_ms: u32,
        signal: &JsValue,
    ) -> Result<JsValue, JsValue>;

    /// The promise's result; throws `aborted`, and `window_closed` if the page was left for the window and restored
    /// unchanged when the buyer came back.
    #[wasm_bindgen(catch, js_name = settled)]
    pub async fn settled(
        promise: &Promise,
        leaves_page: bool,
        signal: &JsValue,
    ) -> Result<JsValue, JsValue>;

    /// Whether there is a page.
    #[wasm_bindgen(js_name = isPage)]
    pub fn is_page() -> bool;

    /// The page's address, where there is a page.
    pub fn here() -> Option<String>;

    /// Changes the address that is shown, without loading anything.
    #[wasm_bindgen(js_name = showAddress)]
    pub fn show_address(url: &str);

    /// Keeps a token for as long as the tab lives.
    pub fn remember(payment_id: &str, token: &str);

    /// The token kept for a payment; without one, the token kept last.
    pub fn remembered(payment_id: Option<String>) -> Option<String>;

    /// The JSON that is written in base64url; `undefined` where it is none.
    pub fn decoded(base64url: &str) -> JsValue;

    /// The SHA-256 of a text, in base64url.
    #[wasm_bindgen(catch)]
    pub async fn sha256(text: &str) -> Result<JsValue, JsValue>;

    /// Whether the Ed25519 key with this `x` has signed the text; all but the text in base64url.
    #[wasm_bindgen(catch)]
    pub async fn verifies(x: &str, text: &str, signature: &str) -> Result<JsValue, JsValue>;

    /// The moment as RFC 3339 writes it.
    pub fn moment(ms: u64) -> Option<String>;
}

/// A callback of the page, if it gave one.
pub struct Listener(pub Option<Function>);

impl Listener {
    /// Calls it. What it throws is the page's own mistake and ends the call it was passed to.
    pub fn tell(&self, first: &JsValue, second: &JsValue) -> Result<(), JsValue> {
        match &self.0 {
            Some(listener) => listener.call2(&JsValue::UNDEFINED, first, second).map(drop),
            None => Ok(()),
        }
    }
}
