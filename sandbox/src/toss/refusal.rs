//! Errors as Toss answers them: `{"code", "message"}` with the documented status. The codes and
//! statuses are those of its published table; the texts of the codes this simulator itself gives
//! follow the published ones, the others (only ever asked for by a test) are generic.

use serde::{Deserialize, Serialize};

/// In which language to answer; Korean unless asked for English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Language {
    Korean,
    English,
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its HTTP status.
    pub status: u16,
    /// Toss's code for it.
    pub code: String,
    /// The exact problem, for requests to the simulator's own routes.
    why: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    code: &'a str,
    message: &'a str,
}

impl Refusal {
    /// A documented code with its documented status. One that is not in the table is a mistake of
    /// this simulator, and looks like one: 500.
    pub(super) fn of(code: &str) -> Self {
        Self {
            status: status_of(code).unwrap_or(500),
            code: code.to_owned(),
            why: None,
        }
    }

    /// Any code with any status, as a fault dial may wish.
    pub(super) fn with_status(status: u16, code: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            why: None,
        }
    }

    /// An answer of the simulator's own routes, with the exact reason.
    pub(super) fn objecting(why: &str) -> Self {
        Self {
            why: Some(why.to_owned()),
            ..Self::of("INVALID_REQUEST")
        }
    }

    pub(super) fn json(&self, language: Language) -> String {
        let shown = Shown {
            code: &self.code,
            message: match &self.why {
                Some(why) => why,
                None => message_of(&self.code, language),
            },
        };
        serde_json::to_string(&shown).unwrap_or_default()
    }
}

/// The documented status of a documented code.
pub(super) fn status_of(code: &str) -> Option<u16> {
    TABLE
        .iter()
        .find(|(_, codes)| codes.contains(&code))
        .map(|(status, _)| *status)
}

/// The text for the buyer for a code.
pub(super) fn message_of(code: &str, language: Language) -> &'static str {
    let texts = MESSAGES
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or(GENERIC, |(_, korean, english)| (*korean, *english));
    match language {
        Language::Korean => texts.0,
        Language::English => texts.1,
    }
}

const GENERIC: (&str, &str) = (
    "요청을 처리하지 못했습니다.",
    "The request could not be processed.",
);

