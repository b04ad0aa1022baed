//! Refunds: requesting one.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use daegeum_engine::amounts::Portion;
use daegeum_engine::command::{Command, NewRefund, RefundOf};
use daegeum_engine::rejection::Rejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::RefundSchema;
use super::{answer, payments, remark, vocabulary};
use crate::app::{App, Asked};
use crate::http::{
    BodyKey, HttpErrorCode, Integer, KeyHeader, Office, OptionalJson, Principal, Problem,
    RequestContext,
};
use crate::keyed;

/// A refund to request: of an amount, of amounts by kind, or of all that is left.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefundBody {
    /// How much. It is shared between taxed and other money in proportion to what is left of each. Without it and
    /// without `components`, all that is left is refunded.
    #[serde(default)]
    #[schema(value_type = Option<vocabulary::PositiveMinorUnits>)]
    amount: Option<Integer>,
    /// How much of each kind, instead of `amount`.
    #[serde(default)]
    components: Option<Components>,
    /// Why, for the merchant's own records: 1 to 500 characters, stored sealed.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
    /// The idempotency key; it may be sent in the header `Idempotency-Key` instead.
    #[serde(default, skip_serializing_if = "BodyKey::is_beside_the_request")]
    #[schema(value_type = vocabulary::IdempotencyKey)]
    idempotency_key: BodyKey,
}

/// An amount by kind.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Components {
    /// Of what is taxed, VAT included; 0 if absent.
    #[serde(default)]
    #[schema(value_type = Option<vocabulary::MinorUnits>)]
    taxable: Option<Integer>,
    /// Of what bears no VAT; 0 if absent.
    #[serde(default)]
    #[schema(value_type = Option<vocabulary::MinorUnits>)]
    tax_free: Option<Integer>,
}

/// Refunds captured money, all of it or a part. A payment has one refund at a time: while one has no outcome, another
/// is refused.
#[utoipa::path(post, path = "/api/v1/payments/{payment_id}/refund", tag = "payments",
    responses((status = 200, body = RefundSchema), (status = 202, body = RefundSchema)))]
pub async fn request(
    State(app): State<Arc<App>>,
    Office(who): Office,
    context: RequestContext,
    KeyHeader(headers): KeyHeader,
    Path(payment_id): Path<String>,
    OptionalJson(body): OptionalJson<NewRefundBody>,
) -> Result<Response, Problem> {
    let route = ["POST /api/v1/payments/refund ", &payment_id].concat();
    let fingerprint = keyed::fingerprint(&route, &body)?;
    let key = keyed::optional(&headers, &body.idempotency_key, &who, fingerprint)?;
    let command = Command::RefundPayment {
        payment_id: payments::parse(&payment_id)?,
        refund: body.check(&app, &who)?,
    };
    let asked = Asked {
        command,
        keyed: keyed::of(key.as_ref()),
        request_id: context.id.as_str(),
    };
    answer::refund_when_answered(&app, app.execute(asked).await?).await
}

impl NewRefundBody {
    fn check(self, app: &App, who: &Principal) -> Result<NewRefund, Problem> {
        let of = match (self.amount, self.components) {
            (None, None) => RefundOf::AllThatIsLeft,
            (Some(amount), None) => RefundOf::Amount(minor(amount, "amount")?),
            (None, Some(components)) => RefundOf::Portion(components.check()?),
            (Some(_), Some(_)) => {
                let problem = Problem::from(HttpErrorCode::InvalidValue);
                return Err(problem.at("components", "either `amount` or `components`, not both"));
            }
        };
        let reason = self.reason.as_deref();
        let reason = reason.map(|reason| remark::sealed(app, reason, "reason"));
        Ok(NewRefund {
            of,
            asked_by: who.name().into(),
            reason: reason.transpose()?,
        })
    }
}

impl Components {
    fn check(self) -> Result<Portion, Problem> {
        let minor = |sent: Option<Integer>, field| sent.map_or(Ok(0), |sent| minor(sent, field));
        Ok(Portion {
            taxable: minor(self.taxable, "components.taxable")?,
            tax_free: minor(self.tax_free, "components.tax_free")?,
            ..Portion::default()
        })
    }
}

/// An amount in the payment's own currency.
fn minor(sent: Integer, field: &str) -> Result<u64, Problem> {
    let minor = u64::try_from(sent.get());
    minor.map_err(|_| answer::problem_at(&Rejection::SumOutOfRange, field))
}
