//! Environment variables that Kubernetes sets by itself. For every service of a namespace it sets some in every pod,
//! named after the service; those of a service `daegeum` or `daegeum-…` begin as ours do. They are recognised by name
//! *and* value, so that a misspelled setting is still a problem.

use std::net::IpAddr;

use super::settings::ENVIRONMENT_PREFIX;

/// Whether Kubernetes sets a variable of this name to such a value, for a service whose name begins with ours.
pub(super) fn makes(name: &str, text: &str) -> bool {
    // `DAEGEUM` is followed by `API` for a service `daegeum-api`; then by the kind of value.
    let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else {
        return false;
    };
    let ends = rest.match_indices('_').filter_map(|(at, _)| rest.get(at..));
    let ends = ends.filter_map(|end| end.strip_prefix('_'));
    std::iter::once(rest)
        .chain(ends)
        .any(|end| is_said(end, text))
}

/// Whether a variable with this ending can have this value.
fn is_said(end: &str, text: &str) -> bool {
    let words: Vec<&str> = end.split('_').collect();
    match words.as_slice() {
        ["SERVICE", "HOST"] => is_address(text),
        ["SERVICE", "PORT", ..] => is_port(text),
        ["PORT"] => is_link(text),
        ["PORT", port, protocol, said @ ..] if is_port(port) && is_protocol(protocol) => match said
        {
            [] => is_link(text),
            ["PROTO"] => text.eq_ignore_ascii_case(protocol),
            ["PORT"] => text == *port,
            ["ADDR"] => is_address(text),
            _ => false,
        },
        _ => false,
    }
}

/// `tcp://10.96.0.12:8080`
fn is_link(text: &str) -> bool {
    let Some((protocol, place)) = text.split_once("://") else {
        return false;
    };
    let Some((host, port)) = place.rsplit_once(':') else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    is_protocol(protocol) && is_address(bare) && is_port(port)
}

fn is_protocol(text: &str) -> bool {
    ["tcp", "udp", "sctp"]
        .iter()
        .any(|known| text.eq_ignore_ascii_case(known))
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Setting, layers::all};

    #[test]
    fn service_of_our_name_makes_these_variables() {
        for (name, text) in [
            ("DAEGEUM_SERVICE_HOST", "10.96.0.12"),
            ("DAEGEUM_SERVICE_HOST", "fd00::c"),
            ("DAEGEUM_SERVICE_PORT", "8080"),
            ("DAEGEUM_SERVICE_PORT_HTTP", "8080"),
            ("DAEGEUM_SERVICE_PORT_HTTP_ADMIN", "8080"),
            ("DAEGEUM_PORT", "tcp://10.96.0.12:8080"),
            ("DAEGEUM_PORT", "tcp://[fd00::c]:8080"),
            ("DAEGEUM_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
            ("DAEGEUM_PORT_8080_TCP_PROTO", "tcp"),
            ("DAEGEUM_PORT_8080_TCP_PORT", "8080"),
            ("DAEGEUM_PORT_8080_TCP_ADDR", "10.96.0.12"),
            ("DAEGEUM_PORT_53_UDP", "udp://10.96.0.12:53"),
            ("DAEGEUM_METRICS_SERVICE_HOST", "10.96.0.13"),
            ("DAEGEUM_METRICS_PORT_9090_TCP_ADDR", "10.96.0.13"),
            ("DAEGEUM_API_V2_PORT", "tcp://10.96.0.13:80"),
        ] {
            assert!(makes(name, text), "{name}={text}");
        }
    }

    #[test]
    fn handwritten_variables_are_not_recognised_as_kubernetes() {
        for (name, text) in [
            ("DAEGEUM_PORT", "8080"),
            ("DAEGEUM_PORT", "tcp://daegeum:8080"),
            ("DAEGEUM_PORT", "http://10.96.0.12:8080"),
            ("DAEGEUM_SERVICE_HOST", "daegeum.example"),
            ("DAEGEUM_SERVICE_PORT", "http"),
            ("DAEGEUM_SERVICE", "8080"),
            ("DAEGEUM_PORT_8080_TCP_PORT", "8081"),
            ("DAEGEUM_PORT_8080_TCP_PROTO", "udp"),
            ("DAEGEUM_PORT_8080", "tcp://10.96.0.12:8080"),
            ("DAEGEUM_SANDBOX_PORTSS", "9000"),
            ("DAEGEUM_ADMIN_KYES", "kim:x"),
            ("OTHER_SERVICE_HOST", "10.96.0.12"),
        ] {
            assert!(!makes(name, text), "{name}={text}");
        }
    }

    #[test]
    fn no_setting_has_a_name_that_kubernetes_makes() {
        let texts = ["10.96.0.12", "8080", "tcp", "tcp://10.96.0.12:8080"];
        for name in all().map(Setting::environment) {
            assert!(texts.iter().all(|text| !makes(&name, text)), "{name}");
        }
    }
}
