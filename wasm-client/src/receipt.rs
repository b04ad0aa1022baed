//! Verifies receipts offline. The engine has the rules of receipts; JSON, hashes and signatures are JavaScript's:
//! with parsers of our own the module would be twice as large.

use daegeum_engine::receipt::{
    Claims, Expected, Header, Parts, ReceiptError, Split, thumbprint_input,
};
use wasm_bindgen::JsValue;

use crate::failure::{Code, Failure};
use crate::fields::{Fields, Wrong};
use crate::host;

/// All that a header may have.
const HEADER: [&str; 3] = ["alg", "kid", "typ"];

/// The claims of a receipt that one of the keys has signed and that is the expected one.
pub async fn verify(receipt: &str, keys: &JsValue, expected: &JsValue) -> Result<JsValue, Failure> {
    let expected = expectation(expected)?;
    let parts = Parts::of(receipt).map_err(refused)?;
    let said = host::decoded(parts.header);
    // A member listed in `crit` would have to be understood.
    if Fields(&said).other_than(&HEADER).is_some() {
        return Err(refused(ReceiptError::Malformed));
    }
    let header = header(&said).map_err(malformed)?;
    header.check().map_err(refused)?;
    let key = find(keys, &header.kid).await?;
    let (text, signature) = (parts.signing_input, parts.signature);
    if !host::verifies(&key, text, signature).await?.is_truthy() {
        return Err(refused(ReceiptError::NoMatch));
    }
    let said = host::decoded(parts.claims);
    let claims = claims(&said).map_err(malformed)?;
    claims.check(&expected).map_err(refused)?;
    Ok(said)
}

/// The `x` of the key with this name. The name is computed, because the names in a set prove nothing.
async fn find(keys: &JsValue, key_id: &str) -> Result<String, Failure> {
    for key in Fields(keys).list("keys").iter() {
        let key = Fields(&key);
        let says = |name, word: &str| key.value(name).as_string().is_some_and(|said| said == word);
        let Some(x) = key.value("x").as_string() else {
            continue;
        };
        if !(says("kty", "OKP") && says("crv", "Ed25519")) {
            continue;
        }
        let hash = host::sha256(&thumbprint_input(&x)).await?;
        if hash.as_string().is_some_and(|hash| hash == key_id) {
            return Ok(x);
        }
    }
    Err(refused(ReceiptError::UnknownKey))
}

fn header(said: &JsValue) -> Result<Header, Wrong> {
    let said = Fields(said);
    Ok(Header {
        alg: said.text("alg")?,
        kid: said.text("kid")?,
        typ: said.text("typ")?,
    })
}

fn claims(said: &JsValue) -> Result<Claims, Wrong> {
    let said = Fields(said);
    Ok(Claims {
        iss: said.text("iss")?,
        iat: said.whole("iat")?,
        payment_id: said.text("payment_id")?,
        order_id: said.text("order_id")?,
        title: said.text("title")?,
        amount: said.whole("amount")?,
        currency: said.text("currency")?,
        supply: said.whole("supply")?,
        vat: said.whole("vat")?,
        tax_free: said.whole("tax_free")?,
        provider: said.text("provider")?,
        captured_at: said.text("captured_at")?,
        gateway_split: split(&said.value("gateway_split"))?,
    })
}

fn split(said: &JsValue) -> Result<Option<Split>, Wrong> {
    if said.is_undefined() {
        return Ok(None);
    }
    let said = Fields(said);
    Ok(Some(Split {
        supply: said.whole("supply")?,
        vat: said.whole("vat")?,
        tax_free: said.whole("tax_free")?,
    }))
}

fn expectation(given: &JsValue) -> Result<Expected, Wrong> {
    let given = Fields(given);
    let amount = given.value("amount");
    let amount = !(amount.is_undefined() || amount.is_null());
    Ok(Expected {
        payment_id: given.maybe_text("payment_id")?,
        order_id: given.maybe_text("order_id")?,
        amount: amount.then(|| given.whole("amount")).transpose()?,
    })
}

fn malformed(_: Wrong) -> Failure {
    refused(ReceiptError::Malformed)
}

fn refused(why: ReceiptError) -> Failure {
    let (reason, message) = match why {
        ReceiptError::Malformed => ("malformed", "This is not a receipt."),
        ReceiptError::UnknownKey => ("unknown_key", "No key of this name is known."),
        ReceiptError::Unbalanced => ("unbalanced", "The receipt's amounts do not add up."),
        ReceiptError::Another => ("another", "The receipt is of another payment."),
        ReceiptError::NoMatch => ("signature", "The signature is not of this text."),
    };
    Failure::because(Code::ReceiptInvalid, Some(reason), message)
}
