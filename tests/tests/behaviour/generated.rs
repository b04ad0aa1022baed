//! Documents generated from the code: these tests write them, and fail if one was out of date.

use std::fmt::Write as _;
use std::path::PathBuf;

use daegeum_engine::claim::{AnyClaim, ClaimAction, ClaimState};
use daegeum_engine::lifecycle::Row;
use daegeum_engine::operation::{AnyOperation, OperationAction, OperationState};
use daegeum_engine::order::{AnyOrder, OrderAction, OrderState};
use daegeum_engine::payment::{AnyPayment, PaymentAction, PaymentState};
use daegeum_engine::rejection::Rejection;
use daegeum_server::http::HttpErrorCode;

/// Compares the document with the code; if it differs, writes the new one and fails.
fn fresh(name: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    if before != text {
        std::fs::write(&file, text).expect("the document can be written");
        panic!("docs/{name} was stale and has been rewritten; look at it and commit it");
    }
}

#[test]
fn generated_errors() {
    let mut text = String::from(ERRORS);
    text.push_str("\n## What the rules refuse\n\n| code | status | message |\n|---|---|---|\n");
    let given = Rejection::all();
    let given = given.iter().filter(|rejection| !rejection.is_only_kept());
    let mut rejections: Vec<_> = given.map(Rejection::documented).collect();
    rejections.sort_by_key(|one| (one.status, one.code));
    for one in &rejections {
        writeln!(
            text,
            "| `{}` | {} | {} |",
            one.code, one.status, one.message
        )
        .unwrap();
    }
    text.push_str(
        "\n## What a request has to be\n\n| code | status | when | message |\n|---|---|---|---|\n",
    );
    for code in HttpErrorCode::ALL {
        let (name, status) = (code.code(), code.status().as_u16());
        let when = code.about().trim().replace('|', "\\|");
        writeln!(
            text,
            "| `{name}` | {status} | {when} | {} |",
            code.message()
        )
        .unwrap();
    }
    let mut codes: Vec<&str> = HttpErrorCode::ALL.iter().map(|code| code.code()).collect();
    codes.extend(rejections.iter().map(|one| one.code));
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all, "a code has two meanings");
    fresh("errors.md", &text);
}

const ERRORS: &str = "\
# Errors

Written by the test `generated_errors`; do not edit.

Every refusal is `application/problem+json`: `title`, `status`, `code`, `message`, `request_id`, where a
field is at fault `errors` (`field`, `code`, `message`), and where the state is at fault `state` with what
it has `permitted`. Programs switch on `code`, which never changes its meaning; `message` is for people.

A refusal of the rules changes nothing. Under an idempotency key it is kept once the engine has decided it,
and the same request is refused again with the same bytes; send another key to ask anew. What is wrong in
itself (an amount out of range, an unknown gateway, a reused key), what passes by itself (`REFUND_RESTING`, with
`Retry-After`) and what is in the second table is not kept.
";

#[test]
fn generated_toss_errors() {
    const BELOW: &str =
        "<!-- The test `generated_toss_errors` writes what follows; do not edit it. -->\n";
    let name = "gateways/toss.md";
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    let page = std::fs::read_to_string(file).expect("the document is there");
    let (written, _) = page
        .split_once(BELOW)
        .expect("it says where its table begins");
    let table = daegeum_server::gateway::toss::errors::table().unwrap();
    fresh(name, &format!("{written}{BELOW}\n{table}"));
}

#[test]
fn generated_lifecycle() {
    let mut text = String::from(LIFECYCLE);
    machine::<Payments>(&mut text);
    machine::<Orders>(&mut text);
    machine::<Claims>(&mut text);
    machine::<Operations>(&mut text);
    fresh("lifecycle.md", &text);
}

const LIFECYCLE: &str = "\
# Lifecycles

Written by the test `generated_lifecycle` from the tables in `engine/src`; do not edit.

`detail` is the exact state in the API, `status` the coarse one that front ends switch on. What no table
has a row for cannot happen: the types have no method for it, and at run time it is refused.

