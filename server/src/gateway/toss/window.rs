//! The values that Toss's browser SDK opens its payment window with (v2 `payment().requestPayment`, or v1 with the
//! same values). There is no registration with Toss beforehand: the return is compared with the payment.

use daegeum_engine::card::CardChoice;
use daegeum_engine::method::Method;
use serde_json::{Value, json};

use super::wallets;
use crate::config::{HttpUrl, TossClientKey};
use crate::gateway::Offer;
use crate::text::beginning;

/// The longest order name Toss takes.
const TITLE_LENGTH_MAX: usize = 100;

/// The values, and where the SDK is.
pub(super) fn window(sdk_url: &HttpUrl, client_key: &TossClientKey, offer: &Offer<'_>) -> Value {
    let title = beginning(&offer.title, TITLE_LENGTH_MAX);
    let mut window = json!({
        "provider": "TOSS",
        "sdk_url": sdk_url.as_str(),
        "client_key": client_key.as_str(),
        "customer_key": offer.customer_key,
        "method": word(offer.method),
        "amount": { "currency": offer.amount.currency().code(), "value": offer.amount.minor() },
        "tax_free_amount": offer.tax_free,
        "order_id": offer.payment.to_string(),
        "order_name": title,
        "customer_name": offer.customer.name,
        "customer_email": offer.customer.email,
        "customer_mobile_phone": offer.customer.tel,
        "success_url": offer.return_to,
        "fail_url": offer.return_to,
    });
    if let (Some(card), Some(values)) = (card(offer.card), window.as_object_mut()) {
        values.insert("card".to_owned(), card);
    }
    window
}

/// What the window is not to ask any more; nothing where it asks for everything. With `DIRECT` the wallet's own window
/// opens, with `DEFAULT` Toss's, in which the number of months is settled.
fn card(choice: CardChoice) -> Option<Value> {
    match (choice.easy_pay, choice.installments) {
        (Some(wallet), _) => {
            Some(json!({ "flow_mode": "DIRECT", "easy_pay": wallets::code(wallet) }))
        }
        (None, Some(plan)) => {
            Some(json!({ "flow_mode": "DEFAULT", "card_installment_plan": plan.months() }))
        }
        (None, None) => None,
    }
}

/// The SDK's word for a method.
const fn word(method: Method) -> &'static str {
    match method {
        Method::Card => "CARD",
        Method::Transfer => "TRANSFER",
        Method::VirtualAccount => "VIRTUAL_ACCOUNT",
        Method::Mobile => "MOBILE_PHONE",
    }
}
