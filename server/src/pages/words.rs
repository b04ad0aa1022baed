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

    // The checkout: what every state has.
    checkout_title: "결제", "Checkout";
    announce_offline: "인터넷 연결이 끊겼습니다. 연결되면 자동으로 계속합니다.",
        "You are offline. This goes on by itself once you are back.";
    announce_unreachable: "서버에 연결하지 못하고 있습니다. 연결되면 자동으로 계속합니다.",
        "The server cannot be reached; this goes on by itself once it can.";
    announce_busy: "서버가 바쁩니다. 기다리시면 자동으로 계속합니다.", "The server is busy; this goes on by itself.";
    announce_online: "다시 연결되었습니다.", "You are back online.";
    order_number: "주문번호", "Order";
    payment_number: "결제번호", "Payment";
    request_number: "문의번호", "Reference";
    try_again: "다시 시도", "Try again";
    other_method: "다른 방법으로 결제", "Pay another way";
    pay_again: "다시 결제하기", "Pay again";
    to_payment: "결제 화면으로", "Back to payment";

    // What is bought.
    summary: "주문 내역", "Your order";
    line_about: "{quantity}개 · 개당 {each}", "{quantity} × {each}";
    lines_more: "{count}개 상품 더 보기", "Show {count} more items";
    and_more: " 외 {count}건", " and {count} more";
    tax_free_line: "면세", "Tax-free";
    total: "총 결제 금액", "Total";
    supply: "공급가액", "Net amount";
    vat: "부가세", "VAT (10%)";
    tax_free: "면세 금액", "Tax-free amount";
    pay_until: "{time}까지 결제해 주세요.", "Please pay by {time}.";
    booking: "확정 후 완료되는 예약", "A booking that is confirmed later";
    booking_charged: "지금 결제되고, 판매자가 예약을 확정하면 완료됩니다. 확정되지 않으면 전액 돌려드립니다.",
        "You pay now, and the seller confirms the booking. If they do not, all of it is returned.";
    booking_held: "지금은 결제 승인만 받고, 판매자가 예약을 확정할 때 청구됩니다. 확정되지 않으면 청구되지 않습니다.",
        "The amount is only reserved now and charged when the seller confirms the booking. If they do not, nothing is charged.";

    // The form.
    form_title: "결제 정보", "Payment details";
    buyer: "구매자", "Buyer";
    buyer_name: "이름", "Name";
    buyer_email: "이메일 (선택)", "E-mail (optional)";
    buyer_tel: "휴대폰 번호 (선택)", "Mobile number (optional)";
    buyer_known: "앞서 입력하신 정보를 사용합니다.", "The details you gave are used.";
    buyer_change: "다시 입력", "Change";
    buyer_name_empty: "이름을 입력해 주세요.", "Please enter your name.";
    buyer_name_too_long: "이름은 60자까지 입력할 수 있습니다.", "A name has 60 characters at most.";
    buyer_name_malformed: "이름에 사용할 수 없는 문자가 있습니다.", "The name has a character that cannot be used.";
    buyer_email_malformed: "이메일 주소를 확인해 주세요. 예: name@example.com",
        "Please check the e-mail address, such as name@example.com.";
    buyer_email_too_long: "이메일 주소가 너무 깁니다.", "The e-mail address is too long.";
    buyer_tel_malformed: "전화번호를 숫자 8~15자리로 입력해 주세요. 예: 010-0000-0000",
        "Please enter 8 to 15 digits, such as 010-0000-0000.";
    buyer_tel_too_long: "전화번호는 숫자 15자리까지 입력할 수 있습니다.", "A number has 15 digits at most.";
    method: "결제 수단", "Payment method";
    method_card: "신용·체크카드, 간편결제", "Card or mobile wallet";
    wallet_tosspay: "토스페이", "Toss Pay";
    wallet_kakaopay: "카카오페이", "Kakao Pay";
    wallet_naverpay: "네이버페이", "Naver Pay";
    wallet_payco: "페이코", "PAYCO";
    wallet_samsungpay: "삼성페이", "Samsung Pay";
    wallet_applepay: "애플페이", "Apple Pay";
    wallet_lpay: "엘페이", "L.PAY";
    wallet_ssgpay: "SSG페이", "SSG Pay";
    wallet_pinpay: "핀페이", "PIN Pay";
    installments: "할부", "Instalments";
    installments_ask: "카드 결제창에서 선택", "Choose in the card's window";
    at_once: "일시불", "In full";
    in_months: "{months}개월", "{months} months";
    method_transfer: "계좌이체", "Bank transfer";
    method_mobile: "휴대폰 결제", "Mobile phone bill";
    consents: "동의", "What you agree to";
    consent_missing: "결제하려면 동의가 필요합니다.", "Your consent is needed to pay.";
    pay: "{amount} 결제하기", "Pay {amount}";
    pay_hint: "카드와 계좌 정보는 결제대행사의 결제창에서만 입력합니다.",
        "Card and account details are entered only in the payment provider's window.";
    pay_free: "주문 완료하기", "Place the order";
    free_about: "결제할 금액이 없습니다. 결제창 없이 바로 주문이 완료됩니다.",
        "There is nothing to pay. The order is placed at once, without a payment window.";
    pay_nowhere: "이 주문은 결제창 없이 처리됩니다. 판매자에게 문의해 주세요.",
        "This order is paid without a payment window. Please ask the seller.";
    notice_closed: "결제창이 닫혔습니다. 청구된 금액은 없습니다. 주문은 그대로 남아 있습니다.",
        "The payment window was closed. Nothing was charged, and your order is kept.";
    notice_refused: "결제창에서 결제가 진행되지 않았습니다. 청구된 금액은 없습니다. 주문은 그대로 남아 있습니다.",
        "The payment window did not go through. Nothing was charged, and your order is kept.";
    notice_popup: "브라우저가 결제창을 막았습니다. 다시 누르시면 이 화면에서 결제창으로 이동합니다.",
        "Your browser blocked the payment window. Press again to go there in this tab.";
    notice_gateway_says: "결제대행사 안내", "The payment provider says";
    notice_network: "서버에 연결하지 못했습니다. 청구된 금액은 없습니다. 연결을 확인한 뒤 다시 눌러 주세요.",
        "The server could not be reached. Nothing was charged. Check your connection and press again.";
    notice_offline: "인터넷에 연결되어 있지 않습니다. 청구된 금액은 없습니다. 연결되면 다시 눌러 주세요.",
        "You are offline. Nothing was charged. Press again once you are back.";
    notice_busy: "서버가 바쁩니다. 청구된 금액은 없습니다. 잠시 뒤에 다시 눌러 주세요.",
        "The server is busy. Nothing was charged. Press again in a moment.";

    // The states.
    loading_title: "결제 정보를 불러오고 있습니다", "Loading your payment";
    loading_slow: "오래 걸리면 새로고침하거나, 이 사이트의 스크립트를 허용해 주세요.",
        "If this takes long, reload the page, or allow the scripts of this site.";
    opening_title: "결제창을 여는 중입니다", "Opening the payment window";
    opening_about: "열린 결제창에서 결제를 마쳐 주세요. 이 화면은 결과를 기다립니다.",
        "Finish the payment in the window that opens. This page waits for the result.";
    opening_stop: "결제창 열기 취소", "Stop";
    opening_still: "결제창이 열려 있다면 그곳에서 결제를 마치거나 닫아 주세요.",
        "If the payment window is still open, finish or close it there.";
    pending_title: "결제를 처리하고 있습니다", "Confirming your payment";
    pending_stay: "잠시만 기다려 주세요. 확인이 시작될 때까지 이 화면을 닫지 마세요.",
                  "One moment, please. Keep this page open until we have begun.";
    untaken: "아직 결제가 진행되지 않았습니다. 지금 닫으면 결제되지 않습니다.",
             "The payment has not gone through yet. If you close this now, it will not be made.";
    pending_about: "잠시만 기다려 주세요. 화면을 닫아도 결제는 계속 처리됩니다.",
        "One moment, please. The payment goes on even if you close this page.";
    unknown_title: "은행에 결과를 확인하고 있습니다", "We are asking the bank";
    unknown_about: "두 번 결제되지 않습니다. 결과가 확인되면 이 화면이 바뀝니다. 창을 닫고 나중에 다시 열어 보셔도 됩니다.",
        "You will not be charged twice. This page changes once the bank has answered; you may also close it and come back later.";
    paid_title: "결제가 완료되었습니다", "Payment complete";
    paid_about: "주문해 주셔서 감사합니다.", "Thank you for your order.";
    free_title: "주문이 완료되었습니다", "Your order is complete";
    booked_title: "예약 결제가 완료되었습니다", "Your booking is paid";
    booked_about: "판매자의 확정을 기다리고 있습니다. 확정되지 않으면 전액 돌려드립니다.",
        "The seller still has to confirm it. If they do not, all of it is returned.";
    booked_free_about: "판매자의 확정을 기다리고 있습니다.", "The seller still has to confirm it.";
    authorized_title: "예약이 접수되었습니다", "Your booking is in";
    authorized_about: "결제 승인만 받았으며 아직 청구되지 않았습니다. 판매자가 확정하면 청구됩니다.",
        "The amount is reserved and not charged yet. It is charged when the seller confirms the booking.";
    failed_title: "결제가 되지 않았습니다", "The payment did not go through";
    failed_about: "청구된 금액은 없습니다. 주문은 그대로 남아 있습니다.", "Nothing was charged, and your order is kept.";
    failed_given_back: "결제되었던 금액은 모두 돌려드렸습니다.", "What had been taken has all been given back.";
    failed_later: "잠시 뒤에 다시 시도하시면 결제될 수 있습니다.", "It may work if you try again a little later.";
    failed_never: "다시 시도해도 같은 결과일 수 있습니다. 판매자에게 문의해 주세요.",
        "Trying again may not help. Please ask the seller.";
    failed_order_over: "이 주문은 더 이상 결제할 수 없습니다. 상점에서 다시 주문해 주세요.",
        "This order can no longer be paid. Please order again at the shop.";
    canceled_title: "결제가 취소되었습니다", "The payment was canceled";
    canceled_about: "청구된 금액은 없습니다.", "Nothing was charged.";
    expired_title: "결제 시간이 지났습니다", "The time to pay has run out";
    expired_about: "청구된 금액은 없습니다.", "Nothing was charged.";
    attempt_over_title: "이번 결제의 시간이 지났습니다", "This attempt to pay has run out";
    attempt_over_about: "청구된 금액은 없습니다. 주문은 아직 결제할 수 있습니다.",
        "Nothing was charged, and the order can still be paid.";
    link_over_title: "결제 링크의 유효 기간이 지났습니다", "This payment link has expired";
    link_over_about: "결제하셨다면 결과는 상점의 주문 화면에서 확인하실 수 있습니다.",
        "If you have paid, your order at the shop shows what became of it.";
    under_way_title: "이 주문의 다른 결제를 확인하고 있습니다", "Another payment of this order is under way";
    under_way_about: "두 번 청구되지 않습니다. 다른 결제가 되지 않았을 때만 이 결제가 진행됩니다. 결과가 확인될 때까지 이 화면을 닫지 마세요.",
        "You will not be charged twice: this payment goes on only if the other one comes to nothing. Keep this page open until that is known.";
    over_title: "이 주문은 더 이상 결제할 수 없습니다", "This order can no longer be paid";
    over_about: "이번에는 청구된 금액이 없습니다. 상점에서 다시 주문해 주세요.",
        "Nothing was charged this time. Please order again at the shop.";
    over_too_many: "한 주문에 할 수 있는 결제 시도를 모두 썼습니다.",
        "It has been tried as often as an order can be paid for.";
    already_title: "이미 결제된 주문입니다", "This order is already paid";
    already_about: "같은 주문이 다른 결제로 완료되었습니다. 이번에는 청구되지 않았습니다.",
        "Another payment has paid for it. Nothing was charged this time.";
    review_title: "결제를 한 번 더 확인하고 있습니다", "We are looking into this payment";
    review_about: "주문에 쓸 수 없는 금액은 돌려드립니다. 다시 결제하지 마시고, 급하시면 아래 번호로 판매자에게 문의해 주세요.",
        "What the order cannot take goes back to you. Please do not pay again; if it is urgent, contact the seller with the number below.";
    refunded_title: "환불되었습니다", "The payment was refunded";
    refunded_about: "카드사나 은행에 따라 며칠 뒤에 표시될 수 있습니다.",
        "It may take your bank or card company a few days to show it.";
    deposit_title: "입금을 기다리고 있습니다", "Waiting for your transfer";
    deposit_about: "안내받은 계좌로 입금하시면 이 화면이 바뀝니다.",
        "Transfer the amount to the account you were given. This page changes once it has arrived.";
    mismatched_title: "결제 정보가 서로 다릅니다", "The payment does not match";
    mismatched_about: "돌아온 주소의 금액이나 주문번호가 이 주문과 달라 결제를 진행하지 않았습니다. 청구된 금액은 없습니다.",
        "The amount or order number in the address you came back with is not that of this order, so the payment was stopped. Nothing was charged.";
    blocked_title: "결제창을 불러오지 못했습니다", "The payment window could not be loaded";
    blocked_about: "청구된 금액은 없습니다. 광고 차단 프로그램이나 회사 네트워크가 막았을 수 있습니다. 차단을 끄거나 다른 네트워크에서 다시 시도해 주세요.",
        "Nothing was charged. An ad blocker or a company network may have stopped it. Turn the blocker off, or try from another network.";
    invalid_title: "결제 링크가 올바르지 않습니다", "This payment link does not work";
    invalid_about: "주소가 잘렸거나 만료되었습니다. 상점의 주문 화면에서 다시 열어 주세요.",
        "The address is cut off or too old. Please open it again from the shop.";
    network_title: "서버에 연결할 수 없습니다", "The server cannot be reached";
    network_about: "인터넷은 연결되어 있지만 서버가 응답하지 않습니다. 자동으로 다시 시도합니다. 이미 승인하신 결제는 안전하게 처리됩니다.",
        "You are online, but the server does not answer. This tries again by itself. A payment you have approved is safe.";
    offline_title: "인터넷에 연결되어 있지 않습니다", "You are offline";
    offline_about: "인터넷 연결을 확인해 주세요. 연결되면 자동으로 다시 시도합니다. 이미 승인하신 결제는 안전하게 처리됩니다.",
        "Please check your connection. This tries again once you are back. A payment you have approved is safe.";
    busy_title: "서버가 바쁩니다", "The server is busy";
    busy_about: "기다리시면 자동으로 다시 시도합니다. 이미 승인하신 결제는 안전하게 처리됩니다.",
        "This tries again by itself. A payment you have approved is safe.";
    unloaded_title: "화면의 일부를 불러오지 못했습니다", "Part of this page could not be loaded";
    unloaded_about: "연결이 끊겼거나, 차단 프로그램이나 브라우저 설정이 막았을 수 있습니다. 다시 시도하거나 다른 브라우저에서 열어 주세요.",
        "The connection may be down, or a blocker or your browser's settings may have stopped it. Try again, or open this link in another browser.";
    error_title: "문제가 발생했습니다", "Something went wrong";
    error_about: "다시 시도해 주세요. 계속되면 아래 문의번호를 판매자에게 알려 주세요.",
        "Please try again. If it goes on, give the seller the reference below.";

    // The way back.
    leaving_soon: "{seconds}초 뒤 상점으로 돌아갑니다.", "You will be taken back to the shop in {seconds} s.";
    leaving_stay: "이 화면에 머무르기", "Stay on this page";
    may_close: "이 화면은 닫으셔도 됩니다.", "You may close this page.";

    // Consents. Each text is what is agreed to, word for word: a change of one changes its hash.
    consent_seller: "판매자", "the seller";
    consent_purchase: "{seller}의 상품과 결제 금액, 결제 조건을 확인했으며 구매에 동의합니다.",
        "I have checked the items, the amount and the conditions of {seller}, and agree to buy.";
    consent_terms: "이용약관: {address}", "Terms: {address}";
    consent_refund_rules: "환불 규정: {address}", "Returns and refunds: {address}";
    consent_personal_data: "결제를 위해 개인정보를 {gateway}에 제공하는 데 동의합니다.\n제공받는 자: {gateway}\n제공 항목: 이름, 휴대폰 번호와 이메일 주소(입력한 경우), 주문 내용과 결제 금액\n이용 목적: 결제의 승인과 취소, 결제 문의 처리, 부정 거래 방지\n보유 및 이용 기간: 결제일부터 {years}년\n동의하지 않을 수 있으며, 동의하지 않으면 결제할 수 없습니다.",
        "I agree that personal data is passed to {gateway} for the payment.\nWho receives it: {gateway}\nWhat is passed on: name, mobile number and e-mail address (if given), what is ordered and the amount\nWhat for: approving and canceling the payment, questions about it, preventing fraud\nHow long it is kept: {years} years from the payment\nYou may refuse; without this consent the payment cannot be made.";

    // Who sells.
    seller: "판매자", "Seller";
    seller_business_number: "사업자등록번호", "Business registration number";
    seller_representative: "대표자", "Representative";
    seller_address: "주소", "Address";
    seller_telephone: "전화", "Telephone";
    seller_email: "이메일", "E-mail";
    seller_mail_order_number: "통신판매업신고번호", "Mail-order registration number";
    seller_hosting_provider: "호스팅서비스 제공자", "Hosting provider";
    seller_terms: "이용약관", "Terms";
    seller_refund_rules: "환불 규정", "Returns and refunds";
    seller_privacy: "개인정보 처리방침", "Privacy policy";
    paid_through: "결제대행사", "Payment provider";

    // An address that nothing is at.
    nowhere_title: "페이지를 찾을 수 없습니다", "There is no such page";
    nowhere_about: "주소가 바뀌었거나 잘못 입력되었습니다. 받으신 링크로 다시 열어 주세요.",
        "The address has changed or was mistyped. Open the link that you were given once more.";
    nowhere_or_shop: "주소가 바뀌었거나 잘못 입력되었습니다. 받으신 링크로 다시 열거나 상점으로 돌아가 주세요.",
        "The address has changed or was mistyped. Open the link that you were given once more, or go back to the shop.";

    // The receipt.
    receipt: "영수증", "Receipt";
    receipt_amount: "결제 금액", "Amount paid";
    receipt_time: "결제 일시", "Paid at";
    receipt_through: "결제대행사", "Paid through";
    receipt_title: "주문 내용", "For";
    receipt_issuer: "발행", "Issued by";
    receipt_checking: "서명을 확인하는 중", "Checking the signature";
    receipt_verified: "서명이 확인된 영수증", "Signature verified";
    receipt_unverified: "서명을 확인하지 못했습니다. 결제는 완료되었습니다.",
        "The signature could not be verified. The payment is complete.";
    receipt_save: "영수증 저장", "Save receipt";
    receipt_print: "인쇄", "Print";
    receipt_open: "영수증 보기", "Show the receipt";
    receipt_signed_form: "서명된 영수증 (프로그램용)", "Signed receipt (for programs)";
    receipt_discount: "할인", "Discount";
    receipt_refunded: "환불된 금액", "Refunded so far";
    receipt_left: "환불 후 금액", "After refunds";
    receipt_issued_by: "카드사·은행", "Card company or bank";
    receipt_wallet: "간편결제", "Wallet";
    receipt_card: "카드 번호", "Card number";
    receipt_approval: "승인번호", "Approval number";
    receipt_slip: "결제대행사의 매출전표 보기", "The payment provider's own slip";
    receipt_is_no_tax_paper: "결제 내역을 확인하기 위한 영수증이며, 세금계산서나 현금영수증이 아닙니다.",
        "This receipt confirms the payment. It is neither a tax invoice nor a cash receipt (hyeongeum yeongsujeung).";
    receipt_none_title: "영수증이 없습니다", "There is no receipt";
    receipt_none_about: "아직 결제되지 않았거나 결제가 완료되지 않은 주문입니다.",
        "This order has not been paid, or the payment is not complete.";
    receipt_unread: "영수증을 불러오지 못했습니다. 연결을 확인한 뒤 다시 시도해 주세요.",
        "The receipt could not be loaded. Check your connection and try again.";
    paid_card: "카드", "Card";
    paid_easy_pay: "간편결제", "Mobile wallet";
    paid_transfer: "계좌이체", "Bank transfer";
    paid_virtual_account: "가상계좌", "Virtual account";
    paid_mobile: "휴대폰", "Mobile phone bill";
    paid_gift_certificate: "상품권", "Gift certificate";
    paid_other: "기타", "Another way";
    gateway_toss: "토스페이먼츠", "Toss Payments";
    gateway_mock: "모의 결제", "Mock gateway";
    dialog_close: "닫기", "Close";

    // The sandbox's shop.
    shop_name: "물그림 상점", "Brush & Water";
    shop_sandbox: "연습용 상점입니다. 실제 돈은 오가지 않습니다.", "A shop to practise with. No money moves.";
    shop_title: "무엇을 사시겠습니까?", "What would you like?";
    shop_about: "결제창도 모의 결제창입니다. 승인하거나 거절해 보고, 창을 닫았다가 다시 시도해 보세요.",
        "The payment window is simulated too: approve, decline, close it, come back.";
    shop_orders: "주문 내역", "Orders";
    shop_all_orders: "← 주문 내역", "← Orders";
    shop_no_orders: "아직 주문한 상품이 없습니다.", "You have not ordered anything yet.";
    shop_look_around: "둘러보기", "Look around";
    shop_awaits_confirmation: "예약 확정 후 결제 확정", "Yours once the host confirms";
    shop_has_tax_free: "일부 면세", "Partly tax-free";
    shop_consists: "구성", "What you get";
    shop_quantity: "수량", "Quantity";
    shop_buy: "구매하기", "Buy now";
    shop_buy_here: "여기서 바로 결제", "Buy here";
    shop_pay: "결제하기", "Pay";
    shop_bought: "주문한 상품", "What you ordered";
    shop_ordered_at: "주문 일시", "Ordered";
    shop_pay_until: "결제 기한", "To be paid by";
    shop_host: "판매자라면", "If you were the host";
    shop_host_about: "이 상점에서는 판매자 역할도 해 볼 수 있습니다.", "In this shop you can play the host as well.";
    shop_confirm: "예약 확정", "Confirm the booking";
    shop_cancel: "주문 취소", "Cancel the order";
    shop_give_back: "취소하고 환불", "Cancel and refund";
    order_unpaid: "결제 대기", "Not paid";
    order_unpaid_about: "아직 결제되지 않았습니다.", "This order has not been paid yet.";
    order_asking: "결제 확인 중", "Being checked";
    order_asking_about: "은행에 결과를 확인하고 있습니다. 두 번 결제되지 않습니다.",
        "We are asking the bank. You will not be charged twice.";
    order_reserved: "예약됨", "Reserved";
    order_reserved_about: "결제가 완료되었습니다. 판매자가 예약을 확정하면 끝나고, 취소하면 전액 돌려드립니다.",
        "You have paid. It is settled once the host confirms; if the host cancels, you get all of it back.";
    order_paid: "결제 완료", "Paid";
    order_paid_about: "결제가 완료되었습니다. 감사합니다.", "All paid. Thank you.";
    order_returning: "환불 중", "Being refunded";
    order_returning_about: "결제하신 금액을 돌려드리고 있습니다.", "Your money is on its way back.";
    order_return_refused: "환불 실패", "Refund refused";
    order_return_refused_about: "결제대행사에서 환불을 거절했습니다. 다시 시도하거나 직접 돌려드려야 합니다.",
        "The gateway refused the refund. Try again, or return the money another way.";
    order_canceled: "취소됨", "Canceled";
    order_canceled_about: "주문이 취소되었습니다. 결제하신 금액이 있다면 모두 돌려드렸습니다.",
        "This order is canceled. Anything you paid has been returned.";
    order_refunded: "환불 완료", "Refunded";
    order_refunded_about: "결제하신 금액을 모두 돌려드렸습니다.", "All of your money has been returned.";
    shop_not_here: "찾을 수 없습니다", "Not found";
    shop_not_here_about: "그런 상품이나 주문이 없거나, 다른 브라우저에서 하신 주문입니다.",
        "There is no such item or order here, or the order was made in another browser.";
    shop_wrong_form: "주문할 수 없습니다", "This cannot be ordered";
    shop_wrong_form_about: "상품이나 수량이 올바르지 않습니다. 상점에서 다시 골라 주세요.",
        "The item or the quantity is not right. Please choose again in the shop.";
    shop_not_ours: "요청을 받을 수 없습니다", "Request refused";
    shop_not_ours_about: "다른 사이트에서 보낸 요청은 받지 않습니다. 상점에서 다시 시도해 주세요.",
        "Requests sent by other sites are not taken. Please try again from the shop.";
    shop_not_now: "지금은 할 수 없습니다", "Not possible now";
    shop_not_now_about: "그사이에 주문의 상태가 바뀌었습니다. 주문 내역에서 확인해 주세요.",
        "The order has changed in the meantime. Please look at your orders.";
    shop_no_answer: "문제가 발생했습니다", "Something went wrong";
    shop_no_answer_about: "결제 서버에 물어볼 수 없었습니다. 주문 내역을 확인한 뒤 다시 시도해 주세요.",
        "The payment server could not be asked. Please look at your orders and try again.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

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

    /// All files under a folder of this crate whose names end like this, as one text.
    fn written_in(folder: &Path, ending: &str) -> String {
        let mut all = String::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.push_str(&written_in(&path, ending));
            } else if path.to_string_lossy().ends_with(ending) && !path.ends_with("pages/words.rs")
            {
                all.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
        all
    }

    #[test]
    fn each_text_is_on_some_page() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let used =
            written_in(&root.join("templates"), ".html") + &written_in(&root.join("src"), ".rs");
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        for (name, ..) in ALL {
            let takes_it = ["w.", "words.", "words()."].iter().any(|from| {
                let taken = format!("{from}{name}");
                let mut rests = used.split(taken.as_str()).skip(1);
                rests.any(|rest| !rest.as_bytes().first().is_some_and(is_name))
            });
            assert!(takes_it, "no page says {name}");
        }
    }
}
