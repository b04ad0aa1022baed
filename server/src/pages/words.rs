//! Every text of every page, Korean and English side by side. A text that lacks one of the two does not compile.
//!
//! `{…}` in a text is filled in by a script, which has no words of its own.

macro_rules! words {
    ($( $(#[doc = $about:literal])* $name:ident: $korean:literal, $english:literal; )+) => {
        /// Every text, in one language.
        #[allow(missing_docs, reason = "the texts say what they are")]
        #[derive(Debug)]
        pub struct Words {
            $( $(#[doc = $about])* pub $name: &'static str, )+
        }

        /// 한국어
        pub static KOREAN: Words = Words { $( $name: $korean, )+ };

        /// English
        pub static ENGLISH: Words = Words { $( $name: $english, )+ };

        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[ $( (stringify!($name), $korean, $english), )+ ];
    };
}

words! {
    // Every page.
    skip: "본문으로 건너뛰기", "Skip to content";
    language: "언어", "Language";
    needs_script: "이 페이지는 JavaScript가 필요합니다. 브라우저 설정에서 허용한 뒤 새로고침해 주세요.",
        "This page needs JavaScript. Allow it in your browser's settings, then reload.";
    back_to_shop: "상점으로 돌아가기", "Back to the shop";

    // Where the program was built without its scripts.
    missing_title: "화면이 아직 빌드되지 않았습니다", "The pages have not been built yet";
    missing_about: "API는 정상적으로 동작합니다. 화면을 보려면 저장소에서 다음 명령을 실행한 뒤 서버를 다시 빌드해 주세요.",
        "The API works. To see pages, run this in the repository, then build the server again.";

    // The checkout.
    checkout_title: "결제", "Checkout";

    // The sandbox's shop.
    shop_name: "물그림 상점", "Watercolour Shop";
    shop_sandbox: "연습용 상점입니다. 실제 돈은 오가지 않습니다.", "A shop to practise with. No money moves.";
    shop_title: "무엇을 살까요?", "What would you like?";
    shop_about: "결제창도 가짜입니다. 결제를 승인하거나 거절하고, 창을 닫고, 다시 시도해 보세요.",
        "The payment window is simulated too: approve, decline, close it, come back.";
    shop_orders: "주문 내역", "Your orders";
    shop_all_orders: "← 주문 내역", "← Your orders";
    shop_no_orders: "아직 주문한 것이 없어요.", "You have not ordered anything yet.";
    shop_look_around: "둘러보기", "Look around";
    shop_awaits_confirmation: "예약 확정 후 결제 확정", "Yours once the host confirms";
    shop_has_tax_free: "일부 면세", "Partly tax-free";
    shop_tax_free: "면세", "tax-free";
    shop_consists: "구성", "What you get";
    shop_quantity: "수량", "Quantity";
    shop_buy: "구매하기", "Buy now";
    shop_buy_here: "여기서 바로 결제", "Buy here";
    shop_close: "닫기", "Close";
    shop_pay: "결제하기", "Pay";
    shop_bought: "주문한 것", "What you ordered";
    shop_supply: "공급가액", "Net amount";
    shop_vat: "부가가치세", "VAT";
    shop_tax_free_part: "면세 금액", "Tax-free";
    shop_total: "합계", "Total";
    shop_order_number: "주문번호", "Order number";
    shop_ordered_at: "주문한 때", "Ordered";
    shop_pay_until: "결제 기한", "To be paid by";
    shop_more: " 외 {count}건", " and {count} more";
    shop_host: "판매자라면", "If you were the host";
    shop_host_about: "이 상점에서는 판매자 역할도 직접 해 볼 수 있어요.", "In this shop you can play the host as well.";
    shop_confirm: "예약 확정", "Confirm the booking";
    shop_cancel: "주문 취소", "Cancel the order";
    shop_give_back: "취소하고 환불", "Cancel and refund";
    order_unpaid: "결제 대기", "Not paid";
    order_unpaid_about: "아직 결제되지 않았어요.", "This order has not been paid yet.";
    order_asking: "결제 확인 중", "Being checked";
    order_asking_about: "은행에 확인하고 있어요. 두 번 결제되지 않습니다.",
        "We are asking the bank. You will not be charged twice.";
    order_reserved: "예약됨", "Reserved";
    order_reserved_about: "결제했어요. 판매자가 예약을 확정하면 끝나고, 취소하면 전액 돌려받아요.",
        "You have paid. It is settled once the host confirms; if the host cancels, you get all of it back.";
    order_paid: "결제 완료", "Paid";
    order_paid_about: "결제가 끝났어요. 고맙습니다.", "All paid. Thank you.";
    order_returning: "환불 중", "Being refunded";
    order_returning_about: "돈을 돌려드리는 중이에요.", "Your money is on its way back.";
    order_return_refused: "환불 실패", "Refund refused";
    order_return_refused_about: "결제사에서 환불을 거절했어요. 다시 시도하거나 직접 돌려드려야 합니다.",
        "The gateway refused the refund. Try again, or return the money another way.";
    order_canceled: "취소됨", "Canceled";
    order_canceled_about: "주문이 취소됐어요. 결제한 돈이 있다면 모두 돌려드렸어요.",
        "This order is canceled. Anything you paid has been returned.";
    order_refunded: "환불 완료", "Refunded";
    order_refunded_about: "결제한 돈을 모두 돌려드렸어요.", "All of your money has been returned.";
    shop_not_here: "찾을 수 없어요", "Not found";
    shop_not_here_about: "그런 상품이나 주문이 없거나, 다른 브라우저에서 한 주문이에요.",
        "There is no such item or order here, or the order was made in another browser.";
    shop_wrong_form: "주문할 수 없어요", "This cannot be ordered";
    shop_wrong_form_about: "상품이나 수량이 올바르지 않아요. 상점에서 다시 골라 주세요.",
        "The item or the quantity is not right. Please choose again in the shop.";
    shop_not_ours: "요청을 받을 수 없어요", "Request refused";
    shop_not_ours_about: "다른 사이트에서 보낸 요청은 받지 않아요. 상점에서 다시 시도해 주세요.",
        "Requests sent by other sites are not taken. Please try again from the shop.";
    shop_not_now: "지금은 할 수 없어요", "Not possible now";
    shop_not_now_about: "그사이에 주문의 상태가 바뀌었어요. 주문 내역에서 확인해 주세요.",
        "The order has changed in the meantime. Please look at your orders.";
    shop_no_answer: "잠시 문제가 생겼어요", "Something went wrong";
    shop_no_answer_about: "결제 서버와 이야기할 수 없었어요. 주문 내역을 확인하고 다시 시도해 주세요.",
        "The payment server could not be asked. Please look at your orders and try again.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names between braces.
    fn blanks(text: &str) -> BTreeSet<&str> {
        let after_each = text.split('{').skip(1);
        after_each
            .map(|rest| rest.split_once('}').unwrap().0)
            .collect()
    }

    #[test]
    fn each_text_is_there_in_both_languages_with_the_same_blanks() {
        for (name, korean, english) in ALL {
            assert!(!korean.trim().is_empty(), "{name}");
            assert!(!english.trim().is_empty(), "{name}");
            assert_eq!(blanks(korean), blanks(english), "{name}");
        }
    }

    #[test]
    fn each_text_is_in_its_own_language() {
        let is_korean = |text: &str| text.chars().any(|one| ('가'..='힣').contains(&one));
        for (name, korean, english) in ALL {
            assert!(is_korean(korean), "{name}: {korean}");
            assert!(!is_korean(english), "{name}: {english}");
        }
    }
}
