//! Loads the group that a command is decided on: the order, the payment it names, and the order's other payments.

use crate::command::Target;
use crate::id::{OrderId, PaymentId};
use crate::store::StoreError;
use crate::store::keys::{self, Key};
use crate::store::view::{self, KeyReader, Loaded};

/// The versions that a decision is made on.
pub(super) type Expected = Vec<(Key, Option<u64>)>;

/// Reads what a command concerns: the order, the payment it names, and the order's open payments.
pub(super) fn load(
    source: &impl KeyReader,
    target: &Target,
) -> Result<(Loaded, Expected), StoreError> {
    let mut loaded = Loaded::default();
    let mut expect = Vec::with_capacity(2);
    let order_id = match target {
        Target::Order(id) => Some(id.clone()),
        Target::Payment(id) => load_payment(source, *id, &mut loaded, &mut expect)?,
    };
    let Some(order_id) = order_id else {
        return Ok((loaded, expect));
    };
    let order = view::load_order(source, &order_id)?;
    expect.push((
        keys::order(&order_id),
        order.as_ref().map(|order| order.record),
    ));
    let Some(order) = order else {
        return match target {
            Target::Order(_) => Ok((loaded, expect)),
            Target::Payment(id) => {
                let what = format!("the payment {id} is of an order that is not there");
                Err(source.distrusted(StoreError::Damaged(what)))
            }
        };
    };
    let siblings: Vec<PaymentId> = order.value.core().payments.clone();
    loaded.add_order(order);
    for id in siblings {
        if loaded.group.payment(id).is_none()
            && load_payment(source, id, &mut loaded, &mut expect)?.is_none()
        {
            let what = format!("an order has payment {id}, which is not there");
            return Err(source.distrusted(StoreError::Damaged(what)));
        }
    }
    Ok((loaded, expect))
}

fn load_payment(
    source: &impl KeyReader,
    id: PaymentId,
    loaded: &mut Loaded,
    expect: &mut Expected,
) -> Result<Option<OrderId>, StoreError> {
    let payment = view::load_payment(source, id)?;
    expect.push((
        keys::payment(id),
        payment.as_ref().map(|payment| payment.record),
    ));
    let Some(payment) = payment else {
        return Ok(None);
    };
    let order_id = payment.value.core().order_id.clone();
    loaded.add_payment(payment);
    Ok(Some(order_id))
}
