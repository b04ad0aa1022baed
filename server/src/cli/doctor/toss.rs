//! Checks Toss as a payment would use it: the connection, the key, and the clocks. The one call asks for a payment
//! that cannot exist; only a valid key gets "not found".

use std::time::Duration;

use bytes::Bytes;
use daegeum_engine::amounts::Amounts;
use daegeum_engine::id::PaymentId;
use daegeum_engine::money::Currency;
use http::{Response, StatusCode, header};
use serde::Deserialize;

use super::Findings;
use crate::config::Config;
use crate::gateway::toss::Toss;
use crate::gateway::{Call, Gateway, plan};
use crate::world::{Outbound, SharedWorld, Undelivered, random_bytes};

const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 64 << 10;
const SLOW_MS: u64 = 2_000;
const CLOCK_WARN_MS: u64 = 5_000;
const CLOCK_FAIL_MS: u64 = 60_000;

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
}

/// Checks it, if Toss is on.
pub(super) async fn look(config: &Config, world: &SharedWorld, findings: &mut Findings) {
    let settings = &config.settings.toss;
    let Some(toss) = Toss::configured(settings) else {
        return;
    };
    if config.toss_is_simulated() {
        let found = "simulated; its simulator runs with `daegeum serve --sandbox`";
        return findings.ok("toss", found);
    }
    let outbound = Outbound {
        request: toss.request(&Call {
            ask: plan::HOW_IT_STANDS,
            operation: None,
            sent_before: false,
            other_credentials: false,
            payment: PaymentId::from_bits(u128::from_be_bytes(random_bytes(&**world))),
            name: None,
            amounts: Amounts::zero(Currency::Krw),
            there: Amounts::zero(Currency::Krw),
        }),
        deadline: PATIENCE,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let (asked_at_ms, began_ns) = (world.machine_now_ms(), world.monotonic_ns());
    let came = world.send(outbound).await;
    let took_ms = world.monotonic_ns().saturating_sub(began_ns) / 1_000_000;
    match came {
        Ok(answer) => {
            look_at_line(settings.base_url.is_https(), took_ms, findings);
            look_at_key(&answer, findings);
            let half_ms = i64::try_from(took_ms / 2).unwrap_or(i64::MAX);
            look_at_clock(&answer, asked_at_ms.saturating_add(half_ms), findings);
        }
        Err(Undelivered::NotSent(why)) => findings.fail(
            "toss",
            format!("{} cannot be reached: {why}", settings.base_url),
            "check gateways.toss.base_url, DNS, the firewall (port 443 outward) and this machine's \
             root certificates",
        ),
        Err(Undelivered::NoAnswer(why)) => findings.fail(
            "toss",
            format!("{} does not answer: {why}", settings.base_url),
            "look again in a minute; if it stays so, check the firewall and Toss's status page",
        ),
    }
}

fn look_at_line(encrypted: bool, took_ms: u64, findings: &mut Findings) {
    if !encrypted {
        let found = format!("reached in {took_ms} ms, without TLS");
        findings.warn(
            "toss",
            found,
            "for a simulator only; use https for Toss itself",
        );
    } else if took_ms > SLOW_MS {
        let found = format!("reached over TLS, in {took_ms} ms");
        findings.warn("toss", found, "buyers wait as long: check the network");
    } else {
        findings.ok("toss", format!("reached over TLS, in {took_ms} ms"));
    }
}

fn look_at_key(answer: &Response<Bytes>, findings: &mut Findings) {
    const ABOUT: &str = "toss key";
    let status = answer.status();
    let body = serde_json::from_slice::<ErrorBody>(answer.body()).ok();
    let code = body.map(|body| body.code);
    let said = match &code {
        Some(code) => format!("{} {code}", status.as_u16()),
        None => format!("{} without an error of Toss's", status.as_u16()),
    };
    match (status, code.as_deref()) {
        (StatusCode::NOT_FOUND, Some("NOT_FOUND_PAYMENT")) => findings.ok(ABOUT, "accepted"),
        (StatusCode::UNAUTHORIZED, Some(_))
        | (StatusCode::FORBIDDEN, Some("INCORRECT_BASIC_AUTH_FORMAT")) => findings.fail(
            ABOUT,
            format!("refused: {said}"),
            "copy the secret key from Toss's developer centre into gateways.toss.secret_key; after \
             a re-issue the old one stops working",
        ),
        (StatusCode::TOO_MANY_REQUESTS, _) => findings.warn(
            ABOUT,
            format!("not known: {said}"),
            "too many calls; look again in a minute",
        ),
        _ if status.is_server_error() => findings.warn(
            ABOUT,
            format!("not known: {said}"),
            "Toss has trouble; look again later",
        ),
        _ => findings.fail(
            ABOUT,
            format!("not known: {said}"),
            "that is not how Toss answers: check gateways.toss.base_url",
        ),
    }
}

fn look_at_clock(answer: &Response<Bytes>, ours_ms: i64, findings: &mut Findings) {
    const ABOUT: &str = "clock";
    let said = answer.headers().get(header::DATE);
    let theirs = said.and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok());
    let Some(theirs) = theirs else {
        let todo = "compare this machine's clock with another";
        return findings.warn(ABOUT, "Toss says no time to compare with", todo);
    };
    // The `Date` header has whole seconds, cut off: on average the real time is half a second later.
    let theirs_ms = theirs.timestamp().as_millisecond().saturating_add(500);
    let off_ms = ours_ms.abs_diff(theirs_ms);
    let direction = if ours_ms < theirs_ms {
        "behind"
    } else {
        "ahead of"
    };
    let found = format!("{} s {direction} Toss's", off_ms / 1_000);
    let todo = "let this machine's clock be set by NTP: deadlines and signatures depend on it";
    if off_ms > CLOCK_FAIL_MS {
        findings.fail(ABOUT, found, todo);
    } else if off_ms > CLOCK_WARN_MS {
        findings.warn(ABOUT, found, todo);
    } else {
        findings.ok(ABOUT, found);
    }
}
