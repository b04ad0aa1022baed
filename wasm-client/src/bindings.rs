//! The functions that `js/index.js` calls. Each reads its arguments, does one thing and throws a `CheckoutError` on
//! failure; their promises are documented in `js/index.d.ts`.

use daegeum_engine::brought_back::{Address, Return};
use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::calls::{Caller, CheckoutClient, Later};
use crate::failure::{Code, Failure};
use crate::fields::{Fields, object, or_null, set};
use crate::flow::{self, Paying};
use crate::handle::Handle;
use crate::host;
use crate::patience::Patient;
use crate::reading::Session;
use crate::receipt;
use crate::returned::Brought;
use crate::session_fields::SessionFields;
use crate::window::{Mode, Opening};

/// The only place that makes promises: made in each function, they were a tenth of the module.
fn promise(later: impl Future<Output = Result<JsValue, Failure>> + 'static) -> Promise {
    fn boxed(later: Later<'static, JsValue>) -> Promise {
        future_to_promise(async { later.await.map_err(Failure::into_js) })
    }
    boxed(Box::pin(later))
}

fn checkout(handle: &JsValue, signal: JsValue) -> Result<CheckoutClient, Failure> {
    Ok(CheckoutClient::new(Handle::from_js(handle)?, signal))
}

fn opened(api: &str, token: &str) -> Result<JsValue, JsValue> {
    let message = "This is no token of a checkout; it may have been cut off.";
    let handle = Handle::read(api, token);
    let handle = handle.ok_or_else(|| Failure::new(Code::InvalidLink, message).into_js())?;
    Ok(handle.to_js())
}

/// A checkout by its token.
#[wasm_bindgen]
pub fn open(api: &str, token: &str) -> Result<JsValue, JsValue> {
    opened(api, token)
}

/// The checkout that an address opens, or null.
#[wasm_bindgen(js_name = fromUrl)]
pub fn from_url(api: &str, url: &str) -> Result<JsValue, JsValue> {
    let address = Address::of(url);
    if let Some(token) = address.token() {
        return opened(api, token);
    }
    let remembered = match address.brought() {
        Return::Approved(approved) => host::remembered(Some(approved.order_id)),
        Return::Refused(refused) => host::remembered(refused.order_id),
        Return::Nothing => None,
    };
    remembered.map_or(Ok(JsValue::NULL), |token| opened(api, &token))
}

/// An address with this token as its fragment.
#[wasm_bindgen(js_name = linkTo)]
pub fn link_to(url: &str, token: &str) -> String {
    Address::of(url).with_token(token)
}

/// Begins a checkout with a key.
#[wasm_bindgen]
pub fn begin(api: String, key: String, options: JsValue, signal: JsValue) -> Promise {
    promise(async move {
        let caller = Caller::with_key(&api, Some(key), signal);
        let handle = caller.begin(&SessionFields::new_session(&options)?).await?;
        Ok(handle.to_js())
    })
}

/// Reads the state of a checkout.
#[wasm_bindgen]
pub fn load(handle: JsValue, signal: JsValue) -> Promise {
    promise(async move { shown(checkout(&handle, signal)?.load().await) })
}

/// Lets the buyer pay.
#[wasm_bindgen]
pub fn prepare(handle: JsValue, choice: JsValue, signal: JsValue) -> Promise {
    promise(async move {
        let choice = SessionFields::choice(&choice)?;
        shown(checkout(&handle, signal)?.prepare(&choice).await)
    })
}

/// Opens the gateway's window.
#[wasm_bindgen(js_name = openWindow)]
pub fn open_window(
    handle: JsValue,
    prepared: JsValue,
    mode: Option<String>,
    return_url: Option<String>,
    signal: JsValue,
) -> Promise {
    promise(async move {
        let checkout = checkout(&handle, signal)?;
        let opening = Opening {
            mode: Mode::read(mode.as_deref())?,
            return_url,
            handle: &checkout.handle,
            signal: &checkout.signal,
        };
        let brought = opening.open(&Session::read(prepared)?).await?;
        Ok(brought.to_js())
    })
}

/// Compares an approval here and at the server.
#[wasm_bindgen]
pub fn verify(handle: JsValue, approved: JsValue, signal: JsValue) -> Promise {
    promise(async move {
        let checkout = checkout(&handle, signal)?;
        let brought = Brought::from_js(&approved)?;
        Patient::new(&checkout, None).verify(&brought).await
    })
}

