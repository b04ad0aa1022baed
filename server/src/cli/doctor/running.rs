//! Checks the running server over its public endpoints: whether it takes payments, whether notifications arrive, and
//! whether calls are unanswered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};

use super::Findings;
use crate::config::Config;
use crate::world::{Outbound, SharedWorld, Undelivered};

const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: usize = 4 << 20;
const SERVER: &str = "server";

/// Checks the server at `url`, or at the configured listen address. `held`: whether some server has the data
/// directory open.
pub(super) async fn look(
    config: &Config,
    url: Option<&str>,
    held: bool,
    world: &SharedWorld,
    findings: &mut Findings,
) {
    let base = url.map_or_else(|| listened_at(config), str::to_owned);
    let base = base.trim_end_matches('/');
    let answer = match get(&format!("{base}/readyz"), None, world).await {
        Ok(answer) => answer,
        Err(why) if held || url.is_some() => {
            let todo = "name the running server with --url, or look into its log";
            return findings.fail(SERVER, format!("{base} does not answer: {why}"), todo);
        }
        Err(_) => {
            let todo = "start it, or name the running one with --url";
            return findings.warn(SERVER, format!("none answers at {base}"), todo);
        }
    };
    if !held && url.is_none() {
        return findings.warn(
            SERVER,
            format!("another server answers at {base}: it has other data than this directory"),
            "right if it is another installation's; this one needs an address of its own in listen",
        );
    }
    match answer.status() {
        StatusCode::OK => findings.ok(SERVER, format!("{base} takes payments")),
        status => {
            let code = code_of(answer.body()).unwrap_or_default();
            let found = format!("{base}/readyz answers {} {code}", status.as_u16());
            let todo = match code.as_str() {
                "STORAGE_FULL" => "make room on its disk; it goes on by itself",
                "INDEX_REBUILDING" => "wait; its log says how far it is, and it goes on by itself",
                _ => "look into its log; is it this program at all?",
            };
            return findings.fail(SERVER, found.trim_end().to_owned(), todo);
        }
    }
    look_at_figures(config, base, world, findings).await;
}

/// The stable code of a refusal.
fn code_of(body: &[u8]) -> Option<String> {
    let refusal: serde_json::Value = serde_json::from_slice(body).ok()?;
    refusal.get("code")?.as_str().map(str::to_owned)
}

/// The listen address; the wildcard address is reached on this machine.
fn listened_at(config: &Config) -> String {
    let settings = &config.settings;
    let scheme = if settings.tls.cert.is_some() {
        "https"
    } else {
        "http"
    };
    let listen = settings.server.listen;
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("{scheme}://{}", SocketAddr::new(ip, listen.port()))
}

async fn look_at_figures(
    config: &Config,
    base: &str,
    world: &SharedWorld,
    findings: &mut Findings,
) {
    const ABOUT: &str = "figures";
    let (url, key) = match config.settings.metrics.listen {
        Some(address) => (format!("http://{address}/metrics"), None),
        None if !is_private_line(base) => {
            let todo = "look on the server's own machine, or over https";
            return findings.warn(ABOUT, "not asked: the key would go in the clear", todo);
        }
        None => {
            let admin = config.secrets.admins.first();
            let key = admin.map(|admin| admin.secret.expose());
            (format!("{base}/metrics"), key)
        }
    };
    match get(&url, key, world).await {
        Ok(answer) if answer.status() == StatusCode::OK => {
            let figures = String::from_utf8_lossy(answer.body());
            look_at_notifications(config, &figures, findings);
            look_at_unknown(&figures, findings);
            look_at_time(&figures, findings);
            look_at_retention(&figures, findings);
        }
        Ok(answer) if matches!(answer.status().as_u16(), 401 | 403) => {
            let todo = "look with the settings that the server runs with";
            findings.warn(ABOUT, "the running server has another admin key", todo);
        }
        Ok(answer) => {
            let found = format!("{url} answers {}", answer.status().as_u16());
            findings.warn(ABOUT, found, "look into the server's log");
        }
        Err(why) => {
            let todo = "compare metrics.listen with the running server's settings";
            findings.warn(ABOUT, format!("{url} does not answer: {why}"), todo);
        }
    }
}

