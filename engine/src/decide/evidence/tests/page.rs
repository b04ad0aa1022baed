//! `docs/evidence.md`: the cells in words, from `judge`, `ends` and the results of `decide`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::facts::SampleFact;
use super::situations::Situation;
use super::{CallEnd, OperationKind, PaymentState, cell, ends, test_of, why};
use crate::payment::AnyPayment;

/// Compares the document with the cells; if they differ, writes the new one and fails.
#[expect(
    clippy::disallowed_methods,
    reason = "a test writes what the code says"
)]
pub(super) fn is_fresh() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/evidence.md");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let text = text();
    if before != text {
        std::fs::write(&file, text).expect("the document can be written");
        panic!("docs/evidence.md was stale and has been rewritten; look at it and commit it");
    }
}

const INTRODUCTION: &str = "\
# Evidence

Written by the test `generated_evidence` from `judge` and `ends` in `engine/src/decide/evidence.rs`; do not edit.

Evidence is any fact that a gateway tells: in the answer to a call, in the answer to an inquiry, or in a signed
notification. Facts may come in any order and any number of times. Each table below has one state of a payment and every
fact about it, as in the answer to an inquiry. *Where* is the situation: whether the order can take the money, and which
call is unanswered. *Then* is the payment afterwards; *on the desk* means that a person has to look.

Two rules hold for all of them:

- Money that a gateway has is captured by the order, set aside, or recorded as a disagreement. None is dropped.
- A fact that says less than is known changes nothing: it was true earlier. Nor does an unasked message about another
  window than the one the buyer approved in, about the failure of a captured payment, or about money whose refund a
  person recorded: the answer to an inquiry decides. Money that the gateway itself refunded never comes back.

Every payment on the desk has a resolution: `take` gives set-aside money to an order that waits for it, `return` asks the
gateway for a refund, `returned` records that the gateway's remaining amount was returned by bank transfer, `accept`
accepts the gateway's amount. An unanswered call is ended first, by the gateway or by `done` and `not_done`. Authorized
or captured money, and an account that waits for a transfer, can be canceled.

The test under each heading drives every cell of its table through `decide`, once as the call's answer, once as the
answer to an inquiry and once as a notification. It checks the state afterwards, that debits equal credits, that the
gateway receivable equals the gateway's amount in the books, that money left there is visible, and that each resolution
is accepted.
";

const WORDS: &str = "
## Words

The states are explained in [lifecycle.md](lifecycle.md), the administrator's actions in
[operating.md](operating.md#the-desk). The facts:

| the gateway says | which is | from Toss |
|---|---|---|
| held | it has authorized the money and not captured it | never |
| taken | it captured money, all of the order's unless another amount, currency or split is named; and the part that was refunded | `DONE`, `PARTIAL_CANCELED`, `CANCELED` after an approval |
| awaits a deposit | the buyer has an account to transfer to | `WAITING_FOR_DEPOSIT` |
| failed | nothing was captured, for certain | `ABORTED`, `EXPIRED`, an expired account, a certain refusal of a confirmation |
| canceled | it was canceled, and nothing was captured | `CANCELED` without an approval |
| call refused | a capture, void or refund of ours was certainly not done | a certain refusal of a cancellation |
| undecided | nothing has happened yet | `READY`, `IN_PROGRESS`, no such payment yet, a cancellation under way |
| something unknown | a fact that this version does not know | never |

What happens:

| what happens | which is |
|---|---|
| known | it is recorded already; nothing changes |
| overtaken | it was true earlier, and more is recorded; nothing changes |
| hold, release the hold | the authorization reserves the order; one that no order needs is voided by a call |
| await the deposit | the payment waits for the buyer's transfer |
| take, or set aside | the order takes the money; if it cannot, the money is set aside until a person decides |
| set aside | the amount is not the order's |
| give to the order | set-aside money turns out to be the order's |
| taken and returned | money was captured and refunded before any message reached us; both are booked |
| went back | money was refunded, all of it or a part |
| disagree, agree | the gateway has another amount or split than our books; it agrees with them again |
| fail, give up | the payment ends without money |
";

const CALLS: &str = "
## Calls without an answer

The meaning of a fact for a call: *done*, *not done*, or *open*, which is still unknown. An open call is inquired about. A
failure that ends a payment also ends a call that was to close its account. Tested by the cells above in which the call
is in flight.

";

fn text() -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str(WORDS);
    for state in PaymentState::ALL {
        write_state(&mut text, *state);
    }
    write_calls(&mut text);
    text
}

/// Cells of one fact that read the same.
struct Row {
    places: Vec<&'static str>,
    happens: &'static str,
    then: String,
    why: &'static str,
}

fn write_state(text: &mut String, state: PaymentState) {
    write!(
        text,
        "\n## `{}`\n\nTest `{}`.\n\n",
        state.name(),
        test_of(state)
    )
    .unwrap();
    text.push_str(
        "| the gateway says | where | what happens | then | why |\n|---|---|---|---|---|\n",
    );
    let all = Situation::of(state).count();
    for said in SampleFact::ALL {
        for row in rows(state, said) {
            let places = if row.places.len() == all {
                "everywhere".to_owned()
            } else {
                row.places.join("; ")
            };
            let cells = [said.words(), &places, row.happens, &row.then, row.why];
            assert!(cells.iter().all(|cell| !cell.is_empty()), "an empty cell");
            writeln!(text, "| {} |", cells.join(" | ")).unwrap();
        }
    }
}

fn rows(state: PaymentState, said: SampleFact) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for situation in Situation::of(state) {
        let effect = cell::effect(situation, said);
        let mut shop = situation.build();
        shop.asks_about_call(said.fact());
        let row = Row {
            places: vec![situation.words],
            happens: effect.name(),
            then: stands(shop.payment()),
            why: why::of(situation, said, effect),
        };
        let alike = |other: &&mut Row| {
            (other.happens, &other.then, other.why) == (row.happens, &row.then, row.why)
        };
        match rows.iter_mut().find(alike) {
            Some(other) => other.places.extend(row.places),
            None => rows.push(row),
        }
    }
    rows
}

fn stands(payment: &AnyPayment) -> String {
    let mut words = format!("`{}`", payment.detail().name());
    if let Some(call) = payment.core().kind_in_flight() {
        write!(words, ", {} in flight", call.name()).unwrap();
    }
    if payment.is_on_the_desk() {
        words.push_str(", on the desk");
    }
    words
}

fn write_calls(text: &mut String) {
    text.push_str(CALLS);
    let kinds = [
        OperationKind::Confirm,
        OperationKind::Capture,
        OperationKind::Void,
        OperationKind::Cancel,
    ];
    let names = kinds.map(OperationKind::name).join(" | ");
    write!(
        text,
        "| the gateway says | {names} |\n|---|---|---|---|---|\n"
    )
    .unwrap();
    for said in SampleFact::ALL {
        let end = |kind| match ends(kind, &said.fact()) {
            CallEnd::Open => "open",
            CallEnd::Done => "done",
            CallEnd::NotDone => "not done",
        };
        writeln!(
            text,
            "| {} | {} |",
            said.words(),
            kinds.map(end).join(" | ")
        )
        .unwrap();
    }
}
