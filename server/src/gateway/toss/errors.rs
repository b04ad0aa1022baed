//! Every error code that Toss documents, with its meaning for the call and its text for the buyer.
//!
//! "Certain" is the dangerous value: it lets an order be paid again. So it stands only where the gateway refuses
//! before anything is done; errors behind the gateway, "not found", and "already done" lead to an inquiry instead.

mod words;

use std::fmt::{self, Write as _};

use daegeum_engine::event::FailureCode;

use super::super::{Explanation, NOT_SENT};
use Certainty::{Certain, Unknown};
#[allow(clippy::wildcard_imports, reason = "the table below is made of them")]
use words::*;

/// The meaning of a code for the call that got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It was certainly not done.
    Certain,
    /// It may have been done: ask.
    Unknown,
}

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct ErrorEntry {
    /// The HTTP status it is documented under; 0 where the code is ours.
    pub status: u16,
    /// Its name.
    pub code: &'static str,
    /// Its meaning for the call that got it.
    pub certainty: Certainty,
    /// Its text for the buyer.
    pub words: &'static Explanation,
}

const fn said(
    status: u16,
    code: &'static str,
    certainty: Certainty,
    words: &'static Explanation,
) -> ErrorEntry {
    ErrorEntry {
        status,
        code,
        certainty,
        words,
    }
}

/// The status of an expired payment; used as a failure code if Toss gives none.
pub const EXPIRED: &str = "EXPIRED";
/// The status of a refused payment; used as a failure code if Toss gives none.
pub const ABORTED: &str = "ABORTED";

/// A cancel that Toss began and aborted.
pub const CANCEL_ABORTED: &str = "CANCEL_ABORTED";
/// A cancel that Toss does not know of when it is too late to make it.
pub const CANCEL_NOT_DONE: &str = "CANCEL_NOT_DONE";

/// A confirmation of something that is no payment of its order, when it is too late to make it.
pub const NOT_THIS_PAYMENT: &str = "NOT_THIS_PAYMENT";

/// Not a status: the code is ours.
const OURS: u16 = 0;

