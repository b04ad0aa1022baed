//! `/sandbox/clock`: looks at the domain's clock and moves it forward. Exists only with
//! `--sandbox`, which is served on loopback only; so it asks for no key.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use daegeum_sandbox::clock::{ClockError, SandboxClock};
use serde::{Deserialize, Serialize};

use crate::{
    config::parse_duration,
    domain_clock::DomainClock,
    http::{HttpErrorCode, Json, Problem},
};

/// The routes that look at `clock` and move it; `domain` is the time that it moves.
pub fn sandbox_routes(clock: Arc<SandboxClock>, domain: Arc<DomainClock>) -> Router {
    let sandbox = Sandbox { clock, domain };
    Router::new()
        .route("/sandbox/clock", get(show).post(advance))
        .with_state(sandbox)
}

#[derive(Clone)]
struct Sandbox {
    clock: Arc<SandboxClock>,
    domain: Arc<DomainClock>,
}

/// Exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// `30m`, `1h30m`, `7d`.
    advance: Option<String>,
    advance_ms: Option<u64>,
}

#[derive(Serialize)]
struct Clock {
    now: String,
    now_ms: u64,
    machine_now_ms: i64,
}

async fn show(State(sandbox): State<Sandbox>) -> Result<impl IntoResponse, Problem> {
    sandbox.told()
}

async fn advance(
    State(sandbox): State<Sandbox>,
    Json(asked): Json<Advance>,
) -> Result<impl IntoResponse, Problem> {
    sandbox
        .clock
        .advance(asked.by()?)
        .map_err(|error| match error {
            ClockError::TooFar => {
                Problem::from(HttpErrorCode::InvalidValue).at("advance", error.to_string())
            }
            ClockError::File(..) | ClockError::Unreadable(_) => Problem::internal(error),
        })?;
    sandbox.told()
}

impl Advance {
    fn by(&self) -> Result<Duration, Problem> {
        let by = match (&self.advance, self.advance_ms) {
            (Some(text), None) => parse_duration(text).ok_or("expected a time such as 30m"),
            (None, Some(ms)) => Ok(Duration::from_millis(ms)),
            _ => Err("expected exactly one of advance and advance_ms"),
        };
        by.map_err(|wrong| Problem::from(HttpErrorCode::InvalidValue).at("advance", wrong))
    }
}

impl Sandbox {
    fn told(&self) -> Result<impl IntoResponse + use<>, Problem> {
        let now = self.domain.now();
        let clock = Clock {
            now: now.to_string(),
            now_ms: now.as_millis(),
            machine_now_ms: self.domain.world().machine_now_ms(),
        };
        let body = serde_json::to_vec(&clock).map_err(Problem::internal)?;
        Ok((JSON, body))
    }
}

const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{
        body::{Body, to_bytes},
        http::{Request, StatusCode},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        config::{Config, Flags, Purpose},
        http::{Front, cross_origin::CrossOrigin},
        telemetry::Metrics,
        world::{SharedWorld, SystemWorld},
    };

    /// A sandbox's front over the clock in `folder`.
    fn front(folder: &std::path::Path) -> Arc<Front> {
        let clock = Arc::new(SandboxClock::open(&folder.join("sandbox")).unwrap());
        let world: SharedWorld = Arc::new(SystemWorld::moved_by(clock.ahead_ms()).unwrap());
        let domain = Arc::new(DomainClock::new(Arc::clone(&world), false));
        let flags = Flags {
            sandbox: true,
            data: Some(folder.into()),
            ..Flags::default()
        };
        let config = Config::load(&flags, std::iter::empty(), Purpose::Serve, &*world).unwrap();
        let routes = sandbox_routes(clock, Arc::clone(&domain));
        Front::new(
            (routes, CrossOrigin::refusals_alone(&[])),
            &config,
            domain,
            Arc::new(Metrics::new()),
        )
    }

    async fn ask(front: &Arc<Front>, method: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri("/sandbox/clock")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(
                body.map(|body| body.to_string()).unwrap_or_default(),
            ))
            .unwrap();
        let answer = front
            .answer(request, SocketAddr::from(([127, 0, 0, 1], 1)))
            .await;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn ahead_s(clock: &Value) -> i64 {
        let number = |name: &str| clock[name].as_i64().unwrap();
        number("now_ms")
            .saturating_sub(number("machine_now_ms"))
            .div_euclid(1000)
    }

    #[tokio::test]
    async fn the_clock_is_moved_forward_and_stays_there() {
        let folder = tempfile::tempdir().unwrap();
        let server = front(folder.path());
        let (_, begin) = ask(&server, "GET", None).await;
        assert!((-1..=0).contains(&ahead_s(&begin)), "{begin}");

        let (status, moved) = ask(&server, "POST", Some(json!({"advance": "30m"}))).await;
        assert_eq!(status, StatusCode::OK);
        assert!((1799..=1800).contains(&ahead_s(&moved)), "{moved}");
        ask(&server, "POST", Some(json!({"advance_ms": 60_000}))).await;

        let (_, restarted) = ask(&front(folder.path()), "GET", None).await;
        assert!((1859..=1860).contains(&ahead_s(&restarted)), "{restarted}");
        assert!(restarted["now"].as_str().unwrap().ends_with('Z'));
    }

    #[tokio::test]
    async fn what_is_not_a_way_forward_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let server = front(folder.path());
        for wrong in [
            json!({}),
            json!({"advance": "-1m"}),
            json!({"advance": "soon"}),
            json!({"advance_ms": -1}),
            json!({"advance": "1m", "advance_ms": 1}),
            json!({"advance": "99999999d"}),
            json!({"advance_ms": 18_446_744_073_709_551_615_u64}),
        ] {
            let (status, told) = ask(&server, "POST", Some(wrong.clone())).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
            assert_eq!(told["code"], "INVALID_VALUE", "{wrong}");
        }
        let (_, clock) = ask(&server, "GET", None).await;
        assert!(ahead_s(&clock) <= 0, "{clock}");
    }
}
