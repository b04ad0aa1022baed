//! The receipt for people, as part of a session: amounts, discounts, refunds so far, and the gateway's slip. It is
//! shown after a refund too; the signed receipt for programs (`receipts.rs`) is not.

use daegeum_engine::amounts::{Amounts, Component};
use daegeum_engine::event::PaymentEvent;
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::PaymentId;
use daegeum_engine::order::Contents;
use daegeum_engine::payment::AnyPayment;
use daegeum_engine::store::record::Record;
use daegeum_engine::wire::Wording;
use serde::Serialize;

use super::receipts;
use crate::app::App;
use crate::gateway;
use crate::http::Problem;

/// The captured and the discounted amount, the refunds so far, and the address of the gateway's own slip.
#[derive(Serialize)]
pub struct ReceiptView {
    captured_at: String,
    amount: u64,
    supply: u64,
    vat: u64,
    tax_free: u64,
    discount: u64,
    refunded: u64,
    issuer_name: Option<Wording>,
    slip_url: Option<String>,
}

impl ReceiptView {
    /// Of a payment whose money was taken; nothing of any other.
    pub fn of(
        app: &App,
        payment: &AnyPayment,
        contents: &Contents,
    ) -> Result<Option<Self>, Problem> {
        let core = payment.core();
        let refunded = match payment {
            AnyPayment::Captured(taken) => taken.detail().refunded,
            AnyPayment::Initiated(_)
            | AnyPayment::Prepared(_)
            | AnyPayment::Authorized(_)
            | AnyPayment::AwaitingDeposit(_)
            | AnyPayment::Failed(_)
            | AnyPayment::Canceled(_)
            | AnyPayment::Expired(_)
            | AnyPayment::Voided(_)
            | AnyPayment::Mismatched(_)
            | AnyPayment::Orphaned(_)
            | AnyPayment::Returned(_) => return Ok(None),
        };
        let Some(taking) = receipts::taking(app, core.id)? else {
            return Ok(None);
        };
        let Some(captured) = captured(&taking, core.id) else {
            return Ok(None);
        };
        let paid_with = core.paid_with.as_ref();
        let issuer = paid_with.and_then(|with| gateway::issuer(core.provider, with));
        let discounts = contents.discounts.iter().map(|discount| discount.minor);
        Ok(Some(Self {
            captured_at: taking.at.to_string(),
            amount: captured.total().minor(),
            supply: captured.get(Component::Supply),
            vat: captured.get(Component::Vat),
            tax_free: captured.get(Component::TaxFree),
            discount: discounts.fold(0, u64::saturating_add),
            refunded: refunded.total().minor(),
            issuer_name: issuer,
            slip_url: slip(app, payment),
        }))
    }
}

/// What the order took of the payment in this record.
fn captured(taking: &Record, id: PaymentId) -> Option<Amounts> {
    let (_, group) = taking.group()?;
    group.events.iter().find_map(|event| match event {
        GroupEvent::Payment(of, PaymentEvent::PaymentCaptured(taken)) if *of == id => {
            Some(taken.captured)
        }
        GroupEvent::Payment(of, PaymentEvent::SuspendedMoneyTaken(taken)) if *of == id => {
            Some(taken.captured)
        }
        GroupEvent::Payment(..) | GroupEvent::Order(..) => None,
    })
}

/// Where the gateway's slip is, while the key of that day exists and nobody had the buyer forgotten.
fn slip(app: &App, payment: &AnyPayment) -> Option<String> {
    let core = payment.core();
    let slip = core.slip.as_ref().filter(|_| !core.erased)?;
    app.seals.open(slip)
}