/// Whether the connection cannot be read by others: TLS, or loopback.
fn is_private_line(base: &str) -> bool {
    let Ok(uri) = Uri::try_from(base) else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let address = literal.parse::<IpAddr>();
    uri.scheme_str() == Some("https")
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
}

fn look_at_notifications(config: &Config, figures: &str, findings: &mut Findings) {
    const ABOUT: &str = "notifications";
    if config.settings.toss.secret_key.is_none() {
        return;
    }
    let heard = sum(figures, "payment_webhook_total", Some("provider=\"TOSS\""));
    if heard > 0 {
        return findings.ok(
            ABOUT,
            format!("{heard} heard from Toss since the server started"),
        );
    }
    let settings = &config.settings.server;
    let public = settings.public_url.as_ref();
    let base = public.map_or("https://<your address>", |url| url.as_str());
    let todo = format!(
        "right if nobody has paid yet; else register {base}/api/v1/payments/webhook/toss in Toss's \
         developer centre for PAYMENT_STATUS_CHANGED"
    );
    findings.warn(ABOUT, "none heard from Toss since the server started", todo);
}

fn look_at_unknown(figures: &str, findings: &mut Findings) {
    const ABOUT: &str = "unknown outcomes";
    let waiting = sum(figures, "payment_unknown_outcomes", None);
    if waiting == 0 {
        return findings.ok(ABOUT, "none");
    }
    let others = sum(figures, "payment_unknown_outcomes_of_other_keys", None);
    if others > 0 {
        findings.warn(
            "gateway keys",
            format!("{others} calls without an answer were made with other keys than the server has now"),
            "start with the keys they were made with until they have ended; or compare with the pages of the shop \
             they were made for, and resolve them as an administrator",
        );
    }
    let minutes = sum(figures, "payment_unknown_outcome_age_seconds", None) / 60;
    findings.warn(
        ABOUT,
        format!("{waiting} payments without a gateway's word, the oldest for {minutes} minutes"),
        "the server keeps asking; for one that stays, compare with the gateway's own pages and \
         resolve it as an administrator",
    );
}

fn look_at_time(figures: &str, findings: &mut Findings) {
    let seconds = |name| Duration::from_secs(sum(figures, name, None));
    let behind = seconds("clock_behind_seconds");
    let ahead = seconds("clock_ahead_seconds");
    if !behind.is_zero() {
        clock_is_behind(behind, findings);
    } else if !ahead.is_zero() {
        clock_is_ahead(ahead, findings);
    } else {
        findings.ok(TIME, "the clock and the records agree");
    }
}

const TIME: &str = "domain time";

/// The machine's clock shows a time before the records'.
pub(super) fn clock_is_behind(by: Duration, findings: &mut Findings) {
    findings.warn(
        TIME,
        format!("this machine's clock is {} behind the records", words(by)),
        "let it be set by NTP; if it is right, it was wrong when a record was written: time goes on from there, a \
         little slower until both agree, and payments work",
    );
}

/// The machine's clock is so far ahead of the records that it is not simply followed.
pub(super) fn clock_is_ahead(by: Duration, findings: &mut Findings) {
    findings.warn(
        TIME,
        format!("this machine's clock is {} ahead of the records", words(by)),
        "if it is wrong, set it; if it is right, it is followed within ten minutes, and more than 31 days ahead only \
         by a start with --trust-clock",
    );
}

/// A span in its largest units.
fn words(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    let (days, hours) = (minutes / 1_440, minutes / 60 % 24);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{} s", span.as_secs()),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} days {hours} h"),
    }
}

