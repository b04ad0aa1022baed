//! Toss Payments' window, by the second version of its browser SDK.
//!
//! <https://docs.tosspayments.com/sdk/v2/js>: `TossPayments(clientKey).payment({customerKey})
//! .requestPayment({…})`. With `successUrl` and `failUrl` the buyer comes back to one of them;
//! without, the promise says how it ended.

use daegeum_engine::brought_back::Refused;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::{Mode, Opening};
use crate::failure::{CheckoutError, Code, Failure};
use crate::fields::{Fields, Wrong, object, set};
use crate::host;
use crate::reading::Session;
use crate::returned::{Brought, refusal};

/// The global that the script defines.
const GLOBAL: &str = "TossPayments";
/// A script that has not loaded by then will not load.
const SCRIPT_LIMIT_MS: u32 = 15_000;

#[wasm_bindgen]
extern "C" {
    type TossPayments;
    type TossPayment;

    #[wasm_bindgen(catch, js_name = TossPayments)]
    fn toss_payments(client_key: &JsValue) -> Result<TossPayments, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn payment(this: &TossPayments, options: JsValue) -> Result<TossPayment, JsValue>;

    #[wasm_bindgen(method, catch, js_name = requestPayment)]
    fn request_payment(this: &TossPayment, request: JsValue) -> Result<Promise, JsValue>;
}

/// The SDK's names of the fields. Missing fields are left out, because the SDK refuses `null`.
const TAKEN_OVER: [(&str, &str); 8] = [
    ("method", "method"),
    ("amount", "amount"),
    ("tax_free_amount", "taxFreeAmount"),
    ("order_id", "orderId"),
    ("order_name", "orderName"),
    ("customer_name", "customerName"),
    ("customer_email", "customerEmail"),
    ("customer_mobile_phone", "customerMobilePhone"),
];

/// The same of `card`, which settles what the window does not ask.
const CARD: [(&str, &str); 3] = [
    ("flow_mode", "flowMode"),
    ("easy_pay", "easyPay"),
    ("card_installment_plan", "cardInstallmentPlan"),
];

pub(super) async fn open(opening: &Opening<'_>, prepared: &Session) -> Result<Brought, Failure> {
    let window = Fields(&prepared.window);
    let comes_back_to = match opening.mode {
        Mode::Redirect => {
            let begun_with = window.maybe_text("success_url")?;
            Some(opening.return_address(begun_with.as_deref())?)
        }
        Mode::Popup => None,
    };
    let script = window.text("sdk_url")?;
    host::load_script(&script, GLOBAL, SCRIPT_LIMIT_MS, opening.signal).await?;
    let promise = ask(&window, comes_back_to.as_deref()).map_err(rejected)?;
    let leaves_page = opening.mode == Mode::Redirect;
    let approval = host::settled(&promise, leaves_page, opening.signal).await;
    let approval = approval.map_err(ours_or_theirs)?;
    read(&Fields(&approval)).map_err(|Wrong(field)| {
        let message = "This release cannot read what the gateway's script answers.";
        Failure::because(Code::Unsupported, Some(field), message)
    })
}

fn read(approval: &Fields<'_>) -> Result<Brought, Wrong> {
    Ok(Brought {
        payment_key: approval.text("paymentKey")?,
        order_id: approval.text("orderId")?,
        amount: Fields(&approval.value("amount")).whole("value")?,
    })
}

fn ask(window: &Fields<'_>, comes_back_to: Option<&str>) -> Result<Promise, JsValue> {
    let request = object([]);
    take_over(&TAKEN_OVER, window, &request);
    let settled = window.value("card");
    if settled.is_object() {
        let card = object([]);
        take_over(&CARD, &Fields(&settled), &card);
        set(&request, "card", &card);
    }
    if let Some(url) = comes_back_to {
        set(&request, "successUrl", &url.into());
        set(&request, "failUrl", &url.into());
    }
    let customer = object([("customerKey", window.value("customer_key"))]);
    let key = window.value("client_key");
    toss_payments(&key)?
        .payment(customer)?
        .request_payment(request)
}

/// Sets what there is under the SDK's names.
fn take_over(names: &[(&str, &str)], from: &Fields<'_>, to: &JsValue) {
    for (ours, theirs) in names {
        let value = from.value(ours);
        if !(value.is_undefined() || value.is_null()) {
            set(to, theirs, &value);
        }
    }
}

/// The host throws errors of ours, the SDK its own.
fn ours_or_theirs(thrown: JsValue) -> Failure {
    if thrown.has_type::<CheckoutError>() {
        return thrown.into();
    }
    rejected(thrown)
}

/// Errors about the window have a code. An error without one is a bug in a script, not a refusal of the gateway; so
/// are the codes for wrong parameters.
fn rejected(thrown: JsValue) -> Failure {
    let said = |name| Fields(&thrown).value(name).as_string();
    let Some(code) = said("code") else {
        let message = "The gateway's script failed.";
        return Failure::caused(Code::Unsupported, None, message, thrown);
    };
    if is_for_developers(&code) {
        let message = ["The gateway's script refuses how it is called: ", &code].concat();
        return Failure::caused(Code::Unsupported, Some(&code), &message, thrown);
    }
    let message = said("message").unwrap_or_default();
    if code == "POPUP_BLOCKED" {
        return Failure::because(Code::PopupBlocked, Some(&code), &message);
    }
    refusal(&Refused {
        code,
        message,
        order_id: None,
    })
}

/// Whether a code is about keys or parameters. The same beginnings with a card are about the
/// buyer's card.
fn is_for_developers(code: &str) -> bool {
    let begins = |beginning| code.starts_with(beginning);
    let is_ours = ["INVALID_", "NOT_SUPPORTED_", "INCORRECT_", "UNAUTHORIZED_"];
    // Word by word: a search of texts is 5 KB of module.
    is_ours.into_iter().any(begins) && code.split('_').all(|word| word != "CARD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn developer_errors_are_told_from_errors_for_the_buyer() {
        for ours in [
            "INVALID_CLIENT_KEY",
            "INVALID_PARAMETERS",
            "NOT_SUPPORTED_METHOD",
            "INCORRECT_SUCCESS_URL_FORMAT",
            "UNAUTHORIZED_KEY",
        ] {
            assert!(is_for_developers(ours), "{ours}");
        }
        for theirs in [
            "USER_CANCEL",
            "PAY_PROCESS_CANCELED",
            "PAY_PROCESS_ABORTED",
            "REJECT_CARD_COMPANY",
            "INVALID_CARD_EXPIRATION",
            "INVALID_STOPPED_CARD",
        ] {
            assert!(!is_for_developers(theirs), "{theirs}");
        }
    }
}
