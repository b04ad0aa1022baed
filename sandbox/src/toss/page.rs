//! The payment window as a browser sees it: opened by the SDK with a query, left by a form. Korean,
//! or English for those who ask. Everything from outside is escaped.

mod words;

use std::fmt::Write;

use bytes::Bytes;
use http::{Method as Verb, Request, Response};

use self::words::{Words, words};
use super::{
    Toss,
    address::{failing, is_http},
    api::language_of,
    payment::{Method, Pair, Payment, Status},
    refusal::{Language, Refusal, message_of},
    reply,
    window::OpenWindow,
};

const STYLE: &str = include_str!("window.css");
const SCRIPT: &str = include_str!("window.js");

/// The codes a person can choose to be declined with.
const CODES: &[&str] = &[
    "REJECT_CARD_COMPANY",
    "REJECT_CARD_PAYMENT",
    "REJECT_ACCOUNT_PAYMENT",
    "INVALID_STOPPED_CARD",
    "INVALID_REJECT_CARD",
    "NOT_ENOUGH_AMOUNT",
    "EXCEED_MAX_AMOUNT",
    "EXCEED_MAX_DAILY_PAYMENT_COUNT",
    "EXCEED_MAX_PAYMENT_AMOUNT",
    "PAY_PROCESS_ABORTED",
    "FAILED_INTERNAL_SYSTEM_PROCESSING",
];

impl Toss {
    /// A page, if the path is one's.
    pub(super) fn page(
        &mut self,
        now_ms: i64,
        method: &Verb,
        path: &[&str],
        request: &Request<Bytes>,
    ) -> Option<Response<Bytes>> {
        let words = words(language_of(request.headers()));
        Some(match (method, path) {
            (&Verb::GET, ["window.css"]) => reply::asset("text/css;charset=UTF-8", STYLE),
            (&Verb::GET, ["window.js"]) => reply::asset("text/javascript;charset=UTF-8", SCRIPT),
            (&Verb::GET, ["window"]) => self.open_page(now_ms, request, words),
            (&Verb::GET, ["pay", key]) => self.window_page(key, words),
            (&Verb::POST, ["pay", key]) => self.leave_page(now_ms, key, request, words),
            (&Verb::GET, ["receipts", key]) => self.receipt_page(key, words),
            _ => return None,
        })
    }

    /// Opened once; the browser is sent to the window's own address, which it may load again.
    fn open_page(
        &mut self,
        now_ms: i64,
        request: &Request<Bytes>,
        words: &Words,
    ) -> Response<Bytes> {
        let query = request.uri().query().unwrap_or_default();
        let asked = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "request")
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default();
        let Ok(open) = serde_json::from_str::<OpenWindow>(&asked) else {
            return sorry(&Refusal::of("INVALID_REQUEST"), words);
        };
        let opened = if open.client_key.is_none() {
            Err(Refusal::of("INVALID_CLIENT_KEY"))
        } else {
            self.opened(now_ms, &open)
        };
        match (opened, &open.fail_url) {
            (Ok(key), _) => reply::see_other(&format!("/sandbox/pay/{key}")),
            (Err(refusal), Some(url)) if is_http(url) => reply::see_other(&failing(
                url,
                &refusal.code,
                Some(&open.order_id),
                words.language,
            )),
            (Err(refusal), _) => sorry(&refusal, words),
        }
    }

    fn window_page(&self, key: &str, words: &Words) -> Response<Bytes> {
        match self.state.payment(key) {
            Some(payment) if payment.status == Status::Ready && !payment.window.left => {
                reply::html(200, self.window(payment, words))
            }
            Some(_) => sorry(&Refusal::of("NOT_FOUND_PAYMENT_SESSION"), words),
            None => sorry(&Refusal::of("NOT_FOUND_PAYMENT"), words),
        }
    }

    fn leave_page(
        &mut self,
        now_ms: i64,
        key: &str,
        request: &Request<Bytes>,
        words: &Words,
    ) -> Response<Bytes> {
        let field = |name: &str| {
            form_urlencoded::parse(request.body())
                .find(|(field, _)| field == name)
                .map(|(_, value)| value.into_owned())
        };
        let code = field("code").filter(|code| CODES.contains(&code.as_str()));
        let action = field("action").unwrap_or_default();
        let decline = code
            .clone()
            .unwrap_or_else(|| "REJECT_CARD_COMPANY".to_owned());
        let led = match action.as_str() {
            "approve" => self.authenticated(now_ms, key, field("method").as_deref(), None),
            "approve-then-decline" => self.authenticated(
                now_ms,
                key,
                field("method").as_deref(),
                Some(decline.as_str()),
            ),
            "decline" => self.left(key, &decline, words.language),
            "cancel" => self.left(key, "PAY_PROCESS_CANCELED", words.language),
            _ => Err(Refusal::of("INVALID_REQUEST")),
        };
        match led {
            Ok(Some(url)) => reply::see_other(&url),
            Ok(None) => {
                let failed = match action.as_str() {
                    "cancel" => Some("USER_CANCEL".to_owned()),
                    "decline" => Some(decline),
                    _ => None,
                };
                self.tell_opener(key, failed.as_deref(), words)
            }
            Err(refusal) => sorry(&refusal, words),
        }
    }

    /// There are no URLs: a script tells the page that opened the window, and closes it.
    fn tell_opener(&self, key: &str, failed: Option<&str>, words: &Words) -> Response<Bytes> {
        let Some(payment) = self.state.payment(key) else {
            return sorry(&Refusal::of("NOT_FOUND_PAYMENT"), words);
        };
        let mut body = String::new();
        let _ = write!(
            body,
            "<main id=\"told\" data-opener=\"{}\" data-payment-key=\"{}\" data-order-id=\"{}\" \
             data-amount=\"{}\" data-payment-type=\"{}\" data-code=\"{}\" data-message=\"{}\">\
             <p role=\"status\">{}</p></main><script src=\"/sandbox/window.js\"></script>",
            escaped(payment.window.opener.as_deref().unwrap_or_default()),
            escaped(&payment.key),
            escaped(&payment.order_id),
            payment.amount,
            if payment.pair == Pair::Widget {
                "NORMAL"
            } else {
                ""
            },
            escaped(failed.unwrap_or_default()),
            escaped(failed.map_or("", |code| message_of(code, words.language))),
            words.close,
        );
        reply::html(200, document(words, &body))
    }

    fn receipt_page(&self, key: &str, words: &Words) -> Response<Bytes> {
        match self
            .state
            .payment(key)
            .filter(|payment| payment.was_approved())
        {
            Some(payment) => {
                let bought = self.bought(payment, words);
                let body = format!("<main><h1>{}</h1>{bought}</main>", words.receipt);
                reply::html(200, document(words, &body))
            }
            None => sorry(&Refusal::of("NOT_FOUND_PAYMENT"), words),
        }
    }

    fn window(&self, payment: &Payment, words: &Words) -> String {
        let bought = self.bought(payment, words);
        let methods = choice(payment, words);
        let mut codes = String::new();
        for code in CODES {
            let text = escaped(message_of(code, words.language));
            let _ = write!(codes, "<option value=\"{code}\">{text} · {code}</option>");
        }
        let body = format!(
            "<main><h1>{title}</h1>{bought}<form method=\"post\" action=\"/sandbox/pay/{key}\">\
             {methods}<button class=\"first\" name=\"action\" value=\"approve\">{approve}</button>\
             <fieldset><legend>{decline_how}</legend>\
             <label for=\"code\">{reason}</label><select id=\"code\" name=\"code\">{codes}</select>\
             <button name=\"action\" value=\"decline\">{decline}</button>\
             <button name=\"action\" value=\"approve-then-decline\">{later}</button></fieldset>\
             <button name=\"action\" value=\"cancel\">{cancel}</button></form></main>",
            title = words.title,
            key = escaped(&payment.key),
            approve = words.approve,
            decline_how = words.decline_how,
            reason = words.reason,
            decline = words.decline,
            later = words.decline_later,
            cancel = words.cancel,
        );
        document(words, &body)
    }

    fn bought(&self, payment: &Payment, words: &Words) -> String {
        format!(
            "<dl><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt>\
             <dd class=\"amount\">{}</dd><dt>{}</dt><dd class=\"number\">{}</dd></dl>",
            words.shop,
            escaped(&self.settings.shop_name),
            words.bought,
            escaped(&payment.order_name),
            words.amount,
            won(payment.amount, words.language),
            words.order,
            escaped(&payment.order_id),
        )
    }
}