A payment in any state can have a *disagreement* beside it: its gateway has another amount of its money than our books
say (`gateway_holds`). It is on the desk then, also where the table has no way on from its state;
[evidence.md](evidence.md) says when that begins and ends.
";

/// A machine as its document shows it.
trait Machine {
    type State: Copy + PartialEq + 'static;
    type Action: Copy + 'static;
    const TITLE: &'static str;
    const ABOUT: &'static str;
    const STATES: &'static [Self::State];
    const ROWS: &'static [Row<Self::State, Self::Action>];
    fn name(state: Self::State) -> &'static str;
    fn about(state: Self::State) -> &'static str;
    fn action(action: Self::Action) -> &'static str;
    /// The coarse status, where the machine is seen through one.
    fn status(state: Self::State) -> Option<&'static str>;
}

macro_rules! machines {
    ($($Machine:ident: $Any:ident $State:ident $Action:ident, $title:literal, $about:literal, $status:expr;)+) => {$(
        struct $Machine;

        impl Machine for $Machine {
            type State = $State;
            type Action = $Action;
            const TITLE: &'static str = $title;
            const ABOUT: &'static str = $about;
            const STATES: &'static [$State] = $State::ALL;
            const ROWS: &'static [Row<$State, $Action>] = $Any::TRANSITIONS;

            fn name(state: $State) -> &'static str {
                state.name()
            }

            fn about(state: $State) -> &'static str {
                state.about()
            }

            fn action(action: $Action) -> &'static str {
                action.name()
            }

            fn status(state: $State) -> Option<&'static str> {
                let status: fn($State) -> Option<&'static str> = $status;
                status(state)
            }
        }
    )+};
}

machines! {
    Payments: AnyPayment PaymentState PaymentAction, "Payment", "One attempt to pay for one order.",
        |state| Some(state.status());
    Orders: AnyOrder OrderState OrderAction, "Order", "An order and the state of its payment.",
        |state| Some(state.status());
    Claims: AnyClaim ClaimState ClaimAction, "Claim",
        "The right of one payment to take an order's money; seen as `ORDER_PAYMENT_IN_PROGRESS`.", |_| None;
    Operations: AnyOperation OperationState OperationAction, "Operation",
        "One money call to a gateway; `operation.state` of a payment.", |_| None;
}

fn machine<M: Machine>(text: &mut String) {
    write!(text, "\n## {}\n\n{}\n\n", M::TITLE, M::ABOUT).unwrap();
    states::<M>(text);
    text.push_str("\n| from | action | to | recorded as |\n|---|---|---|---|\n");
    for row in M::ROWS {
        let (from, action, to) = (M::name(row.from), M::action(row.action), M::name(row.to));
        writeln!(text, "| `{from}` | `{action}` | `{to}` | `{}` |", row.event).unwrap();
    }
    text.push_str("\n```mermaid\nstateDiagram-v2\n");
    writeln!(text, "    [*] --> {}", M::name(M::STATES[0])).unwrap();
    for row in M::ROWS {
        let (from, action, to) = (M::name(row.from), M::action(row.action), M::name(row.to));
        writeln!(text, "    {from} --> {to}: {action}").unwrap();
    }
    for end in M::STATES
        .iter()
        .filter(|state| M::ROWS.iter().all(|row| row.from != **state))
    {
        writeln!(text, "    {} --> [*]", M::name(*end)).unwrap();
    }
    text.push_str("```\n");
}

fn states<M: Machine>(text: &mut String) {
    let coarse = M::STATES.iter().any(|state| M::status(*state).is_some());
    text.push_str(if coarse {
        "| detail | status | which is |\n|---|---|---|\n"
    } else {
        "| state | which is |\n|---|---|\n"
    });
    for state in M::STATES {
        let about = M::about(*state).trim().replace('|', "\\|");
        let name = M::name(*state);
        match M::status(*state) {
            Some(status) => writeln!(text, "| `{name}` | `{status}` | {about} |").unwrap(),
            None => writeln!(text, "| `{name}` | {about} |").unwrap(),
        }
    }
}
