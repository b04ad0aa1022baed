//! What `--sandbox` prints at the start: addresses, and a curl that can be pasted.

use std::net::SocketAddr;

use crate::config::Config;

/// The text. It shows sandbox secrets, which open nothing but this machine's sandbox.
pub fn text(config: &Config, address: SocketAddr) -> Option<String> {
    if !config.settings.server.sandbox {
        return None;
    }
    let merchant = config.secrets.merchants.first()?;
    let secrets = config
        .sandbox_secrets
        .as_ref()
        .map_or_else(String::new, |file| file.display().to_string());
    let key = merchant.secret.expose();
    Some(format!(
        r#"
Daegeum is taking (mock) payments.
  API          http://{address}/api/v1
  Reference    http://{address}/docs
  Clock        http://{address}/sandbox/clock   POST {{"advance":"30m"}} moves it
  Secrets      {secrets}

Try it:
  KEY='{key}'
  curl -sH "Authorization: Bearer $KEY" -H 'Content-Type: application/json' http://{address}/api/v1/orders -d '{{
    "order_id":"ORD-1","buyer_id":"buyer-1","currency":"KRW","total":11000,"capture":"automatic",
    "lines":[{{"name":"수채화 강의","quantity":1,"unit_price":11000,"tax":"taxable"}}]}}'
  PAY=$(curl -sH "Authorization: Bearer $KEY" -H 'Content-Type: application/json' http://{address}/api/v1/payments -d '{{
    "order_id":"ORD-1","amount":11000,"idempotency_key":"try-1"}}' | sed 's/.*"payment_id":"\([^"]*\)".*/\1/')
  curl -sH "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
    http://{address}/api/v1/payments/$PAY/mock/complete -d '{{"result":"SUCCESS"}}'
"#
    ))
}
