//! The two inquiries. They change nothing but how often a hidden state is still shown.

use super::{
    Toss,
    api::Answer,
    payment::{Pair, Payment},
    refusal::{Language, Refusal},
    show::{self, Shop},
};

impl Toss {
    pub(super) fn inquire(
        &mut self,
        now_ms: i64,
        language: Language,
        key: Option<&str>,
        pair: Pair,
    ) -> Answer {
        let payment = key
            .and_then(|key| self.known_payment(key, pair))
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        if payment.hidden.is_none() {
            return Ok(self.shown(payment, now_ms, language));
        }
        let mut payment = payment.clone();
        let seen = see(&mut payment, now_ms);
        let shown = self.shown(seen.as_ref().unwrap_or(&payment), now_ms, language);
        self.state.put(payment);
        Ok(shown)
    }

    pub(super) fn shown(&self, payment: &Payment, now_ms: i64, language: Language) -> String {
        show::json(payment, &self.shop_of(payment), now_ms, language)
    }

    pub(super) fn shop_of(&self, payment: &Payment) -> Shop<'_> {
        let merchant_id = match (payment.pair, &self.settings.other_shop) {
            (Pair::OtherShop, Some(shop)) => &shop.merchant_id,
            _ => &self.settings.merchant_id,
        };
        Shop {
            merchant_id,
            base_url: &self.settings.base_url,
        }
    }
}

/// The hidden earlier state to show instead of the payment, if there is one; uses up one of its reads.
fn see(payment: &mut Payment, now_ms: i64) -> Option<Payment> {
    let mut hidden = payment.hidden.take()?;
    let in_time = hidden.until_ms.is_none_or(|until_ms| now_ms < until_ms);
    let looks_left = hidden.reads_left.is_none_or(|reads| reads > 0);
    if !in_time || !looks_left {
        return None;
    }
    hidden.reads_left = hidden.reads_left.map(|reads| reads.saturating_sub(1));
    let earlier = hidden.earlier.clone();
    payment.hidden = Some(hidden);
    Some(earlier)
}
