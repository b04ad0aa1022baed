//! The simulated Toss's own dial of faults, set by a seed: a few rules, each with a probability.

use daegeum_sandbox::toss::{CallFilter, Dial, Fault, Rule};

use crate::dice::Dice;
use crate::swarm::GatewayFaults;

/// A dial for a seed.
pub fn draw(dice: &Dice, faults: &GatewayFaults) -> Dial {
    let mut rules = Vec::new();
    if dice.one_in(8) {
        rules.extend(forgetful(dice));
    }
    if faults.forgets_keys > 0 {
        rules.extend(forgets_keys(faults.forgets_keys / 4));
    }
    if faults.own > 0 {
        for _ in 0..dice.between(1, 5) {
            let call = *dice.pick(&[
                CallFilter::Confirm,
                CallFilter::Confirm,
                CallFilter::Cancel,
                CallFilter::Inquire,
                CallFilter::Any,
            ]);
            rules.push(rule(call, fault(dice, call), dice.between(1, faults.own)));
        }
    }
    if faults.notifications > 0 {
        for _ in 0..dice.between(1, 3) {
            let chances = dice.between(1, faults.notifications);
            rules.push(rule(CallFilter::Notify, of_notifications(dice), chances));
        }
    }
    Dial {
        rules,
        requests_per_minute: None,
    }
}

/// A gateway that does not know yet what it has just done, and seldom notifies of it later.
fn forgetful(dice: &Dice) -> [Rule; 2] {
    let stale = Fault::StaleRead {
        ms: Some(dice.between(1_000, 60_000)),
        reads: None,
    };
    [
        rule(CallFilter::Confirm, stale, 700),
        rule(CallFilter::Notify, Fault::Lost {}, 500),
    ]
}

fn rule(call: CallFilter, fault: Fault, per_mille: u64) -> Rule {
    let ppm = u32::try_from(per_mille * 1_000).unwrap_or(0);
    Rule {
        probability_ppm: Some(ppm),
        ..Rule::always(call, fault)
    }
}

fn fault(dice: &Dice, call: CallFilter) -> Fault {
    let silent_ms = *dice.pick(&[0, 5_000, 120_000]);
    let ms = *dice.pick(&[100, 8_000, 90_000, 500_000]);
    let status = *dice.pick(&[500, 500, 502, 503]);
    let kept = dice.one_in(4);
    let code = || "FAILED_INTERNAL_SYSTEM_PROCESSING".to_owned();
    match dice.below(15) {
        0 => Fault::RequestLost { silent_ms },
        1 => Fault::ResponseLost { silent_ms },
        2 => Fault::Delay { ms },
        3 => Fault::Held { ms },
        4 if dice.one_in(2) => refused(),
        4 => Fault::ErrorBefore {
            status,
            code: code(),
            kept,
        },
        5 => Fault::ErrorAfter {
            status,
            code: code(),
            kept,
        },
        6 => Fault::Truncated { at: None },
        7 => Fault::Garbage {},
        8 => Fault::Html { status: 502 },
        13 => Fault::Reset {
            effect: dice.one_in(2),
        },
        9..=12 if matches!(call, CallFilter::Confirm | CallFilter::Cancel) => Fault::StaleRead {
            ms: Some(*dice.pick(&[500, 3_000, 30_000])),
            reads: None,
        },
        9..=12 => Fault::RateLimited {},
        _ => Fault::Drip {
            bytes: 200,
            every_ms: *dice.pick(&[10, 2_000]),
        },
    }
}

/// A gateway that does it without answering, seldom notifies, and refuses an idempotency key that it has forgotten.
fn forgets_keys(refused_per_mille: u64) -> [Rule; 4] {
    let lost = Fault::ResponseLost { silent_ms: 0 };
    [
        rule(CallFilter::Confirm, refused(), refused_per_mille),
        rule(CallFilter::Cancel, refused(), refused_per_mille),
        rule(CallFilter::Confirm, lost, 300),
        rule(CallFilter::Inquire, Fault::RateLimited {}, 500),
    ]
}

/// Certain refusals, even after a first sending that succeeded: the gateway has forgotten it.
fn refused() -> Fault {
    Fault::ErrorBefore {
        status: 403,
        code: "FORBIDDEN_REQUEST".to_owned(),
        kept: false,
    }
}

fn of_notifications(dice: &Dice) -> Fault {
    match dice.below(6) {
        0 => Fault::Lost {},
        1 => Fault::Duplicated { n: 2 },
        2 => Fault::Reordered { within_ms: 120_000 },
        3 => Fault::Late {
            ms: *dice.pick(&[3_000, 900_000]),
        },
        4 => Fault::Forged {},
        _ => Fault::Unknown {},
    }
}
