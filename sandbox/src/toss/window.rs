//! The payment window, as the SDK opens it and as a buyer leaves it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Toss,
    address::{fail_url, is_http, success_url},
    card,
    payment::{Method, Pair, Payment, Status, Window},
    refusal::{Language, Refusal},
    when,
};

/// The SDK's parameters for a window, in the first and the second version's form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OpenWindow {
    /// The shop's; checked where it is given.
    pub client_key: Option<String>,
    /// `CARD` or `카드`; a card's, if absent, and then the buyer may choose.
    pub method: Option<String>,
    /// The amount to pay.
    pub amount: Option<Amount>,
    /// The shop's number for it.
    pub order_id: String,
    /// The order's name.
    pub order_name: String,
    /// The buyer.
    pub customer_key: Option<String>,
    /// The buyer's name.
    pub customer_name: Option<String>,
    /// The buyer's telephone number.
    pub customer_mobile_phone: Option<String>,
    /// How much is not taxed.
    pub tax_free_amount: Option<i64>,
    /// How much no tax is reckoned of.
    pub tax_exemption_amount: Option<i64>,
    /// The gateway's own escrow.
    pub use_escrow: bool,
    /// How long a virtual account takes money; a week, if absent.
    pub valid_hours: Option<i64>,
    /// Which easy pay.
    pub easy_pay: Option<String>,
    /// `DEFAULT` or `DIRECT`; the first, if absent.
    pub flow_mode: Option<String>,
    /// Which card's own window.
    pub card_company: Option<String>,
    /// In how many months, settled beforehand: 0 or 2 to 12.
    pub card_installment_plan: Option<u8>,
    /// In at most how many months, for the buyer to choose.
    pub max_card_installment_plan: Option<u8>,
    /// Returned with the payment.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The address after a success.
    pub success_url: Option<String>,
    /// The address after anything else.
    pub fail_url: Option<String>,
    /// The origin of the page that waits for a message, where there are no URLs.
    pub opener: Option<String>,
}

/// 1000, or with a currency.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// Won.
    Won(i64),
    /// Of a currency.
    Of {
        /// How much.
        value: i64,
        /// `KRW`
        currency: String,
    },
}

/// No payment is larger.
const AMOUNT_MAX: i64 = 9_999_999_999;
const VALID_HOURS_MAX: i64 = 2_160;
const VALID_HOURS: i64 = 168;

impl Toss {
    pub(super) fn opened(&mut self, now_ms: i64, open: &OpenWindow) -> Result<String, Refusal> {
        let pair = self.pair_of(open.client_key.as_deref())?;
        let method = match &open.method {
            None => Method::Card,
            Some(said) => Method::parse(said).ok_or_else(|| Refusal::of("NOT_SUPPORTED_METHOD"))?,
        };
        let amount = checked_amount(open, method)?;
        let card = card::checked(open, method, amount)?;
        check_names(open)?;
        check_urls(open)?;
        let valid_hours = open.valid_hours.unwrap_or(VALID_HOURS);
        if !(1..=VALID_HOURS_MAX).contains(&valid_hours) {
            return Err(Refusal::of("EXCEED_MAX_VALID_HOURS"));
        }
        if self.state.order_is_taken(&open.order_id, None) {
            return Err(Refusal::of("DUPLICATED_ORDER_ID"));
        }
        let tax_free = open.tax_free_amount.unwrap_or(0);
        let key = format!("tgen_{}{}", when::digits(now_ms), self.random_key(12));
        self.state.put(Payment {
            key: key.clone(),
            order_id: open.order_id.clone(),
            order_name: open.order_name.clone(),
            pair,
            amount,
            tax_free,
            tax_exemption: open.tax_exemption_amount.unwrap_or(0),
            method: card.method,
            easy_pay: card.easy_pay,
            installments: card.installments,
            use_escrow: open.use_escrow,
            customer_name: open.customer_name.clone(),
            customer_phone: open.customer_mobile_phone.clone(),
            valid_hours,
            metadata: open.metadata.clone(),
            window: Window {
                success_url: open.success_url.clone(),
                fail_url: open.fail_url.clone(),
                opener: open.opener.clone(),
                left: false,
            },
            status: Status::Ready,
            requested_at_ms: now_ms,
            authenticated_at_ms: None,
            approved_at_ms: None,
            balance: amount,
            tax_free_balance: tax_free,
            cancels: Vec::new(),
            instrument: None,
            secret: None,
            last_transaction_key: None,
            failure: None,
            decline: None,
            taken_times: 0,
            taken: 0,
            returned: 0,
            hidden: None,
        });
        Ok(key)
    }

    fn pair_of(&self, client_key: Option<&str>) -> Result<Pair, Refusal> {
        match (client_key, &self.settings.widget_keys) {
            (None, _) => Ok(Pair::Api),
            (Some(key), _) if key == self.settings.client_key => Ok(Pair::Api),
            (Some(key), Some((widget, _))) if key == widget => Ok(Pair::Widget),
            (Some(key), _) => {
                let other = self.settings.other_shop.as_ref();
                let other = other.filter(|shop| shop.client_key == key);
                other
                    .map(|_| Pair::OtherShop)
                    .ok_or_else(|| Refusal::of("INVALID_CLIENT_KEY"))
            }
        }
    }

