//! Texts for the buyer, by groups of codes: what happened, and what to do now. Nobody is blamed, and
//! nothing is said that a fraudster could use.
//!
//! These texts are part of the API: an answer that is given again is rendered again from its code, and
//! has to be the same bytes. A released text is not changed; a code may be given another group.

use crate::gateway::{
    Explanation,
    FailureParty::{self, Buyer, Gateway, Merchant, Ours},
    Retry::{self, Later, Never, Now, OtherMethod},
};

macro_rules! words {
    ($( $(#[doc = $about:literal])+ $NAME:ident = $fault:ident, $retry:ident, $ko:literal, $en:literal; )+) => {
        $( $(#[doc = $about])+ pub const $NAME: Explanation = explanation($fault, $retry, $ko, $en); )+
    };
}

const fn explanation(
    fault: FailureParty,
    retry: Retry,
    ko: &'static str,
    en: &'static str,
) -> Explanation {
    Explanation {
        fault,
        retry,
        ko,
        en,
    }
}

words! {
    /// The buyer mistyped something about the card.
    CARD_DETAILS = Buyer, Now,
        "카드 정보를 확인하신 뒤 다시 결제해 주세요.",
        "Please check the card details and pay again.";
    /// This card will not do.
    CARD_UNUSABLE = Buyer, OtherMethod,
        "이 카드로는 결제할 수 없습니다. 다른 카드나 결제 수단을 이용해 주세요.",
        "This card cannot be used here. Please use another card or payment method.";
    /// The card company said no without saying why.
    CARD_REFUSED = Buyer, OtherMethod,
        "카드사에서 결제를 승인하지 않았습니다. 카드사에 문의하시거나 다른 결제 수단을 이용해 주세요.",
        "The card company did not approve the payment. Please ask them, or use another payment method.";
    /// There is not enough in the account.
    BALANCE = Buyer, OtherMethod,
        "잔액을 확인해 주세요. 충전하신 뒤 다시 결제하시거나 다른 결제 수단을 이용해 주세요.",
        "Please check the balance. Top it up and pay again, or use another payment method.";
    /// A limit of the card or the account.
    LIMIT = Buyer, OtherMethod,
        "이용 한도를 넘어 결제할 수 없습니다. 다른 결제 수단을 이용해 주세요.",
        "This is above the limit of the payment method. Please use another one.";
    /// An instalment plan that there is not.
    INSTALLMENT = Buyer, Now,
        "선택하신 할부로는 결제할 수 없습니다. 일시불이나 다른 할부 개월을 선택해 주세요.",
        "This instalment plan is not available. Please pay at once or choose another plan.";
    /// Less than the method takes.
    TOO_LITTLE = Merchant, OtherMethod,
        "이 결제 수단의 최소 금액보다 적습니다. 다른 결제 수단을 이용해 주세요.",
        "The amount is below the least that this method takes. Please use another one.";
    /// The buyer mistyped something about the account.
    ACCOUNT_DETAILS = Buyer, Now,
        "계좌 정보를 확인하신 뒤 다시 결제해 주세요.",
        "Please check the account details and pay again.";
    /// This account will not do.
    ACCOUNT_UNUSABLE = Buyer, OtherMethod,
        "이 계좌로는 결제할 수 없습니다. 다른 계좌나 결제 수단을 이용해 주세요.",
        "This account cannot be used here. Please use another account or payment method.";
    /// The buyer closed the window.
    LEFT = Buyer, Now,
        "결제를 취소하셨습니다. 원하시면 언제든 다시 결제하실 수 있습니다.",
        "You left the payment. You can pay again whenever you like.";
    /// The buyer's approval did not come about.
    NOT_FINISHED = Buyer, Now,
        "결제가 완료되지 않았습니다. 다시 결제하시거나 다른 결제 수단을 이용해 주세요.",
        "The payment was not completed. Please pay again or use another payment method.";
    /// The window or the time to confirm is over.
    TOO_LATE = Buyer, Now,
        "결제 시간이 지났습니다. 처음부터 다시 결제해 주세요.",
        "The time to pay is over. Please start the payment again.";
    /// The browser brought back something that is no payment of this order.
    NOT_THIS = Buyer, Now,
        "결제가 확인되지 않아 완료되지 않았습니다. 처음부터 다시 결제해 주세요.",
        "The payment could not be found and was not made. Please start the payment again.";
    /// Nothing got there.
    NOT_REACHED = Gateway, Now,
        "결제사에 연결되지 않아 결제되지 않았습니다. 다시 결제해 주세요.",
        "The payment company could not be reached, so nothing was paid. Please pay again.";
    /// The method is being repaired.
    MAINTENANCE = Gateway, Later,
        "지금은 점검 중인 결제 수단입니다. 잠시 후 다시 결제하시거나 다른 결제 수단을 이용해 주세요.",
        "This payment method is under maintenance. Please pay later or use another one.";
    /// The bank sleeps.
    CLOSED_NOW = Gateway, Later,
        "지금은 이용할 수 없는 시간입니다. 잠시 후 다시 결제하시거나 다른 결제 수단을 이용해 주세요.",
        "This is not available at this hour. Please pay later or use another payment method.";
    /// The buyer mistyped something about themselves.
    CONTACT_DETAILS = Buyer, Now,
        "입력하신 정보를 확인하신 뒤 다시 결제해 주세요.",
        "Please check what you entered and pay again.";
    /// The gateway finds it suspicious.
    RISK = Buyer, OtherMethod,
        "안전한 거래를 위해 결제가 제한되었습니다. 다른 결제 수단을 이용하시거나 고객센터에 문의해 주세요.",
        "The payment was limited for safety. Please use another payment method or contact support.";
    /// The shop does not offer the method.
    METHOD_OFF = Merchant, OtherMethod,
        "이 결제 수단은 이용할 수 없습니다. 다른 결제 수단을 이용해 주세요.",
        "This payment method is not available. Please use another one.";
    /// The shop's contract or keys.
    SHOP_SETTINGS = Merchant, Never,
        "지금은 결제할 수 없습니다. 판매자에게 문의해 주세요.",
        "Payment is not possible at the moment. Please contact the shop.";
    /// A request that should not have been made.
    OUR_REQUEST = Ours, Never,
        "결제를 처리하지 못했습니다. 판매자에게 문의해 주세요.",
        "The payment could not be processed. Please contact the shop.";
    /// A card kept for later payments.
    BILLING = Merchant, OtherMethod,
        "등록된 결제 수단으로 결제하지 못했습니다. 결제 수단을 다시 등록해 주세요.",
        "The stored payment method could not be used. Please register it again.";
    /// The receipt, not the payment.
    CASH_RECEIPT = Buyer, Now,
        "현금영수증 정보를 확인해 주세요.",
        "Please check the cash receipt details.";
    /// Something like it has been done.
    DONE_BEFORE = Ours, Never,
        "이미 처리된 결제입니다. 결제 내역을 확인해 주세요.",
        "This payment has already been processed. Please look at your orders.";
    /// The buyer's account for the refund.
    REFUND_ACCOUNT = Buyer, Now,
        "환불받으실 계좌 정보를 확인해 주세요.",
        "Please check the account for the refund.";
    /// No refund through the gateway.
    REFUND_REFUSED = Gateway, Never,
        "환불이 바로 처리되지 않았습니다. 판매자가 확인한 뒤 안내해 드립니다.",
        "The refund could not be made at once. The shop will look into it and tell you.";
    /// Too late for a refund through the gateway.
    REFUND_TOO_LATE = Gateway, Never,
        "결제사를 통해 환불할 수 있는 기간이 지났습니다. 판매자에게 문의해 주세요.",
        "The time for a refund through the payment company is over. Please contact the shop.";
    /// The outcome is unknown; never pay twice.
    UNSURE = Gateway, Later,
        "결제 결과를 확인하고 있습니다. 다시 결제하지 마시고 잠시 기다려 주세요.",
        "We are checking what became of the payment. Please do not pay again; wait a moment.";
    /// An undocumented code.
    UNHEARD_OF = Gateway, OtherMethod,
        "결제가 완료되지 않았습니다. 다른 결제 수단을 이용하시거나 잠시 후 다시 시도해 주세요.",
        "The payment was not completed. Please use another payment method, or try again later.";
}
