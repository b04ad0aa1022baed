//! Compares our books with the gateway's: the same won for every payment, and no operation key that captured or
//! refunded twice.

use std::collections::BTreeMap;

use daegeum_sandbox::toss::Notification;
use serde_json::Value;

use crate::run::Run;
use crate::town::Town;

/// Reports once more what no notification will report, as the next day's reconciliation (not simulated) would find
/// it: actions in the gateway's dashboard whose notification was lost for good or came while the server had another
/// shop's keys, and a person's errors.
pub fn remind(run: &Run) {
    let everything = run.town.gateways.loses_notifications() || run.had_other_keys();
    let mistaken = run.town.mistaken.lock().clone();
    let keys: Vec<String> = {
        let books = run.town.gateways.with_toss(|toss, _| toss.books());
        let untold = payments(&books).filter(|line| {
            let moved = won(line, "returned") > 0 || won(line, "confirms") > 1;
            (everything && moved) || mistaken.contains(text(line, "orderId"))
        });
        untold
            .map(|line| text(line, "paymentKey").to_owned())
            .collect()
    };
    for key in keys {
        let reminder = Notification {
            payment_key: Some(key),
            status: None,
            body: None,
            times: None,
        };
        run.town.gateways.with_toss(|toss, now_ms| {
            // It knows the payment: it is its own.
            drop(toss.notify(now_ms, &reminder));
        });
    }
}

/// Whether the gateway took money for one payment.
pub fn has_taken(town: &Town, payment: &str) -> bool {
    let books = town.gateways.with_toss(|toss, _| toss.books());
    let mut lines = payments(&books).filter(|line| text(line, "orderId") == payment);
    lines.any(|line| won(line, "taken") > 0)
}

/// Whether a cancel of the payment names this operation.
pub fn has_canceled(town: &Town, payment: &str, operation: &str) -> bool {
    let books = town.gateways.with_toss(|toss, _| toss.books());
    let lines = payments(&books).filter(|line| text(line, "orderId") == payment);
    let mut cancels = lines.flat_map(|line| line["cancels"].as_array().into_iter().flatten());
    cancels.any(|cancel| text(cancel, "cancelReason").contains(operation))
}

/// Compares the two.
pub fn compare(run: &Run) -> Result<(), String> {
    let books = run.town.gateways.with_toss(|toss, _| toss.books());
    let mut theirs: BTreeMap<&str, i64> = BTreeMap::new();
    for line in payments(&books) {
        let (taken, returned) = (won(line, "taken"), won(line, "returned"));
        compare_refunds(run, &books, text(line, "orderId"))?;
        if taken > 0 && returned == 0 {
            compare_split(run, line)?;
        }
        *theirs.entry(text(line, "orderId")).or_default() += taken - returned;
        if taken - returned > won(line, "totalAmount") {
            return Err(format!("the gateway took a payment's money twice: {line}"));
        }
    }
    for (payment, theirs) in &theirs {
        let known = run.audit.won(payment);
        let ours = i64::try_from(known.there).unwrap_or(i64::MAX);
        if ours != *theirs {
            return Err(format!(
                "{payment}: the gateway has {theirs} won of it and we have {ours}"
            ));
        }
    }
    for (payment, ours) in run.audit.through_toss() {
        if ours > 0 && !theirs.contains_key(payment.as_str()) {
            return Err(format!(
                "{payment}: we have {ours} won and the gateway does not know it"
            ));
        }
    }
    for (payment, call, keys) in run.town.gateways.keys() {
        let operations = run.audit.operations(&payment, call);
        if keys > operations {
            return Err(format!(
                "{payment}: {keys} keys for {operations} calls to {call}"
            ));
        }
    }
    let used = books["keys"].as_array().into_iter().flatten();
    match used.into_iter().find(|used| won(used, "effects") > 1) {
        Some(used) => Err(format!("an operation key moved money twice: {used}")),
        None => Ok(()),
    }
}

/// A refund that is booked as ours was made by a call of ours.
fn compare_refunds(run: &Run, books: &Value, payment: &str) -> Result<(), String> {
    let lines = payments(books).filter(|line| text(line, "orderId") == payment);
    let cancels = lines.flat_map(|line| line["cancels"].as_array().into_iter().flatten());
    let ours = cancels.filter(|cancel| text(cancel, "cancelReason").contains("(op_"));
    let (booked, made) = (run.audit.won(payment).refunds, ours.count() as u64);
    if booked > made {
        return Err(format!(
            "{payment}: {booked} refunds are booked as ours, and {made} were made by our calls"
        ));
    }
    Ok(())
}

/// Nothing went back: it is split as its window said.
fn compare_split(run: &Run, line: &Value) -> Result<(), String> {
    let payment = text(line, "orderId");
    let known = run.audit.won(payment);
    let theirs = run.town.gateways.tax_free(text(line, "paymentKey"));
    match known.tax_free {
        Some(ours) if known.there > 0 && ours != theirs => Err(format!(
            "{payment}: by the gateway {theirs} won of it are not taxed, and {ours} by us"
        )),
        _ => Ok(()),
    }
}

fn payments(books: &Value) -> impl Iterator<Item = &Value> {
    books["payments"].as_array().into_iter().flatten()
}

fn text<'v>(line: &'v Value, field: &str) -> &'v str {
    line[field].as_str().unwrap_or_default()
}

fn won(line: &Value, field: &str) -> i64 {
    line[field].as_i64().unwrap_or_default()
}
