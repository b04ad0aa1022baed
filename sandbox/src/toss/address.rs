//! The addresses that browsers and notifications are sent to.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

use super::{
    payment::{Pair, Payment},
    refusal::{Language, message_of},
};

/// An address that a browser can be sent to.
pub(super) fn is_http(url: &str) -> bool {
    url.len() <= 4_096
        && url.parse::<Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        })
}

/// An address on this machine, without encryption: the only ones that notifications go to.
pub(super) fn is_loopback(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        uri.scheme_str() == Some("http") && uri.host().and_then(loopback).is_some()
    })
}

/// The address that such a host means.
pub(super) fn loopback(host: &str) -> Option<IpAddr> {
    if host == "localhost" {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok().filter(IpAddr::is_loopback)
}

pub(super) fn success_url(payment: &Payment) -> Option<String> {
    let mut query = vec![
        ("paymentKey", payment.key.clone()),
        ("orderId", payment.order_id.clone()),
        ("amount", payment.amount.to_string()),
    ];
    if payment.pair == Pair::Widget {
        query.push(("paymentType", "NORMAL".to_owned()));
    }
    Some(with_query(payment.window.success_url.as_deref()?, &query))
}

pub(super) fn fail_url(payment: &Payment, code: &str, language: Language) -> Option<String> {
    let fail_url = payment.window.fail_url.as_deref()?;
    Some(failing(fail_url, code, Some(&payment.order_id), language))
}

/// With the code and its text, and the order's number unless the buyer canceled.
pub(super) fn failing(
    fail_url: &str,
    code: &str,
    order_id: Option<&str>,
    language: Language,
) -> String {
    let mut query = vec![
        ("code", code.to_owned()),
        ("message", message_of(code, language).to_owned()),
    ];
    if let Some(order_id) = order_id.filter(|_| code != "PAY_PROCESS_CANCELED") {
        query.push(("orderId", order_id.to_owned()));
    }
    with_query(fail_url, &query)
}

/// Before the fragment, after what is there.
fn with_query(url: &str, pairs: &[(&str, String)]) -> String {
    let (url, fragment) = match url.split_once('#') {
        Some((url, fragment)) => (url, Some(fragment)),
        None => (url, None),
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let joint = if url.contains('?') { '&' } else { '?' };
    match fragment {
        Some(fragment) => format!("{url}{joint}{query}#{fragment}"),
        None => format!("{url}{joint}{query}"),
    }
}