/// One method is what the shop asked for; a card's window also has easy pay, and the widget's all.
fn choice(payment: &Payment, words: &Words) -> String {
    let offered: &[Method] = match (payment.pair, payment.method) {
        (Pair::Widget, _) => &Method::ALL,
        (Pair::Api | Pair::OtherShop, Method::Card) => &[Method::Card, Method::EasyPay],
        (Pair::Api | Pair::OtherShop, _) => &[payment.method],
    };
    let mut choice = format!("<fieldset><legend>{}</legend>", words.method);
    for method in offered {
        let checked = if *method == payment.method {
            " checked"
        } else {
            ""
        };
        let _ = write!(
            choice,
            "<label class=\"method\"><input type=\"radio\" name=\"method\" \
             value=\"{}\"{checked}> {}{}</label>",
            method.code(),
            match words.language {
                Language::Korean => method.korean(),
                Language::English => in_english(*method),
            },
            settled(payment, *method, words),
        );
    }
    choice.push_str("</fieldset>");
    choice
}

/// What the shop has settled of this way to pay.
fn settled(payment: &Payment, method: Method, words: &Words) -> String {
    match (method, payment.easy_pay.as_deref(), payment.installments) {
        (Method::EasyPay, Some(wallet), _) => format!(" · {}", escaped(wallet)),
        (Method::Card, _, Some(0)) => format!(" · {}", words.at_once),
        (Method::Card, _, Some(months)) => format!(" · {months}{}", words.months),
        _ => String::new(),
    }
}

fn in_english(method: Method) -> &'static str {
    match method {
        Method::Card => "Card",
        Method::VirtualAccount => "Virtual account",
        Method::EasyPay => "Easy pay",
        Method::MobilePhone => "Mobile phone",
        Method::Transfer => "Bank transfer",
        Method::CultureGiftCertificate => "Culture gift certificate",
        Method::BookGiftCertificate => "Book gift certificate",
        Method::GameGiftCertificate => "Game gift certificate",
    }
}

fn sorry(refusal: &Refusal, words: &Words) -> Response<Bytes> {
    let body = format!(
        "<main><h1>{}</h1><p role=\"alert\">{}</p><p class=\"number\">{}</p></main>",
        words.sorry,
        escaped(message_of(&refusal.code, words.language)),
        escaped(&refusal.code),
    );
    reply::html(refusal.status, document(words, &body))
}

fn document(words: &Words, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><link rel=\"stylesheet\" href=\"/sandbox/window.css\"></head>\
         <body><p class=\"simulator\">{}</p>{body}</body></html>",
        words.tag, words.title, words.simulator,
    )
}

/// `10,000원`
fn won(amount: i64, language: Language) -> String {
    let digits = amount.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match language {
        Language::Korean => format!("{grouped}원"),
        Language::English => format!("₩{grouped}"),
    }
}

/// Safe in an element and in a quoted attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}