fn look_at_retention(figures: &str, findings: &mut Findings) {
    const ABOUT: &str = "retention";
    let due = sum(figures, "retention_days_due", None);
    let doubted = sum(figures, "retention_days_doubted", None);
    if doubted > 0 {
        return findings.warn(
            ABOUT,
            format!(
                "{doubted} days of personal data are past their retention by the calendar, and the records do not \
                 confirm it"
            ),
            "right after a clock that was wrong or a long silence: they are kept until records of as many days have \
             been written; see docs/operating.md",
        );
    }
    findings.ok(
        ABOUT,
        format!("{due} days of personal data are erased once the records are three days older"),
    );
}

/// The sum of a metric's lines, of those with `label` if one is given. These metrics are counts.
fn sum(figures: &str, name: &str, label: Option<&str>) -> u64 {
    let lines = figures.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}')?,
            None => ("", rest),
        };
        let wanted = label.is_none_or(|label| labels.split(',').any(|one| one == label));
        let value = value.strip_prefix(' ')?;
        wanted.then(|| value.trim().parse::<u64>().ok()).flatten()
    });
    lines.fold(0, u64::saturating_add)
}

async fn get(
    url: &str,
    bearer: Option<&str>,
    world: &SharedWorld,
) -> Result<Response<Bytes>, String> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = Uri::try_from(url).map_err(|error| error.to_string())?;
    if let Some(bearer) = bearer {
        let value = HeaderValue::try_from(format!("Bearer {bearer}"));
        let mut value = value.map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let outbound = Outbound {
        request,
        deadline: PATIENCE,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let came = world.send(outbound).await;
    came.map_err(|why| match why {
        Undelivered::NotSent(why) | Undelivered::NoAnswer(why) => why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_never_sent_unencrypted() {
        for good in [
            "https://pay.example",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert!(is_private_line(good), "{good}");
        }
        for bad in [
            "http://pay.example",
            "http://10.0.0.1",
            "http://127.0.0.1.evil.example",
            "x",
            "",
        ] {
            assert!(!is_private_line(bad), "{bad}");
        }
    }

    #[test]
    fn metrics_are_summed_by_name_and_label() {
        let figures = "# TYPE payment_webhook counter\n\
            payment_webhook_total{provider=\"TOSS\",status=\"applied\"} 3\n\
            payment_webhook_total{provider=\"TOSS\",status=\"unknown\"} 4\n\
            payment_webhook_total{provider=\"MOCK\",status=\"applied\"} 50\n\
            payment_unknown_outcomes 2\n\
            payment_unknown_outcomes_of_another_kind 9\n\
            broken{ 1\n";
        let toss = Some("provider=\"TOSS\"");
        assert_eq!(sum(figures, "payment_webhook_total", toss), 7);
        assert_eq!(sum(figures, "payment_webhook_total", None), 57);
        assert_eq!(sum(figures, "payment_unknown_outcomes", None), 2);
        assert_eq!(sum(figures, "broken", None), 0);
    }

    #[test]
    fn calls_made_with_other_keys_are_reported() {
        let found = |figures: &str| {
            let mut findings = Findings::default();
            look_at_unknown(figures, &mut findings);
            findings.to_json()
        };
        let others = "payment_unknown_outcomes 3\npayment_unknown_outcomes_of_other_keys 2\n";
        let told = found(others);
        assert!(told.contains("2 calls without an answer were made with other keys"));
        assert!(told.contains("3 payments without a gateway's word"));
        let none = "payment_unknown_outcomes 3\npayment_unknown_outcomes_of_other_keys 0\n";
        assert!(!found(none).contains("other keys"));
    }

    #[test]
    fn span_is_shown_in_its_largest_units() {
        for (seconds, told) in [
            (9, "9 s"),
            (3_599, "59 min"),
            (32_520, "9 h 2 min"),
            (189_306_000, "2191 days 1 h"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), told);
        }
    }
}
