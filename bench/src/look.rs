//! Checks of the server beside the load: one cycle before, some payments after.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use crate::ceilings::sizes::{Size, Sizes};
use crate::client::Client;
use crate::failure::Failure;
use crate::folder::{self, Folder};
use crate::identity::{self, Basket, Numbers};
use crate::json;
use crate::process::Server;
use crate::product::{MERCHANT_KEY, Product, requests};
use crate::workloads::{payment_id, webhook::Webhook};

/// Looks at some of the payments whose notification was answered: each must be captured, at the
/// latest some seconds after.
pub(crate) fn captured(server: &Server, workloads: &[Webhook]) -> Result<(), Failure> {
    let mut client = Client::connect(server.address)?;
    for payment in workloads.iter().flat_map(|workload| &workload.sample) {
        let path = format!("/api/v1/payments/{}", payment.payment_id);
        let mut tries = 0_u32;
        loop {
            let answer = client.get(&path, MERCHANT_KEY)?;
            let amount = payment.amount.to_string();
            if answer.status == 200
                && json::field(answer.body, "status") == Some(b"CAPTURED")
                && json::field(answer.body, "amount") == Some(amount.as_bytes())
            {
                break;
            }
            tries = tries.saturating_add(1);
            if tries > 500 {
                let sentence = format!("notified and not captured: {}", answer.shown());
                return Err(Failure::new(sentence));
            }
            sleep(Duration::from_millis(10));
        }
    }
    Ok(())
}

/// One cycle, to see how long the product's answers are.
pub(crate) fn probe(
    product: &Product,
    folder: &Folder,
    numbers: &Numbers,
) -> Result<Sizes, Failure> {
    let data: PathBuf = folder.fresh("data")?;
    let server = product.serve(&data)?;
    let mut client = Client::connect(server.address)?;
    let (mut requests, number) = (requests()?, numbers.next());
    let (mut order_id, mut request) = (Vec::new(), Vec::new());
    identity::order_id(number, &mut order_id);
    requests.order(&order_id, number, &mut request);
    let order = Size::of(&client.send(&request)?);
    requests.payment(&order_id, Basket::of(number).total(), number, &mut request);
    let answer = client.send(&request)?;
    let (payment, payment_id) = (Size::of(&answer), payment_id(&answer)?);
    requests.complete(&payment_id, &mut request);
    let complete = Size::of(&client.send(&request)?);
    Product::stop(server)?;
    folder::remove(&data)?;
    Ok(Sizes {
        order,
        payment,
        complete,
    })
}
