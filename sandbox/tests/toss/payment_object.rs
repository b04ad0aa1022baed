//! The Payment object: every documented key, null where there is nothing. Contract, section 5.

use serde_json::{Value, json};

use crate::shop::Shop;

const KEYS: &[&str] = &[
    "approvedAt",
    "balanceAmount",
    "cancels",
    "card",
    "cashReceipt",
    "cashReceipts",
    "checkout",
    "country",
    "cultureExpense",
    "currency",
    "discount",
    "easyPay",
    "failure",
    "giftCertificate",
    "isPartialCancelable",
    "lastTransactionKey",
    "mId",
    "metadata",
    "method",
    "mobilePhone",
    "orderId",
    "orderName",
    "paymentKey",
    "receipt",
    "requestedAt",
    "secret",
    "status",
    "suppliedAmount",
    "taxExemptionAmount",
    "taxFreeAmount",
    "totalAmount",
    "transfer",
    "type",
    "useEscrow",
    "vat",
    "version",
    "virtualAccount",
];

fn object_of(method: &str) -> Value {
    let mut shop = Shop::new();
    let key = shop.approved_by("order-1", 10_000, method);
    shop.confirm(&key, "order-1", 10_000).body
}

#[test]
fn all_keys_are_there_in_every_state() {
    let mut shop = Shop::new();
    let key = shop.approved("order-1", 10_000);
    let in_progress = shop.inquire(&key).body;
    let done = shop.confirm(&key, "order-1", 10_000).body;
    let canceled = shop.cancel(&key, &json!({"cancelReason": "x"})).body;
    for object in [
        &in_progress,
        &done,
        &canceled,
        &object_of("VIRTUAL_ACCOUNT"),
    ] {
        let mut keys: Vec<_> = object.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, KEYS);
    }
    assert_eq!(in_progress["card"], Value::Null);
    assert_eq!(done["version"], "2022-11-16");
    assert_eq!(done["mId"], "tshop");
    assert_eq!(done["type"], "NORMAL");
    assert_eq!(done["requestedAt"], "2024-02-13T12:18:14+09:00");
    assert_eq!(
        done["receipt"]["url"],
        format!("http://127.0.0.1:4100/sandbox/receipts/{key}")
    );
    assert!(done["secret"].as_str().unwrap().starts_with("ps_"));
    assert!(done["secret"].as_str().unwrap().len() <= 50);
}

#[test]
fn a_card_is_masked() {
    let card = object_of("CARD")["card"].clone();
    let number = card["number"].as_str().unwrap();
    assert!(number.len() <= 20 && number.contains("****"), "{number}");
    let digits = number.chars().filter(char::is_ascii_digit).count();
    assert!(digits < 12, "{number}");
    assert_eq!(card["approveNo"].as_str().unwrap().len(), 8);
    assert_eq!(card["amount"], 10_000);
    assert_eq!(card["cardType"], "신용");
    assert_eq!(card["interestPayer"], Value::Null);
    assert_eq!(card["installmentPlanMonths"], 0);
}

#[test]
fn each_method_has_its_own_part_and_no_other() {
    let parts = [
        "card",
        "virtualAccount",
        "easyPay",
        "mobilePhone",
        "transfer",
        "giftCertificate",
    ];
    for (method, korean, part) in [
        ("CARD", "카드", "card"),
        ("가상계좌", "가상계좌", "virtualAccount"),
        ("EASY_PAY", "간편결제", "easyPay"),
        ("휴대폰", "휴대폰", "mobilePhone"),
        ("TRANSFER", "계좌이체", "transfer"),
        ("CULTURE_GIFT_CERTIFICATE", "문화상품권", "giftCertificate"),
        ("BOOK_GIFT_CERTIFICATE", "도서문화상품권", "giftCertificate"),
        ("GAME_GIFT_CERTIFICATE", "게임문화상품권", "giftCertificate"),
    ] {
        let object = object_of(method);
        assert_eq!(object["method"], korean);
        for other in parts {
            assert_eq!(
                object[other].is_object(),
                other == part,
                "{method}: {other}"
            );
        }
    }
    let easy = object_of("EASY_PAY")["easyPay"].clone();
    assert_eq!(
        easy,
        json!({"provider": "토스페이", "amount": 10_000, "discountAmount": 0})
    );
}

#[test]
fn vat_is_an_eleventh_rounded_half_up() {
    for (amount, vat) in [
        (10_000, 909),
        (11_000, 1_000),
        (100, 9),
        (104, 9),
        (105, 10),
        (116, 11),
        (9_999_999_999, 909_090_909),
    ] {
        let mut shop = Shop::new();
        let key = shop.paid("order-1", amount);
        let object = shop.inquire(&key).body;
        assert_eq!(object["vat"], vat, "{amount}");
        assert_eq!(object["suppliedAmount"], amount - vat);
    }
}
