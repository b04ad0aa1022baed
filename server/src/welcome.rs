//! The text that `--sandbox` prints at the start: addresses, and commands that take a payment.
//!
//! The commands can be pasted unchanged, all at once and more than once, into any POSIX shell or zsh: each order has
//! its own id, no click is needed in between, and there are no comments (zsh would run them as commands).

use std::net::SocketAddr;

use crate::config::Config;
use crate::pages;

/// The text. It shows sandbox secrets, which open nothing but this machine's sandbox.
pub fn text(config: &Config, address: SocketAddr) -> Option<String> {
    if !config.settings.server.sandbox {
        return None;
    }
    let key = config.secrets.merchants.first()?.secret.expose();
    let secrets = config.sandbox_secrets.as_ref();
    let secrets = secrets.map_or_else(String::new, |file| file.display().to_string());
    let simulator = config
        .toss_is_simulated()
        .then(|| config.settings.toss.base_url.as_str());
    let shown = simulator.map_or_else(String::new, about_simulator);
    let open_shop = if pages::are_built() {
        "open it in a browser and buy something"
    } else {
        "not built in: run `cargo xtask pages` and build again"
    };
    let payment = simulator.map_or_else(pay_by_mock, pay_by_toss);
    Some(format!(
        r#"
Daegeum is taking payments; no money moves.
  Shop         http://{address}/shop   {open_shop}
  API          http://{address}/api/v1
  Reference    http://{address}/docs/
  Clock        http://{address}/sandbox/clock   POST {{"advance":"30m"}} moves it
{shown}  Secrets      {secrets}

Try it; these lines can be pasted all at once, with the shell's curl and sed:
  API=http://{address}/api/v1
  ORDER=ORD-$(date +%s)-$$
  call() {{ curl -sSH 'Authorization: Bearer {key}' -H 'Content-Type: application/json' "$@"; echo; }}
  call $API/orders -d '{{"order_id":"'$ORDER'","buyer_id":"buyer-1","currency":"KRW","total":11000,"capture":"automatic",
    "lines":[{{"name":"수채화 강의","quantity":1,"unit_price":11000,"tax":"taxable"}}]}}'
{payment}  call $API/orders/$ORDER
"#
    ))
}

fn about_simulator(simulator: &str) -> String {
    format!(
        "  Toss         {simulator}   simulated; its books at /sandbox/books, its faults at /sandbox/faults\n  \
           Toss window  {simulator}/sandbox/pay/…   one for each payment, opened by the browser script or as below\n"
    )
}

/// A checkout, its window, the buyer's approval there, and their return, by the fields that the next step needs.
fn pay_by_toss(simulator: &str) -> String {
    format!(
        r#"  PAY=$(call $API/payments/sessions -d '{{"order_id":"'$ORDER'"}}' | sed 's/.*"payment_id":"\([^"]*\)".*/\1/')
  WINDOW=$(curl -sSH 'Content-Type: application/json' {simulator}/sandbox/windows -d '{{"method":"CARD","amount":11000,"orderId":"'$PAY'","orderName":"수채화 강의"}}' |
    sed 's/.*"url":"\([^"]*\)".*/\1/')
  curl -sS -o /dev/null -d action=approve $WINDOW
  call $API/payments/confirm -d '{{"payment_key":"'${{WINDOW##*/}}'","order_id":"'$PAY'","amount":11000}}'
"#
    )
}

fn pay_by_mock() -> String {
    r#"  PAY=$(call $API/payments -d '{"order_id":"'$ORDER'","amount":11000,"idempotency_key":"'$ORDER'"}' |
    sed 's/.*"payment_id":"\([^"]*\)".*/\1/')
  call $API/payments/$PAY/mock/complete -d '{"result":"SUCCESS"}'
"#
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Purpose};
    use crate::world::ManualWorld;

    fn sandbox(environment: &[(&str, &str)]) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let flags = Flags {
            sandbox: true,
            data: Some(folder.path().to_owned()),
            ..Flags::default()
        };
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(&flags, environment, Purpose::Show, &ManualWorld::new(0, 7)).unwrap()
    }

    #[test]
    fn the_sandbox_says_where_its_simulator_is() {
        let simulator: SocketAddr = "127.0.0.1:4100".parse().unwrap();
        let config = sandbox(&[]).with_toss_at(simulator);
        let text = text(&config, "127.0.0.1:8080".parse().unwrap()).unwrap();
        for line in [
            "Shop         http://127.0.0.1:8080/shop ",
            "API          http://127.0.0.1:8080/api/v1\n",
            "Reference    http://127.0.0.1:8080/docs/\n",
            "Toss         http://127.0.0.1:4100 ",
            "http://127.0.0.1:4100/sandbox/windows",
            config.secrets.merchants[0].secret.expose(),
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_toss_that_was_configured_is_left_alone() {
        let config = sandbox(&[
            (
                "DAEGEUM_GATEWAYS_TOSS_SECRET_KEY",
                "test_sk_0123456789abcdef",
            ),
            (
                "DAEGEUM_GATEWAYS_TOSS_CLIENT_KEY",
                "test_ck_0123456789abcdef",
            ),
        ]);
        let text = text(&config, "127.0.0.1:8080".parse().unwrap()).unwrap();
        assert!(
            text.contains("mock/complete") && !text.contains("/sandbox/windows"),
            "{text}"
        );
        assert!(!text.contains("test_sk_"), "{text}");
    }
}
