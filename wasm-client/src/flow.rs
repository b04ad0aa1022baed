//! A whole payment from start to end, and resuming one at page load.

use daegeum_engine::brought_back::{Address, Refused, Return};
use daegeum_engine::session::Next;
use js_sys::Function;
use wasm_bindgen::JsValue;

use crate::calls::CheckoutClient;
use crate::failure::{Code, Failure};
use crate::host::{self, Listener};
use crate::patience::Patient;
use crate::reading::Session;
use crate::returned::{Brought, refusal};
use crate::session_fields::SessionFields;
use crate::window::{Mode, Opening};

/// How a payment is made and who is told.
pub struct Paying {
    /// How the window is shown.
    pub mode: Mode,
    /// The return address.
    pub return_url: Option<String>,
    /// Told of the approval, when confirming begins.
    pub on_approved: Option<Function>,
    /// Told of every change.
    pub on_change: Option<Function>,
    /// Told of the checkout that goes on where another payment had to be begun.
    pub on_again: Option<Function>,
}

/// Prepares, opens the window, compares, confirms and waits. A checkout that cannot be paid any more is returned as
/// it is; if only another payment of the order is possible, one is begun.
pub async fn pay(
    checkout: CheckoutClient,
    choice: SessionFields,
    how: Paying,
) -> Result<Session, Failure> {
    if !host::is_page() {
        let message = "A gateway's window can only be opened from a page.";
        return Err(Failure::new(Code::Unsupported, message));
    }
    let refused = match checkout.prepare(&choice).await {
        Ok(prepared) => return approve(&checkout, &prepared, how).await,
        Err(failure) if failure.code == Code::NotPermitted => failure,
        Err(failure) => return Err(failure),
    };
    let session = checkout.load().await?;
    match session.next() {
        Next::BeginAgain => {}
        Next::OpenWindow if refused.api_code.as_deref() == Some("SESSION_PREPARED") => {}
        Next::Wait => return Patient::new(&checkout, how.on_change).settle().await,
        Next::Transfer | Next::Nothing => return Ok(session),
        Next::Prepare | Next::OpenWindow => return Err(refused),
    }
    let agreed = choice.agreed();
    let next = checkout.again(&session.order_id, choice).await?;
    move_address(&checkout.handle.token, &next.token);
    Listener(how.on_again.clone()).tell(&next.to_js(), &JsValue::UNDEFINED)?;
    let next = CheckoutClient::new(next, checkout.signal);
    // The choice is stored; missing fields keep their values. Consents are given to each payment.
    let prepared = next.prepare(&agreed).await?;
    approve(&next, &prepared, how).await
}

/// Opens the window of a prepared session, and confirms. If there is nothing to pay there is no window: the session
/// is paid.
async fn approve(
    checkout: &CheckoutClient,
    prepared: &Session,
    how: Paying,
) -> Result<Session, Failure> {
    if prepared.next() == Next::Nothing {
        return checkout.load().await;
    }
    let opening = Opening {
        mode: how.mode,
        return_url: how.return_url,
        handle: &checkout.handle,
        signal: &checkout.signal,
    };
    let brought = opening.open(prepared).await?;
    brought.compare(prepared)?;
    Listener(how.on_approved).tell(&brought.to_js(), &JsValue::UNDEFINED)?;
    finish(&mut Patient::new(checkout, how.on_change), &brought).await
}

async fn finish(patient: &mut Patient<'_>, brought: &Brought) -> Result<Session, Failure> {
    let session = patient.confirm(brought).await?;
    go_on(session, patient).await
}

/// Resumes at the point that the address shows. `shown` is the page's own address; the return is removed from it once
/// the payment is decided. The approval exists nowhere else, so until then a refresh finds it again.
pub async fn resume(
    checkout: &CheckoutClient,
    url: &str,
    shown: bool,
    on_change: Option<Function>,
) -> Result<Session, Failure> {
    let address = Address::of(url);
    let mut patient = Patient::new(checkout, on_change);
    let (outcome, is_dealt_with) = match address.brought() {
        Return::Nothing => return go_on(checkout.load().await?, &mut patient).await,
        Return::Approved(approved) => {
            let outcome = come_back(&mut patient, &Brought::from(approved)).await;
            let is_decided = match &outcome {
                Ok(session) => !session.can_be_paid(),
                Err(failure) => failure.code == Code::Mismatched,
            };
            (outcome, is_decided)
        }
        Return::Refused(refused) => {
            let outcome = turn_back(&mut patient, &refused).await;
            let undecided = |failure: &Failure| failure.code == Code::Aborted;
            let is_known = !outcome.as_ref().is_err_and(undecided);
            (outcome, is_known)
        }
    };
    if shown && is_dealt_with {
        host::show_address(&address.without_return(&checkout.handle.token));
    }
    outcome
}

/// Compares and confirms, if the payment can be confirmed. Another tab, or this one before a refresh, may have done
/// so already: then nothing is sent, and the address is ignored.
async fn come_back(patient: &mut Patient<'_>, brought: &Brought) -> Result<Session, Failure> {
    patient.has_approval();
    let session = patient.load().await?;
    if !session.can_be_paid() {
        return go_on(session, patient).await;
    }
    brought.compare(&session)?;
    finish(patient, brought).await
}

/// A refusal of a payment that is no longer the session's is left over from an earlier attempt.
async fn turn_back(patient: &mut Patient<'_>, refused: &Refused) -> Result<Session, Failure> {
    let session = patient.load().await?;
    let payment = refused.order_id.as_ref();
    let is_about_this = payment.is_none_or(|payment| *payment == session.payment_id);
    if session.can_be_paid() && is_about_this {
        return Err(refusal(refused));
    }
    go_on(session, patient).await
}

async fn go_on(session: Session, patient: &mut Patient<'_>) -> Result<Session, Failure> {
    if session.next() == Next::Wait {
        return patient.settle().await;
    }
    Ok(session)
}

/// Points the page's address at the next checkout, so that a refresh finds that one.
fn move_address(from: &str, to: &str) {
    let here = host::here().unwrap_or_default();
    let address = Address::of(&here);
    if address.token() == Some(from) {
        host::show_address(&address.with_token(to));
    }
}
