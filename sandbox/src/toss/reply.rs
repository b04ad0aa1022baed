//! Answers on the wire.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

/// JSON, as Toss sends it.
pub(super) fn json(status: u16, body: String) -> Response<Bytes> {
    with_type(status, body, "application/json;charset=UTF-8")
}

/// A page that runs nothing but the simulator's own script and leads only where its form does.
pub(super) fn html(status: u16, body: String) -> Response<Bytes> {
    let mut response = with_type(status, body, "text/html;charset=UTF-8");
    set(
        &mut response,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self' http: https:",
    );
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// A script or a style sheet, which the shop's pages may load.
pub(super) fn asset(content_type: &'static str, body: &'static str) -> Response<Bytes> {
    let mut response = with_type(200, body, content_type);
    set(
        &mut response,
        HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    );
    response
}

/// 303.
pub(super) fn see_other(location: &str) -> Response<Bytes> {
    let Ok(location) = HeaderValue::from_str(location) else {
        return with_type(400, "no such address", "text/plain;charset=UTF-8");
    };
    let mut response = with_type(303, "", "text/plain;charset=UTF-8");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn with_type(status: u16, body: impl Into<Bytes>, content_type: &'static str) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn set(response: &mut Response<Bytes>, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}