#[rustfmt::skip]
const MESSAGES: &[(&str, &str, &str)] = &[
    ("ALREADY_CANCELED_PAYMENT", "이미 취소된 결제 입니다.", "The payment has already been canceled."),
    ("ALREADY_PROCESSED_PAYMENT", "이미 처리된 결제 입니다.", "The payment has already been processed."),
    ("BELOW_MINIMUM_AMOUNT", "신용카드는 결제금액이 100원 이상, 계좌는 200원이상부터 결제가 가능합니다.", "The minimum is 100 won for cards and 200 won for accounts."),
    ("COMMON_ERROR", "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.", "A temporary error occurred. Please try again later."),
    ("DUPLICATED_ORDER_ID", "이미 승인 및 취소가 진행된 중복된 주문번호 입니다.", "An order with this number has already been approved or canceled."),
    ("EXCEED_MAX_AMOUNT", "거래금액 한도를 초과했습니다.", "The amount is over the limit."),
    ("EXCEED_MAX_DAILY_PAYMENT_COUNT", "하루 결제 가능 횟수를 초과했습니다.", "The number of payments per day is exceeded."),
    ("EXCEED_MAX_PAYMENT_AMOUNT", "하루 결제 가능 금액을 초과했습니다.", "The amount payable per day is exceeded."),
    ("EXCEED_MAX_VALID_HOURS", "가상계좌의 최대 유효시간을 초과했습니다.", "The virtual account may not be valid for so long."),
    ("FAILED_INTERNAL_SYSTEM_PROCESSING", "내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요.", "Internal processing failed. Please try again later."),
    ("FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", "결제가 완료되지 않았어요. 다시 시도해주세요.", "The payment was not completed. Please try again."),
    ("FORBIDDEN_REQUEST", "허용되지 않은 요청입니다.", "The request is not allowed."),
    ("IDEMPOTENT_REQUEST_PROCESSING", "이전 멱등 요청이 처리중입니다.", "An earlier request with this idempotency key is being processed."),
    ("INCORRECT_BASIC_AUTH_FORMAT", "잘못된 요청입니다. ':' 를 포함해 인코딩해주세요.", "Encode the key together with ':'."),
    ("INCORRECT_FAIL_URL_FORMAT", "잘못된 failUrl 입니다.", "The failUrl is wrong."),
    ("INCORRECT_SUCCESS_URL_FORMAT", "잘못된 successUrl 입니다.", "The successUrl is wrong."),
    ("INVALID_API_KEY", "잘못된 시크릿키 연동 정보 입니다.", "The secret key does not belong to this payment's client key."),
    ("INVALID_BANK", "유효하지 않은 은행입니다.", "The bank is not known."),
    ("INVALID_CLIENT_KEY", "잘못된 클라이언트 연동 정보 입니다.", "The client key is wrong."),
    ("INVALID_CURRENCY", "잘못된 통화 값입니다.", "The currency is wrong."),
    ("INVALID_CARD_INSTALLMENT_PLAN", "할부 개월 정보가 잘못되었습니다.", "There is no such number of instalments."),
    ("INVALID_CUSTOMER_KEY", "잘못된 customerKey 입니다.", "The customerKey is wrong."),
    ("INVALID_EASY_PAY", "잘못된 간편결제 입니다.", "There is no such wallet."),
    ("INVALID_FLOW_MODE_PARAMETERS", "자체창을 여는 파라미터가 잘못되었습니다.", "A direct window is of one wallet or one card company."),
    ("INVALID_IDEMPOTENCY_KEY", "멱등키는 300자 이하여야 합니다.", "An idempotency key has at most 300 characters."),
    ("INVALID_ORDER_ID", "orderId는 영문 대소문자, 숫자, 특수문자(-, _)만 허용합니다. 6자 이상 64자 이하여야 합니다.", "An orderId has 6 to 64 letters, digits, '-' and '_'."),
    ("INVALID_ORDER_NAME", "orderName은 100자 이하여야 합니다.", "An orderName has 1 to 100 characters."),
    ("INVALID_REFUND_ACCOUNT_INFO", "환불 계좌번호와 예금주명이 일치하지 않습니다.", "The refund account is missing or wrong."),
    ("INVALID_REFUND_ACCOUNT_NUMBER", "잘못된 환불 계좌번호입니다.", "The refund account's number is wrong."),
    ("INVALID_REJECT_CARD", "카드 사용이 거절되었습니다. 카드사 문의가 필요합니다.", "The card was declined. Please ask its issuer."),
    ("INVALID_REQUEST", "잘못된 요청입니다.", "The request is wrong."),
    ("INVALID_STOPPED_CARD", "정지된 카드 입니다.", "The card is suspended."),
    ("INVALID_TEST_CODE", "유효하지 않은 테스트 코드입니다.", "There is no such test code."),
    ("INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE", "validHours와 dueDate 중 하나만 사용할 수 있습니다.", "Use either validHours or dueDate."),
    ("NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT", "5만원 이상의 결제에서만 할부가 허용됩니다.", "Only 50,000 won and more can be paid in instalments."),
    ("NOT_ALLOWED_PARTIAL_REFUND", "에스크로 주문, 현금 카드 결제일 때는 부분 환불이 불가합니다.", "This payment cannot be refunded in part."),
    ("NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT", "입금 대기중인 결제는 부분 환불이 불가합니다.", "A payment waiting for its deposit cannot be refunded in part."),
    ("NOT_CANCELABLE_AMOUNT", "취소 할 수 없는 금액 입니다.", "The amount cannot be canceled."),
    ("NOT_CANCELABLE_PAYMENT", "취소 할 수 없는 결제 입니다.", "The payment cannot be canceled."),
    ("NOT_ENOUGH_AMOUNT", "잔액이 부족합니다.", "The balance is not enough."),
    ("NOT_FOUND", "존재하지 않는 정보 입니다.", "There is no such thing."),
    ("NOT_FOUND_PAYMENT", "존재하지 않는 결제 정보 입니다.", "There is no such payment."),
    ("NOT_FOUND_PAYMENT_SESSION", "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.", "The time for this payment is over."),
    ("NOT_MATCHES_REFUNDABLE_AMOUNT", "잔액 결과가 일치하지 않습니다.", "The refundable amount is another."),
    ("NOT_SUPPORTED_METHOD", "지원되지 않는 결제 수단입니다.", "The method is not supported."),
    ("PAY_PROCESS_ABORTED", "결제가 실패했습니다.", "The payment failed."),
    ("PAY_PROCESS_CANCELED", "사용자에 의해 결제가 취소되었습니다.", "The buyer canceled the payment."),
    ("REJECT_ACCOUNT_PAYMENT", "잔액부족으로 결제에 실패했습니다.", "The account's balance is not enough."),
    ("REJECT_CARD_COMPANY", "결제 승인이 거절되었습니다.", "The payment was declined."),
    ("REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.", "The card's limit or balance is not enough."),
    ("TOO_MANY_REQUESTS", "요청이 너무 많습니다. 잠시 후 다시 시도해주세요.", "Too many requests. Please try again later."),
    ("UNAUTHORIZED_KEY", "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.", "The key is not authorized."),
];