/// Every documented code, by status and name, and then ours.
#[rustfmt::skip]
pub const CODES: &[ErrorEntry] = &[
    // 400
    said(400, "ACCOUNT_OWNER_CHECK_FAILED", Certain, &ACCOUNT_DETAILS),
    said(400, "ALREADY_CANCELED_PAYMENT", Unknown, &DONE_BEFORE),
    said(400, "ALREADY_CLOSE_ACCOUNT", Certain, &ACCOUNT_UNUSABLE),
    said(400, "ALREADY_COMPLETED_PAYMENT", Unknown, &DONE_BEFORE),
    said(400, "ALREADY_EXIST_SUBMALL", Certain, &SHOP_SETTINGS),
    said(400, "ALREADY_PROCESSED_PAYMENT", Unknown, &DONE_BEFORE),
    said(400, "ALREADY_REFUNDING_PAYMENT", Unknown, &DONE_BEFORE),
    said(400, "ALREADY_REFUND_PAYMENT", Unknown, &DONE_BEFORE),
    said(400, "API_VERSION_UPDATE_NEEDED", Certain, &SHOP_SETTINGS),
    said(400, "BELOW_MINIMUM_AMOUNT", Certain, &TOO_LITTLE),
    said(400, "BELOW_ZERO_AMOUNT", Certain, &OUR_REQUEST),
    said(400, "CARD_PROCESSING_ERROR", Unknown, &UNSURE),
    said(400, "DUPLICATED_CASH_RECEIPT", Certain, &CASH_RECEIPT),
    said(400, "DUPLICATED_ORDER_ID", Unknown, &DONE_BEFORE),
    said(400, "DUPLICATED_REQUEST", Unknown, &DONE_BEFORE),
    said(400, "EXCEEDS_TRANSFER_AMOUNT_MAXIMUM", Certain, &LIMIT),
    said(400, "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT", Certain, &REFUND_REFUSED),
    said(400, "EXCEED_MAX_AMOUNT", Certain, &LIMIT),
    said(400, "EXCEED_MAX_CARD_INSTALLMENT_PLAN", Certain, &INSTALLMENT),
    said(400, "EXCEED_MAX_DAILY_PAYMENT_COUNT", Certain, &LIMIT),
    said(400, "EXCEED_MAX_DUE_DATE", Certain, &OUR_REQUEST),
    said(400, "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT", Certain, &LIMIT),
    said(400, "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT", Certain, &LIMIT),
    said(400, "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT", Certain, &LIMIT),
    said(400, "EXCEED_MAX_PAYMENT_AMOUNT", Certain, &LIMIT),
    said(400, "EXCEED_MAX_QUERY_LIMIT", Certain, &SHOP_SETTINGS),
    said(400, "EXCEED_MAX_VALID_HOURS", Certain, &OUR_REQUEST),
    said(400, "EXCEED_MIN_CARD_INSTALLMENT_PLAN", Certain, &INSTALLMENT),
    said(400, "EXCEED_UNKNOWN_CASE", Unknown, &UNSURE),
    said(400, "FORBIDDEN_BANK_REFUND_REQUEST", Certain, &REFUND_ACCOUNT),
    said(400, "INCORRECT_FAIL_URL_FORMAT", Certain, &OUR_REQUEST),
    said(400, "INCORRECT_SUCCESS_URL_FORMAT", Certain, &OUR_REQUEST),
    said(400, "INVALID_ACCOUNT_INFO_RE_REGISTER", Certain, &ACCOUNT_DETAILS),
    said(400, "INVALID_ACCOUNT_NOT_CORRECT_BANK", Certain, &ACCOUNT_DETAILS),
    said(400, "INVALID_ACCOUNT_NUMBER", Certain, &ACCOUNT_DETAILS),
    said(400, "INVALID_ACCOUNT_NUMBER_OR_UNAVAILABLE", Certain, &ACCOUNT_DETAILS),
    said(400, "INVALID_API_KEY", Certain, &SHOP_SETTINGS),
    said(400, "INVALID_AUTHORIZE_AUTH", Certain, &NOT_FINISHED),
    said(400, "INVALID_AUTHORIZE_AUTH_TYPE_GIFT_CERTIFICATE", Certain, &NOT_FINISHED),
    said(400, "INVALID_BANK", Certain, &ACCOUNT_DETAILS),
    said(400, "INVALID_BILLING_AUTH", Certain, &BILLING),
    said(400, "INVALID_BILL_KEY_REQUEST", Certain, &BILLING),
    said(400, "INVALID_BIRTH_DAY_FORMAT", Certain, &CARD_DETAILS),
    said(400, "INVALID_BUSINESS_NUMBER", Certain, &SHOP_SETTINGS),
    said(400, "INVALID_CARD", Certain, &CARD_UNUSABLE),
    said(400, "INVALID_CARD_COMPANY", Certain, &CARD_UNUSABLE),
    said(400, "INVALID_CARD_EXPIRATION", Certain, &CARD_DETAILS),
    said(400, "INVALID_CARD_IDENTITY", Certain, &CARD_DETAILS),
    said(400, "INVALID_CARD_INSTALLMENT_AMOUNT", Certain, &INSTALLMENT),
    said(400, "INVALID_CARD_INSTALLMENT_PLAN", Certain, &INSTALLMENT),
    said(400, "INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE", Certain, &OUR_REQUEST),
    said(400, "INVALID_CARD_LOST_OR_STOLEN", Certain, &CARD_UNUSABLE),
    said(400, "INVALID_CARD_NUMBER", Certain, &CARD_DETAILS),
    said(400, "INVALID_CARD_PASSWORD", Certain, &CARD_DETAILS),
    said(400, "INVALID_CASH_RECEIPT_INFO", Certain, &CASH_RECEIPT),
    said(400, "INVALID_CLIENT_KEY", Certain, &SHOP_SETTINGS),
    said(400, "INVALID_CURRENCY", Certain, &METHOD_OFF),
    said(400, "INVALID_CUSTOMER_KEY", Certain, &OUR_REQUEST),
    said(400, "INVALID_DATE", Certain, &OUR_REQUEST),
    said(400, "INVALID_EASY_PAY", Certain, &METHOD_OFF),
    said(400, "INVALID_EMAIL", Certain, &CONTACT_DETAILS),
    said(400, "INVALID_FLOW_MODE_PARAMETERS", Certain, &OUR_REQUEST),
    said(400, "INVALID_IDEMPOTENCY_KEY", Certain, &OUR_REQUEST),
    said(400, "INVALID_IDENTIFICATION_TYPE", Certain, &CONTACT_DETAILS),
    said(400, "INVALID_ISO_DATE_FORMAT", Certain, &OUR_REQUEST),
    said(400, "INVALID_ORDER_ID", Certain, &OUR_REQUEST),
    said(400, "INVALID_ORDER_NAME", Certain, &OUR_REQUEST),
    said(400, "INVALID_PAGING_KEY", Certain, &OUR_REQUEST),
    said(400, "INVALID_PAYABLE_DATE", Certain, &SHOP_SETTINGS),
    said(400, "INVALID_PAYMENT_KEY", Certain, &OUR_REQUEST),
    said(400, "INVALID_REFUND_ACCOUNT_INFO", Certain, &REFUND_ACCOUNT),
    said(400, "INVALID_REFUND_ACCOUNT_NUMBER", Certain, &REFUND_ACCOUNT),
    said(400, "INVALID_REFUND_AMOUNT", Certain, &REFUND_REFUSED),
    said(400, "INVALID_REJECT_CARD", Certain, &CARD_UNUSABLE),
    said(400, "INVALID_REQUEST", Certain, &OUR_REQUEST),
    said(400, "INVALID_REQUIRED_PARAM", Certain, &OUR_REQUEST),
    said(400, "INVALID_STOPPED_CARD", Certain, &CARD_UNUSABLE),
    said(400, "INVALID_SUBMALL_ID", Certain, &SHOP_SETTINGS),
    said(400, "INVALID_SUCCESS_URL", Certain, &OUR_REQUEST),
    said(400, "INVALID_TEST_CODE", Certain, &OUR_REQUEST),
    said(400, "INVALID_UNREGISTERED_SUBMALL", Certain, &SHOP_SETTINGS),
    said(400, "INVALID_URL", Certain, &OUR_REQUEST),
    said(400, "INVALID_URL_FORMAT", Certain, &OUR_REQUEST),
    said(400, "INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE", Certain, &OUR_REQUEST),
    said(400, "INVALID_VIRTUAL_ACCOUNT_TYPE", Certain, &METHOD_OFF),
    said(400, "MAINTAINED_METHOD", Certain, &MAINTENANCE),
    said(400, "NOT_ALLOWED_HOLIDAY", Certain, &CLOSED_NOW),
    said(400, "NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT", Certain, &INSTALLMENT),
    said(400, "NOT_ALLOWED_POINT_USE", Certain, &CARD_UNUSABLE),
    said(400, "NOT_AVAILABLE_PAYMENT", Certain, &CLOSED_NOW),
    said(400, "NOT_ENOUGH_AMOUNT", Certain, &BALANCE),
    said(400, "NOT_FOUND_TERMINAL_ID", Certain, &SHOP_SETTINGS),
    said(400, "NOT_MATCHES_CUSTOMER_KEY", Certain, &OUR_REQUEST),
    said(400, "NOT_MATCHES_REFUNDABLE_AMOUNT", Certain, &REFUND_REFUSED),
    said(400, "NOT_MATCH_PAYEE_NAME", Certain, &ACCOUNT_DETAILS),
    said(400, "NOT_REGISTERED_BUSINESS", Certain, &SHOP_SETTINGS),
    said(400, "NOT_REGISTERED_SUBMALL", Certain, &SHOP_SETTINGS),
    said(400, "NOT_SUPPORTED_CARD_TYPE", Certain, &CARD_UNUSABLE),
    said(400, "NOT_SUPPORTED_CARRIER", Certain, &CONTACT_DETAILS),
    said(400, "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT", Certain, &INSTALLMENT),
    said(400, "NOT_SUPPORTED_METHOD", Certain, &METHOD_OFF),
    said(400, "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN", Certain, &INSTALLMENT),
    said(400, "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT", Certain, &INSTALLMENT),
    said(400, "NOT_SUPPORTED_PROCESS", Certain, &SHOP_SETTINGS),
    said(400, "NOT_SUPPORTED_USD", Certain, &METHOD_OFF),
    said(400, "PAY_PROCESS_ABORTED", Certain, &NOT_FINISHED),
    said(400, "PAY_PROCESS_CANCELED", Certain, &LEFT),
    said(400, "PROVIDER_ERROR", Unknown, &UNSURE),
    said(400, "REFUND_REJECTED", Certain, &REFUND_REFUSED),
    said(400, "REQUIRED_ACCOUNT_KEY", Certain, &OUR_REQUEST),
    said(400, "REQUIRED_AMOUNT", Certain, &OUR_REQUEST),
    said(400, "RESTRICTED_TRANSFER_ACCOUNT", Certain, &ACCOUNT_UNUSABLE),
    said(400, "UNAPPROVED_ORDER_ID", Unknown, &UNSURE),
    said(400, "USER_ACCOUNT_ON_HOLD", Certain, &ACCOUNT_UNUSABLE),
    // 401
    said(401, "UNAUTHORIZED_KEY", Certain, &SHOP_SETTINGS),
    // 403
    said(403, "EXCEED_CANCEL_LIMIT", Certain, &REFUND_REFUSED),
    said(403, "EXCEED_MAX_AUTH_COUNT", Certain, &LIMIT),
    said(403, "EXCEED_MAX_ONE_DAY_AMOUNT", Certain, &LIMIT),
    said(403, "EXCEED_MAX_REFUND_AMOUNT", Certain, &REFUND_REFUSED),
    said(403, "EXCEED_MAX_REFUND_DUE", Certain, &REFUND_TOO_LATE),
    said(403, "FDS_ERROR", Certain, &RISK),
    said(403, "FORBIDDEN_CONSECUTIVE_REQUEST", Unknown, &UNSURE),
    said(403, "FORBIDDEN_REQUEST", Certain, &SHOP_SETTINGS),
    said(403, "INCORRECT_BASIC_AUTH_FORMAT", Certain, &SHOP_SETTINGS),
    said(403, "INVALID_PASSWORD", Certain, &CARD_DETAILS),
    said(403, "NOT_ALLOWED_CHANGING_ACCOUNT", Certain, &ACCOUNT_UNUSABLE),
    said(403, "NOT_ALLOWED_PARTIAL_REFUND", Certain, &REFUND_REFUSED),
    said(403, "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT", Certain, &REFUND_REFUSED),
    said(403, "NOT_ALLOWED_REFUND_BANK", Certain, &REFUND_ACCOUNT),
    said(403, "NOT_AVAILABLE_BANK", Certain, &CLOSED_NOW),
    said(403, "NOT_CANCELABLE_AMOUNT", Certain, &REFUND_REFUSED),
    said(403, "NOT_CANCELABLE_PAYMENT", Certain, &REFUND_REFUSED),
    said(403, "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER", Certain, &REFUND_REFUSED),
    said(403, "NOT_SUPPORTED_REFUND", Certain, &REFUND_REFUSED),
    said(403, "REJECT_ACCOUNT_PAYMENT", Certain, &BALANCE),
    said(403, "REJECT_CARD_COMPANY", Certain, &CARD_REFUSED),
    said(403, "REJECT_CARD_PAYMENT", Certain, &CARD_REFUSED),
    said(403, "REJECT_TOSSPAY_INVALID_ACCOUNT", Certain, &ACCOUNT_UNUSABLE),
    // 404
    said(404, "NOT_FOUND", Unknown, &OUR_REQUEST),
    said(404, "NOT_FOUND_BILLING", Unknown, &BILLING),
    said(404, "NOT_FOUND_HTTP_METHOD", Unknown, &OUR_REQUEST),
    said(404, "NOT_FOUND_MERCHANT", Unknown, &SHOP_SETTINGS),
    said(404, "NOT_FOUND_MERCHANT_INTEGRATION", Unknown, &SHOP_SETTINGS),
    said(404, "NOT_FOUND_METHOD", Unknown, &METHOD_OFF),
    said(404, "NOT_FOUND_METHOD_IN_GROUP", Unknown, &METHOD_OFF),
    said(404, "NOT_FOUND_METHOD_OWNERSHIP", Unknown, &METHOD_OFF),
    said(404, "NOT_FOUND_PAYMENT", Unknown, &TOO_LATE),
    said(404, "NOT_FOUND_PAYMENT_SESSION", Unknown, &TOO_LATE),
    said(404, "NOT_FOUND_SUBMALL", Unknown, &SHOP_SETTINGS),
    said(404, "PAYOUT_NOT_FOUND", Unknown, &OUR_REQUEST),
    // 409
    said(409, "IDEMPOTENT_REQUEST_PROCESSING", Unknown, &UNSURE),
    // 500
    said(500, "COMMON_ERROR", Unknown, &UNSURE),
    said(500, "FAILED_BILLING_AUTO_CANCEL", Unknown, &BILLING),
    said(500, "FAILED_BILL_KEY_AUTH_CREATION", Unknown, &BILLING),
    said(500, "FAILED_DB_PROCESSING", Unknown, &UNSURE),
    said(500, "FAILED_HASH_DATA_CREATION", Unknown, &UNSURE),
    said(500, "FAILED_INTERNAL_SYSTEM_PROCESSING", Unknown, &UNSURE),
    said(500, "FAILED_METHOD_HANDLING", Unknown, &UNSURE),
    said(500, "FAILED_METHOD_HANDLING_CANCEL", Unknown, &UNSURE),
    said(500, "FAILED_PARTIAL_REFUND", Unknown, &UNSURE),
    said(500, "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", Unknown, &UNSURE),
    said(500, "FAILED_REFUND_PROCESS", Unknown, &UNSURE),
    said(500, "UNKNOWN_ERROR", Unknown, &UNSURE),
    said(500, "UNKNOWN_PAYMENT_ERROR", Unknown, &UNSURE),
    // Ours, where Toss gives none.
    said(OURS, ABORTED, Certain, &NOT_FINISHED),
    said(OURS, CANCEL_ABORTED, Certain, &REFUND_REFUSED),
    said(OURS, CANCEL_NOT_DONE, Certain, &REFUND_REFUSED),
    said(OURS, "CANCELED_AT_PROVIDER", Certain, &NOT_FINISHED),
    said(OURS, EXPIRED, Certain, &TOO_LATE),
    said(OURS, NOT_SENT, Certain, &NOT_REACHED),
    said(OURS, NOT_THIS_PAYMENT, Certain, &NOT_THIS),
    said(OURS, "RESOLVED_NOT_DONE", Certain, &NOT_FINISHED),
];

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static ErrorEntry> {
    CODES.iter().find(|said| said.code == code)
}