/// Confirms at the server.
#[wasm_bindgen]
pub fn confirm(handle: JsValue, approved: JsValue, signal: JsValue) -> Promise {
    promise(async move {
        let checkout = checkout(&handle, signal)?;
        let brought = Brought::from_js(&approved)?;
        shown(Patient::new(&checkout, None).confirm(&brought).await)
    })
}

/// Waits until the next step is no longer to wait.
#[wasm_bindgen]
pub fn settle(handle: JsValue, on_change: Option<Function>, signal: JsValue) -> Promise {
    promise(async move {
        let checkout = checkout(&handle, signal)?;
        shown(Patient::new(&checkout, on_change).settle().await)
    })
}

/// Begins another payment of the same order.
#[wasm_bindgen]
pub fn again(handle: JsValue, choice: JsValue, signal: JsValue) -> Promise {
    promise(async move {
        let (checkout, choice) = (checkout(&handle, signal)?, SessionFields::choice(&choice)?);
        let order_id = checkout.load().await?.order_id;
        let handle = checkout.again(&order_id, choice).await?;
        Ok(handle.to_js())
    })
}

/// The signed receipt of a captured payment.
#[wasm_bindgen(js_name = receipt)]
pub fn signed_receipt(handle: JsValue, signal: JsValue) -> Promise {
    promise(async move {
        let signed = checkout(&handle, signal)?.receipt().await?;
        Ok(signed.into())
    })
}

/// The keys a server's receipts are signed with.
#[wasm_bindgen(js_name = receiptKeys)]
pub fn receipt_keys(api: String, signal: JsValue) -> Promise {
    promise(async move {
        let caller = Caller::with_key(&api, None, signal);
        caller.get("/.well-known/jwks.json").await
    })
}

/// Checks a receipt offline.
#[wasm_bindgen(js_name = verifyReceipt)]
pub fn verify_receipt(signed: String, keys: JsValue, expected: JsValue) -> Promise {
    promise(async move { receipt::verify(&signed, &keys, &expected).await })
}

/// The whole payment.
#[wasm_bindgen]
pub fn pay(
    handle: JsValue,
    choice: JsValue,
    mode: Option<String>,
    return_url: Option<String>,
    listeners: JsValue,
    signal: JsValue,
) -> Promise {
    promise(async move {
        let listeners = Fields(&listeners);
        let how = Paying {
            mode: Mode::read(mode.as_deref())?,
            return_url,
            on_approved: listeners.maybe_function("onApproved")?,
            on_change: listeners.maybe_function("onChange")?,
            on_again: listeners.maybe_function("onAgain")?,
        };
        let choice = SessionFields::choice(&choice)?;
        shown(flow::pay(checkout(&handle, signal)?, choice, how).await)
    })
}

/// Goes on with a payment at page load. Without an address it is the page's own.
#[wasm_bindgen]
pub fn resume(
    handle: JsValue,
    url: Option<String>,
    on_change: Option<Function>,
    signal: JsValue,
) -> Promise {
    promise(async move {
        let checkout = checkout(&handle, signal)?;
        let here = host::here();
        let is_shown = url.is_none() || url == here;
        let url = url.or(here).unwrap_or_default();
        shown(flow::resume(&checkout, &url, is_shown, on_change).await)
    })
}

fn shown(session: Result<Session, Failure>) -> Result<JsValue, Failure> {
    session.map(|session| session.as_js().clone())
}

/// Reads an address.
#[wasm_bindgen(js_name = parseReturn)]
pub fn parse_return(url: &str) -> JsValue {
    match Address::of(url).brought() {
        Return::Approved(approved) => {
            let brought = Brought::from(approved).to_js();
            set(&brought, "kind", &"approved".into());
            brought
        }
        Return::Refused(refused) => object([
            ("kind", "refused".into()),
            ("code", (&*refused.code).into()),
            ("message", (&*refused.message).into()),
            ("order_id", or_null(refused.order_id.as_deref())),
            ("by_buyer", refused.by_buyer().into()),
        ]),
        Return::Nothing => object([("kind", "nothing".into())]),
    }
}

/// Checks a buyer's data by the server's rules; missing fields are not checked.
#[wasm_bindgen(js_name = checkBuyer)]
pub fn check_buyer(buyer: &JsValue) -> Result<Array, JsValue> {
    let buyer = SessionFields::choice(buyer).map_err(|wrong| Failure::from(wrong).into_js())?;
    let problems = buyer.flaws().map(|(field, flaw)| {
        object([("field", field.name().into()), ("code", flaw.code().into())])
    });
    Ok(problems.collect())
}
