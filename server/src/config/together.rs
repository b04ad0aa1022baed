//! Rules between settings: which keys move money, what may not be set beside them, the connections they need, and the
//! bounds of numbers and times. Each setting by itself is checked where it is read.

use std::time::Duration;

use daegeum_engine::order::OrderCore;

use super::settings::{Settings, Toss};
use super::toss::{KeyMode, TossClientKey, TossSecretKey};
use super::{bounds, buyers};

/// Adds every contradiction to `problems`.
pub(super) fn check_together(settings: &Settings, problems: &mut Vec<String>) {
    check_listeners(settings, problems);
    check_toss(settings, problems);
    check_live_address(settings, problems);
    check_mock(settings, problems);
    check_times(settings, problems);
    bounds::check(settings, problems);
    buyers::check(settings, problems);
}

/// The longest time limit of a request, a part of one, or a stop.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Times are bounded, so that a timeout always comes and adding it to a clock cannot overflow.
fn check_times(settings: &Settings, problems: &mut Vec<String>) {
    let limits = &settings.limits;
    let longest_order = Duration::from_millis(OrderCore::MAX_DEADLINE_MS);
    for (name, set, longest, in_words) in [
        (
            "orders.unpaid_after",
            settings.orders.unpaid_after,
            longest_order,
            "400d",
        ),
        (
            "limits.header_timeout",
            limits.header_timeout,
            LONGEST_WAIT,
            "1h",
        ),
        (
            "limits.body_timeout",
            limits.body_timeout,
            LONGEST_WAIT,
            "1h",
        ),
        (
            "limits.request_timeout",
            limits.request_timeout,
            LONGEST_WAIT,
            "1h",
        ),
        (
            "limits.shutdown_timeout",
            limits.shutdown_timeout,
            LONGEST_WAIT,
            "1h",
        ),
    ] {
        if set > longest {
            problems.push(format!(
                "{name} is longer than it may be: set at most {in_words}"
            ));
        }
    }
}

fn check_listeners(settings: &Settings, problems: &mut Vec<String>) {
    let Settings {
        server,
        tls,
        metrics,
        ..
    } = settings;
    if server.sandbox && !server.listen.ip().is_loopback() {
        problems.push(format!(
            "listen = {}: the sandbox is served on a loopback address only; \
             leave out --sandbox, or listen on 127.0.0.1",
            server.listen
        ));
    }
    if let Some(address) = metrics.listen.filter(|address| !address.ip().is_loopback()) {
        problems.push(format!(
            "metrics.listen = {address}: must be a loopback address, since it asks for no key"
        ));
    }
    if tls.cert.is_some() != tls.key.is_some() {
        problems.push("tls.cert and tls.key: set both or neither".into());
    }
}

fn check_toss(settings: &Settings, problems: &mut Vec<String>) {
    let Settings {
        server,
        gateways,
        toss,
        ..
    } = settings;
    match (&toss.secret_key, &toss.client_key) {
        (Some(secret), Some(client)) => check_pair(secret, client, problems),
        (Some(_), None) => problems.push(
            "gateways.toss.client_key is missing beside gateways.toss.secret_key; browsers cannot \
             open the payment window without it"
                .into(),
        ),
        (None, Some(_)) => problems.push(
            "gateways.toss.secret_key is missing beside gateways.toss.client_key; without it Toss \
             takes no payments"
                .into(),
        ),
        (None, None) => {}
    }
    if server.sandbox && has_live_key(toss) {
        problems.push(
            "gateways.toss with a live key: --sandbox moves no money; use test keys, or leave out \
             --sandbox"
                .into(),
        );
    }
    let plain_is_fine = server.sandbox || gateways.allow_private;
    for (name, url) in [("base_url", &toss.base_url), ("sdk_url", &toss.sdk_url)] {
        if !url.is_https() && !plain_is_fine {
            problems.push(format!(
                "gateways.toss.{name} = {url}: must be https, or everybody on the way sees the \
                 secret key; gateways.allow_private = true allows http, for a simulator"
            ));
        }
    }
}

/// Buyers' names and the gateway's parameters for their browsers go over the public address.
fn check_live_address(settings: &Settings, problems: &mut Vec<String>) {
    let Some(url) = &settings.server.public_url else {
        return; // `doctor` and the start's log say so: a backend may do without pages
    };
    if has_live_key(&settings.toss) && !url.is_https() {
        problems.push(format!(
            "public_url = {url} beside a live key in gateways.toss: must be https, or everybody on the way reads \
             along while buyers pay; set the https address of the proxy before this server, or tls.cert and tls.key"
        ));
    }
}

fn check_pair(secret: &TossSecretKey, client: &TossClientKey, problems: &mut Vec<String>) {
    if secret.kind() != client.kind() {
        problems.push(format!(
            "gateways.toss.secret_key is {} and gateways.toss.client_key is {}; take both from the \
             same place in Toss's developer centre",
            secret.kind(),
            client.kind()
        ));
    }
}

fn check_mock(settings: &Settings, problems: &mut Vec<String>) {
    if settings.gateways.mock && has_live_key(&settings.toss) {
        problems.push(
            "gateways.mock beside a live key in gateways.toss: the mock gateway takes no real money \
             and must not run beside one that does; set gateways.mock = false, or use test keys"
                .into(),
        );
    }
}

fn has_live_key(toss: &Toss) -> bool {
    let secret = toss.secret_key.as_ref().map(|key| key.kind().mode);
    let client = toss.client_key.as_ref().map(|key| key.kind().mode);
    [secret, client].contains(&Some(KeyMode::Live))
}
