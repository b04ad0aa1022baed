//! Toss's codes of card companies and banks, as people call them. A code that is not here is shown as it is.
//!
//! The list is not part of the contract that the client is held to: Toss publishes it beside, and adds to it.

use daegeum_engine::wire::Wording;

/// Who issued a card, or whose account it was, by Toss's code.
pub(super) fn name(method: Option<&str>, code: &str) -> Option<Wording> {
    let list = if method == Some("transfer") {
        BANKS
    } else {
        CARDS
    };
    let found = list.iter().find(|(known, ..)| *known == code);
    found.map(|(_, ko, en)| Wording { ko, en })
}

const CARDS: &[(&str, &str, &str)] = &[
    ("3K", "기업비씨", "IBK BC"),
    ("46", "광주은행", "Gwangju Bank"),
    ("71", "롯데카드", "Lotte Card"),
    ("30", "산업은행", "KDB"),
    ("31", "BC카드", "BC Card"),
    ("51", "삼성카드", "Samsung Card"),
    ("38", "새마을금고", "MG Community Credit Cooperatives"),
    ("41", "신한카드", "Shinhan Card"),
    ("62", "신협", "Shinhyup"),
    ("36", "씨티카드", "Citi Card"),
    ("33", "우리카드", "Woori Card"),
    ("W1", "우리카드", "Woori Card"),
    ("37", "우체국", "Korea Post"),
    ("39", "저축은행", "Savings bank"),
    ("35", "전북은행", "Jeonbuk Bank"),
    ("42", "제주은행", "Jeju Bank"),
    ("15", "카카오뱅크", "KakaoBank"),
    ("3A", "케이뱅크", "K bank"),
    ("24", "토스뱅크", "Toss Bank"),
    ("21", "하나카드", "Hana Card"),
    ("61", "현대카드", "Hyundai Card"),
    ("11", "KB국민카드", "KB Kookmin Card"),
    ("91", "NH농협카드", "NH Card"),
    ("34", "수협은행", "Suhyup Bank"),
];

const BANKS: &[(&str, &str, &str)] = &[
    ("02", "산업은행", "KDB"),
    ("03", "기업은행", "IBK"),
    ("06", "국민은행", "KB Kookmin Bank"),
    ("07", "수협은행", "Suhyup Bank"),
    ("11", "농협은행", "NH Bank"),
    ("12", "지역농축협", "Local Nonghyup"),
    ("20", "우리은행", "Woori Bank"),
    ("23", "SC제일은행", "SC First Bank"),
    ("27", "씨티은행", "Citibank Korea"),
    ("31", "iM뱅크", "iM Bank"),
    ("32", "부산은행", "Busan Bank"),
    ("34", "광주은행", "Gwangju Bank"),
    ("35", "제주은행", "Jeju Bank"),
    ("37", "전북은행", "Jeonbuk Bank"),
    ("39", "경남은행", "Kyongnam Bank"),
    ("45", "새마을금고", "MG Community Credit Cooperatives"),
    ("48", "신협", "Shinhyup"),
    ("50", "저축은행", "Savings bank"),
    ("71", "우체국", "Korea Post"),
    ("81", "하나은행", "Hana Bank"),
    ("88", "신한은행", "Shinhan Bank"),
    ("89", "케이뱅크", "K bank"),
    ("90", "카카오뱅크", "KakaoBank"),
    ("92", "토스뱅크", "Toss Bank"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_card_company_or_a_bank_by_how_it_was_paid_and_an_unknown_one_is_nobody() {
        let korean = |method, code| name(method, code).map(|found| found.ko);
        assert_eq!(korean(Some("card"), "31"), Some("BC카드"));
        assert_eq!(korean(Some("transfer"), "31"), Some("iM뱅크"));
        assert_eq!(korean(Some("easy_pay"), "61"), Some("현대카드"));
        assert_eq!(korean(Some("easy_pay"), "토스페이"), None);
        assert_eq!(korean(Some("card"), "99"), None);
        assert_eq!(korean(None, ""), None);
    }

    #[test]
    fn no_code_stands_twice_in_a_list() {
        for list in [CARDS, BANKS] {
            for (at, (code, ..)) in list.iter().enumerate() {
                let first = list.iter().position(|(known, ..)| known == code);
                assert_eq!(first, Some(at), "{code}");
            }
        }
    }
}
