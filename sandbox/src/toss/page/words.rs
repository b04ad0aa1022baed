//! The window's words, in both languages.

use super::super::refusal::Language;

pub(super) struct Words {
    pub(super) language: Language,
    pub(super) tag: &'static str,
    pub(super) simulator: &'static str,
    pub(super) title: &'static str,
    pub(super) shop: &'static str,
    pub(super) bought: &'static str,
    pub(super) amount: &'static str,
    pub(super) order: &'static str,
    pub(super) method: &'static str,
    pub(super) at_once: &'static str,
    pub(super) months: &'static str,
    pub(super) approve: &'static str,
    pub(super) decline_how: &'static str,
    pub(super) reason: &'static str,
    pub(super) decline: &'static str,
    pub(super) decline_later: &'static str,
    pub(super) cancel: &'static str,
    pub(super) close: &'static str,
    pub(super) receipt: &'static str,
    pub(super) sorry: &'static str,
}

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::Korean => &KOREAN,
        Language::English => &ENGLISH,
    }
}

static KOREAN: Words = Words {
    language: Language::Korean,
    tag: "ko",
    simulator: "모의 결제창 — 실제로 결제되지 않습니다",
    title: "결제하기",
    shop: "상점",
    bought: "주문명",
    amount: "결제 금액",
    order: "주문번호",
    method: "결제 수단",
    at_once: "일시불",
    months: "개월 할부",
    approve: "승인",
    decline_how: "거절해 보기",
    reason: "거절 사유",
    decline: "결제창에서 거절",
    decline_later: "인증 후 승인 요청에서 거절",
    cancel: "결제 취소",
    close: "이 창을 닫아도 됩니다.",
    receipt: "모의 영수증",
    sorry: "결제를 진행할 수 없습니다",
};

static ENGLISH: Words = Words {
    language: Language::English,
    tag: "en",
    simulator: "Simulated payment window — no money moves",
    title: "Payment",
    shop: "Shop",
    bought: "Order",
    amount: "Amount",
    order: "Order number",
    method: "Payment method",
    at_once: "in full",
    months: " monthly instalments",
    approve: "Approve",
    decline_how: "Try a decline",
    reason: "Reason",
    decline: "Decline in this window",
    decline_later: "Approve here, decline at confirmation",
    cancel: "Cancel payment",
    close: "You can close this window.",
    receipt: "Simulated receipt",
    sorry: "This payment cannot go on",
};