/// The explanation of a code; a cautious one for an undocumented code.
pub fn explain(code: &FailureCode) -> Explanation {
    find(code.as_str()).map_or(UNHEARD_OF, |said| *said.words)
}

/// The table at the end of `docs/gateways/toss.md`.
pub fn table() -> Result<String, fmt::Error> {
    let mut page = String::from(
        "| code | status | not done? | fault | retry | Korean | English |\n|---|---|---|---|---|---|---|\n",
    );
    for said in CODES {
        let certainty = match said.certainty {
            Certain => "certainly",
            Unknown => "ask",
        };
        let Explanation {
            fault,
            retry,
            ko,
            en,
        } = said.words;
        let status = match said.status {
            OURS => "ours".to_owned(),
            status => status.to_string(),
        };
        let (code, fault, retry) = (said.code, fault.name(), retry.name());
        writeln!(
            page,
            "| `{code}` | {status} | {certainty} | {fault} | {retry} | {ko} | {en} |"
        )?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Toss's list of all errors by HTTP status, as documented.
    const DOCUMENTED: &str = "
400
    ACCOUNT_OWNER_CHECK_FAILED ALREADY_CANCELED_PAYMENT ALREADY_CLOSE_ACCOUNT
    ALREADY_COMPLETED_PAYMENT ALREADY_EXIST_SUBMALL ALREADY_PROCESSED_PAYMENT
    ALREADY_REFUND_PAYMENT ALREADY_REFUNDING_PAYMENT API_VERSION_UPDATE_NEEDED
    BELOW_MINIMUM_AMOUNT BELOW_ZERO_AMOUNT CARD_PROCESSING_ERROR DUPLICATED_CASH_RECEIPT
    DUPLICATED_ORDER_ID DUPLICATED_REQUEST EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT
    EXCEED_MAX_AMOUNT EXCEED_MAX_CARD_INSTALLMENT_PLAN EXCEED_MAX_DAILY_PAYMENT_COUNT
    EXCEED_MAX_DUE_DATE EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT
    EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT EXCEED_MAX_PAYMENT_AMOUNT EXCEED_MAX_QUERY_LIMIT
    EXCEED_MAX_VALID_HOURS EXCEED_MIN_CARD_INSTALLMENT_PLAN EXCEED_UNKNOWN_CASE
    EXCEEDS_TRANSFER_AMOUNT_MAXIMUM FORBIDDEN_BANK_REFUND_REQUEST INCORRECT_FAIL_URL_FORMAT
    INCORRECT_SUCCESS_URL_FORMAT INVALID_ACCOUNT_INFO_RE_REGISTER
    INVALID_ACCOUNT_NOT_CORRECT_BANK INVALID_ACCOUNT_NUMBER
    INVALID_ACCOUNT_NUMBER_OR_UNAVAILABLE INVALID_API_KEY INVALID_AUTHORIZE_AUTH
    INVALID_AUTHORIZE_AUTH_TYPE_GIFT_CERTIFICATE INVALID_BANK INVALID_BILL_KEY_REQUEST
    INVALID_BILLING_AUTH INVALID_BIRTH_DAY_FORMAT INVALID_BUSINESS_NUMBER INVALID_CARD
    INVALID_CARD_COMPANY INVALID_CARD_EXPIRATION INVALID_CARD_IDENTITY
    INVALID_CARD_INSTALLMENT_AMOUNT INVALID_CARD_INSTALLMENT_PLAN
    INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE INVALID_CARD_LOST_OR_STOLEN
    INVALID_CARD_NUMBER INVALID_CARD_PASSWORD INVALID_CASH_RECEIPT_INFO INVALID_CLIENT_KEY
    INVALID_CURRENCY INVALID_CUSTOMER_KEY INVALID_DATE INVALID_EASY_PAY INVALID_EMAIL
    INVALID_FLOW_MODE_PARAMETERS INVALID_IDEMPOTENCY_KEY INVALID_IDENTIFICATION_TYPE
    INVALID_ISO_DATE_FORMAT INVALID_ORDER_ID INVALID_ORDER_NAME INVALID_PAGING_KEY
    INVALID_PAYABLE_DATE INVALID_PAYMENT_KEY INVALID_REFUND_ACCOUNT_INFO
    INVALID_REFUND_ACCOUNT_NUMBER INVALID_REFUND_AMOUNT INVALID_REJECT_CARD INVALID_REQUEST
    INVALID_REQUIRED_PARAM INVALID_STOPPED_CARD INVALID_SUBMALL_ID INVALID_SUCCESS_URL
    INVALID_TEST_CODE INVALID_UNREGISTERED_SUBMALL INVALID_URL INVALID_URL_FORMAT
    INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE INVALID_VIRTUAL_ACCOUNT_TYPE MAINTAINED_METHOD
    NOT_ALLOWED_HOLIDAY NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT NOT_ALLOWED_POINT_USE
    NOT_AVAILABLE_PAYMENT NOT_ENOUGH_AMOUNT NOT_FOUND_TERMINAL_ID NOT_MATCH_PAYEE_NAME
    NOT_MATCHES_CUSTOMER_KEY NOT_MATCHES_REFUNDABLE_AMOUNT NOT_REGISTERED_BUSINESS
    NOT_REGISTERED_SUBMALL NOT_SUPPORTED_CARD_TYPE NOT_SUPPORTED_CARRIER
    NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT NOT_SUPPORTED_METHOD
    NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT
    NOT_SUPPORTED_PROCESS NOT_SUPPORTED_USD PAY_PROCESS_ABORTED PAY_PROCESS_CANCELED
    PROVIDER_ERROR REFUND_REJECTED REQUIRED_ACCOUNT_KEY REQUIRED_AMOUNT
    RESTRICTED_TRANSFER_ACCOUNT UNAPPROVED_ORDER_ID USER_ACCOUNT_ON_HOLD
401
    UNAUTHORIZED_KEY
403
    EXCEED_CANCEL_LIMIT EXCEED_MAX_AUTH_COUNT EXCEED_MAX_ONE_DAY_AMOUNT EXCEED_MAX_REFUND_AMOUNT
    EXCEED_MAX_REFUND_DUE FDS_ERROR FORBIDDEN_CONSECUTIVE_REQUEST FORBIDDEN_REQUEST
    INCORRECT_BASIC_AUTH_FORMAT INVALID_PASSWORD NOT_ALLOWED_CHANGING_ACCOUNT
    NOT_ALLOWED_PARTIAL_REFUND NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT
    NOT_ALLOWED_REFUND_BANK NOT_AVAILABLE_BANK NOT_CANCELABLE_AMOUNT NOT_CANCELABLE_PAYMENT
    NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER NOT_SUPPORTED_REFUND REJECT_ACCOUNT_PAYMENT
    REJECT_CARD_COMPANY REJECT_CARD_PAYMENT REJECT_TOSSPAY_INVALID_ACCOUNT
404
    NOT_FOUND NOT_FOUND_BILLING NOT_FOUND_HTTP_METHOD NOT_FOUND_MERCHANT
    NOT_FOUND_MERCHANT_INTEGRATION NOT_FOUND_METHOD NOT_FOUND_METHOD_IN_GROUP
    NOT_FOUND_METHOD_OWNERSHIP NOT_FOUND_PAYMENT NOT_FOUND_PAYMENT_SESSION NOT_FOUND_SUBMALL
    PAYOUT_NOT_FOUND
409
    IDEMPOTENT_REQUEST_PROCESSING
500
    COMMON_ERROR FAILED_BILL_KEY_AUTH_CREATION FAILED_BILLING_AUTO_CANCEL FAILED_DB_PROCESSING
    FAILED_HASH_DATA_CREATION FAILED_INTERNAL_SYSTEM_PROCESSING FAILED_METHOD_HANDLING
    FAILED_METHOD_HANDLING_CANCEL FAILED_PARTIAL_REFUND
    FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING FAILED_REFUND_PROCESS UNKNOWN_ERROR
    UNKNOWN_PAYMENT_ERROR
";

    fn documented() -> BTreeSet<(u16, &'static str)> {
        let mut status = 0;
        let mut codes = BTreeSet::new();
        for word in DOCUMENTED.split_whitespace() {
            match word.parse() {
                Ok(number) => status = number,
                Err(_) => assert!(codes.insert((status, word)), "{word} twice"),
            }
        }
        codes
    }

    #[test]
    fn every_documented_code_is_there_once_and_no_other() {
        let ours = CODES.iter().filter(|said| said.status != OURS);
        let ours: Vec<_> = ours.map(|said| (said.status, said.code)).collect();
        let once: BTreeSet<_> = ours.iter().copied().collect();
        assert_eq!(once.len(), ours.len());
        assert_eq!(once, documented());
        assert_eq!(once.len(), 164);
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let hangul = |c: char| ('가'..='힣').contains(&c);
        for ErrorEntry { code, words, .. } in CODES {
            let Explanation { ko, en, .. } = words;
            assert!(
                ko.chars().filter(|c| hangul(*c)).count() >= 8,
                "{code}: {ko}"
            );
            assert!(!ko.chars().any(|c| c.is_ascii_alphabetic()), "{code}: {ko}");
            assert!(en.is_ascii() && en.len() >= 20, "{code}: {en}");
            for (text, most) in [(ko, 60), (en, 110)] {
                assert!(
                    text.ends_with('.') && text.chars().count() <= most,
                    "{code}: {text}"
                );
            }
        }
    }

    #[test]
    fn code_of_a_possibly_done_call_is_never_certain() {
        for said in CODES {
            let may_be_done = matches!(said.status, 404 | 409 | 429 | 500..)
                || said.code.starts_with("ALREADY_") && said.code.ends_with("PAYMENT")
                || [
                    "PROVIDER_ERROR",
                    "FORBIDDEN_CONSECUTIVE_REQUEST",
                    "CARD_PROCESSING_ERROR",
                ]
                .contains(&said.code);
            if may_be_done {
                assert_eq!(said.certainty, Unknown, "{}", said.code);
            }
        }
    }

    #[test]
    fn undocumented_code_gets_cautious_words() {
        let said = explain(&FailureCode::new("BRAND_NEW_CODE"));
        assert_eq!(said, UNHEARD_OF);
        assert_eq!(
            explain(&FailureCode::new("INVALID_STOPPED_CARD")),
            CARD_UNUSABLE
        );
    }
}