    /// The buyer is authenticated: where the window leads. Doing it again changes nothing.
    pub(super) fn authenticated(
        &mut self,
        now_ms: i64,
        key: &str,
        method: Option<&str>,
        decline: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let mut payment = self.at_window(key)?;
        if payment.status == Status::Ready {
            if let Some(said) = method {
                payment.method =
                    Method::parse(said).ok_or_else(|| Refusal::of("NOT_SUPPORTED_METHOD"))?;
            }
            payment.status = Status::InProgress;
            payment.authenticated_at_ms = Some(now_ms);
            payment.decline = decline.map(str::to_owned);
            self.state.put(payment.clone());
        }
        Ok(success_url(&payment))
    }

    /// The buyer leaves the window with an error: where it leads. The payment stays as it is, and
    /// expires.
    pub(super) fn left(
        &mut self,
        key: &str,
        code: &str,
        language: Language,
    ) -> Result<Option<String>, Refusal> {
        let mut payment = self.at_window(key)?;
        if payment.status != Status::Ready {
            return Err(Refusal::of("NOT_FOUND_PAYMENT_SESSION"));
        }
        payment.window.left = true;
        self.state.put(payment.clone());
        Ok(fail_url(&payment, code, language))
    }

    /// The payment whose window is still good for something.
    fn at_window(&self, key: &str) -> Result<Payment, Refusal> {
        let payment = self
            .state
            .payment(key)
            .ok_or_else(|| Refusal::of("NOT_FOUND_PAYMENT"))?;
        let open = matches!(payment.status, Status::Ready | Status::InProgress);
        if !open || payment.window.left {
            return Err(Refusal::of("NOT_FOUND_PAYMENT_SESSION"));
        }
        Ok(payment.clone())
    }
}

fn checked_amount(open: &OpenWindow, method: Method) -> Result<i64, Refusal> {
    let amount = match &open.amount {
        Some(Amount::Won(value)) => *value,
        Some(Amount::Of { value, currency }) if currency == "KRW" => *value,
        Some(Amount::Of { .. }) => return Err(Refusal::of("INVALID_CURRENCY")),
        None => return Err(Refusal::of("REQUIRED_AMOUNT")),
    };
    if amount < method.minimum() {
        return Err(Refusal::of("BELOW_MINIMUM_AMOUNT"));
    }
    if amount > AMOUNT_MAX {
        return Err(Refusal::of("EXCEED_MAX_AMOUNT"));
    }
    let untaxed = [open.tax_free_amount, open.tax_exemption_amount];
    if untaxed
        .into_iter()
        .flatten()
        .any(|part| !(0..=amount).contains(&part))
    {
        return Err(Refusal::of("INVALID_REQUEST"));
    }
    Ok(amount)
}

fn check_names(open: &OpenWindow) -> Result<(), Refusal> {
    let of = |text: &str, extra: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || extra.contains(letter))
    };
    if !(6..=64).contains(&open.order_id.len()) || !of(&open.order_id, "-_=") {
        return Err(Refusal::of("INVALID_ORDER_ID"));
    }
    if !(1..=100).contains(&open.order_name.chars().count()) {
        return Err(Refusal::of("INVALID_ORDER_NAME"));
    }
    if let Some(key) = &open.customer_key
        && !((2..=300).contains(&key.len()) && of(key, "-_=.@"))
    {
        return Err(Refusal::of("INVALID_CUSTOMER_KEY"));
    }
    let metadata_fits = open.metadata.as_ref().is_none_or(|metadata| {
        let pair_fits = |(key, value): (&String, &String)| {
            key.chars().count() <= 40 && value.chars().count() <= 2_000
        };
        metadata.len() <= 5 && metadata.iter().all(pair_fits)
    });
    let short = [&open.customer_name, &open.customer_mobile_phone]
        .into_iter()
        .flatten()
        .all(|text| text.chars().count() <= 100);
    if !metadata_fits || !short {
        return Err(Refusal::of("INVALID_REQUEST"));
    }
    Ok(())
}

fn check_urls(open: &OpenWindow) -> Result<(), Refusal> {
    if open.success_url.as_deref().is_some_and(|url| !is_http(url)) {
        return Err(Refusal::of("INCORRECT_SUCCESS_URL_FORMAT"));
    }
    if open.fail_url.as_deref().is_some_and(|url| !is_http(url))
        || open.success_url.is_some() != open.fail_url.is_some()
    {
        return Err(Refusal::of("INCORRECT_FAIL_URL_FORMAT"));
    }
    if open.opener.as_deref().is_some_and(|url| !is_http(url)) {
        return Err(Refusal::of("INVALID_URL_FORMAT"));
    }
    Ok(())
}