/// The published table of all errors, by status. `TOO_MANY_REQUESTS` is ours: the code of a 429 is
/// not published.
#[rustfmt::skip]
const TABLE: &[(u16, &[&str])] = &[
    (400, &["ACCOUNT_OWNER_CHECK_FAILED", "ALREADY_CANCELED_PAYMENT", "ALREADY_CLOSE_ACCOUNT", "ALREADY_COMPLETED_PAYMENT", "ALREADY_EXIST_SUBMALL", "ALREADY_PROCESSED_PAYMENT", "ALREADY_REFUND_PAYMENT", "ALREADY_REFUNDING_PAYMENT", "API_VERSION_UPDATE_NEEDED", "BELOW_MINIMUM_AMOUNT", "BELOW_ZERO_AMOUNT", "CARD_PROCESSING_ERROR", "DUPLICATED_CASH_RECEIPT", "DUPLICATED_ORDER_ID", "DUPLICATED_REQUEST", "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT", "EXCEED_MAX_AMOUNT", "EXCEED_MAX_CARD_INSTALLMENT_PLAN", "EXCEED_MAX_DAILY_PAYMENT_COUNT", "EXCEED_MAX_DUE_DATE", "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT", "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT", "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT", "EXCEED_MAX_PAYMENT_AMOUNT", "EXCEED_MAX_QUERY_LIMIT", "EXCEED_MAX_VALID_HOURS", "EXCEED_MIN_CARD_INSTALLMENT_PLAN", "EXCEED_UNKNOWN_CASE", "EXCEEDS_TRANSFER_AMOUNT_MAXIMUM", "FORBIDDEN_BANK_REFUND_REQUEST", "INCORRECT_FAIL_URL_FORMAT", "INCORRECT_SUCCESS_URL_FORMAT", "INVALID_ACCOUNT_INFO_RE_REGISTER", "INVALID_ACCOUNT_NOT_CORRECT_BANK", "INVALID_ACCOUNT_NUMBER", "INVALID_ACCOUNT_NUMBER_OR_UNAVAILABLE", "INVALID_API_KEY", "INVALID_AUTHORIZE_AUTH", "INVALID_AUTHORIZE_AUTH_TYPE_GIFT_CERTIFICATE", "INVALID_BANK", "INVALID_BILL_KEY_REQUEST", "INVALID_BILLING_AUTH", "INVALID_BIRTH_DAY_FORMAT", "INVALID_BUSINESS_NUMBER", "INVALID_CARD", "INVALID_CARD_COMPANY", "INVALID_CARD_EXPIRATION", "INVALID_CARD_IDENTITY", "INVALID_CARD_INSTALLMENT_AMOUNT", "INVALID_CARD_INSTALLMENT_PLAN", "INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE", "INVALID_CARD_LOST_OR_STOLEN", "INVALID_CARD_NUMBER", "INVALID_CARD_PASSWORD", "INVALID_CASH_RECEIPT_INFO", "INVALID_CLIENT_KEY", "INVALID_CURRENCY", "INVALID_CUSTOMER_KEY", "INVALID_DATE", "INVALID_EASY_PAY", "INVALID_EMAIL", "INVALID_FLOW_MODE_PARAMETERS", "INVALID_IDEMPOTENCY_KEY", "INVALID_IDENTIFICATION_TYPE", "INVALID_ISO_DATE_FORMAT", "INVALID_ORDER_ID", "INVALID_ORDER_NAME", "INVALID_PAGING_KEY", "INVALID_PAYABLE_DATE", "INVALID_PAYMENT_KEY", "INVALID_REFUND_ACCOUNT_INFO", "INVALID_REFUND_ACCOUNT_NUMBER", "INVALID_REFUND_AMOUNT", "INVALID_REJECT_CARD", "INVALID_REQUEST", "INVALID_REQUIRED_PARAM", "INVALID_STOPPED_CARD", "INVALID_SUBMALL_ID", "INVALID_SUCCESS_URL", "INVALID_TEST_CODE", "INVALID_UNREGISTERED_SUBMALL", "INVALID_URL", "INVALID_URL_FORMAT", "INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE", "INVALID_VIRTUAL_ACCOUNT_TYPE", "MAINTAINED_METHOD", "NOT_ALLOWED_HOLIDAY", "NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT", "NOT_ALLOWED_POINT_USE", "NOT_AVAILABLE_PAYMENT", "NOT_ENOUGH_AMOUNT", "NOT_FOUND_TERMINAL_ID", "NOT_MATCH_PAYEE_NAME", "NOT_MATCHES_CUSTOMER_KEY", "NOT_MATCHES_REFUNDABLE_AMOUNT", "NOT_REGISTERED_BUSINESS", "NOT_REGISTERED_SUBMALL", "NOT_SUPPORTED_CARD_TYPE", "NOT_SUPPORTED_CARRIER", "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT", "NOT_SUPPORTED_METHOD", "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN", "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT", "NOT_SUPPORTED_PROCESS", "NOT_SUPPORTED_USD", "PAY_PROCESS_ABORTED", "PAY_PROCESS_CANCELED", "PROVIDER_ERROR", "REFUND_REJECTED", "REQUIRED_ACCOUNT_KEY", "REQUIRED_AMOUNT", "RESTRICTED_TRANSFER_ACCOUNT", "UNAPPROVED_ORDER_ID", "USER_ACCOUNT_ON_HOLD"]),
    (401, &["UNAUTHORIZED_KEY"]),
    (403, &["EXCEED_CANCEL_LIMIT", "EXCEED_MAX_AUTH_COUNT", "EXCEED_MAX_ONE_DAY_AMOUNT", "EXCEED_MAX_REFUND_AMOUNT", "EXCEED_MAX_REFUND_DUE", "FDS_ERROR", "FORBIDDEN_CONSECUTIVE_REQUEST", "FORBIDDEN_REQUEST", "INCORRECT_BASIC_AUTH_FORMAT", "INVALID_PASSWORD", "NOT_ALLOWED_CHANGING_ACCOUNT", "NOT_ALLOWED_PARTIAL_REFUND", "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT", "NOT_ALLOWED_REFUND_BANK", "NOT_AVAILABLE_BANK", "NOT_CANCELABLE_AMOUNT", "NOT_CANCELABLE_PAYMENT", "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER", "NOT_SUPPORTED_REFUND", "REJECT_ACCOUNT_PAYMENT", "REJECT_CARD_COMPANY", "REJECT_CARD_PAYMENT", "REJECT_TOSSPAY_INVALID_ACCOUNT"]),
    (404, &["NOT_FOUND", "NOT_FOUND_BILLING", "NOT_FOUND_HTTP_METHOD", "NOT_FOUND_MERCHANT", "NOT_FOUND_MERCHANT_INTEGRATION", "NOT_FOUND_METHOD", "NOT_FOUND_METHOD_IN_GROUP", "NOT_FOUND_METHOD_OWNERSHIP", "NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION", "NOT_FOUND_SUBMALL", "PAYOUT_NOT_FOUND"]),
    (409, &["IDEMPOTENT_REQUEST_PROCESSING"]),
    (429, &["TOO_MANY_REQUESTS"]),
    (500, &["COMMON_ERROR", "FAILED_BILL_KEY_AUTH_CREATION", "FAILED_BILLING_AUTO_CANCEL", "FAILED_DB_PROCESSING", "FAILED_HASH_DATA_CREATION", "FAILED_INTERNAL_SYSTEM_PROCESSING", "FAILED_METHOD_HANDLING", "FAILED_METHOD_HANDLING_CANCEL", "FAILED_PARTIAL_REFUND", "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", "FAILED_REFUND_PROCESS", "UNKNOWN_ERROR", "UNKNOWN_PAYMENT_ERROR"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_status_and_every_text_a_code() {
        let all: Vec<_> = TABLE.iter().flat_map(|(_, codes)| *codes).collect();
        let once: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), once.len());
        for (code, ..) in MESSAGES {
            assert!(status_of(code).is_some(), "{code}");
        }
    }
}
