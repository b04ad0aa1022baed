// Stands in for Toss Payments' browser SDK, both versions: defines window.TossPayments, checks what
// it is given, and opens the simulator's payment window. Nothing of a card ever passes here.
(function () {
  "use strict";

  var home = new URL(document.currentScript.src).origin;
  var METHODS = {
    "카드": "CARD", "가상계좌": "VIRTUAL_ACCOUNT", "간편결제": "EASY_PAY", "휴대폰": "MOBILE_PHONE",
    "계좌이체": "TRANSFER", "문화상품권": "CULTURE_GIFT_CERTIFICATE",
    "도서문화상품권": "BOOK_GIFT_CERTIFICATE", "게임문화상품권": "GAME_GIFT_CERTIFICATE"
  };
  var CODES = Object.keys(METHODS).map(function (name) { return METHODS[name]; });

  function failure(code, message) {
    var error = new Error(message);
    error.name = "TossPaymentsError";
    error.code = code;
    return error;
  }

  function isUrl(url) {
    try {
      return /^https?:$/.test(new URL(url).protocol);
    } catch (_) {
      return false;
    }
  }

  function isText(value, longest) {
    return typeof value === "string" && value.length >= 1 && value.length <= longest;
  }

  // What is wrong with a request, as the SDK says it; nothing if it is right.
  function objection(asked) {
    if (CODES.indexOf(asked.method) < 0) {
      return failure("NOT_SUPPORTED_METHOD", "지원되지 않는 결제 수단입니다.");
    }
    if (typeof asked.orderId !== "string" || !/^[A-Za-z0-9_=-]{6,64}$/.test(asked.orderId)) {
      return failure("INVALID_ORDER_ID", "orderId는 6자 이상 64자 이하의 영문, 숫자, '-', '_', '='여야 합니다.");
    }
    if (!isText(asked.orderName, 100)) {
      return failure("INVALID_ORDER_NAME", "orderName은 1자 이상 100자 이하여야 합니다.");
    }
    if (!asked.amount || !Number.isSafeInteger(asked.amount.value) || asked.amount.value <= 0) {
      return failure("INVALID_PARAMETERS", "amount가 올바르지 않습니다.");
    }
    if (asked.amount.currency !== "KRW") {
      return failure("INVALID_CURRENCY", "원화(KRW)만 지원합니다.");
    }
    if (asked.customerMobilePhone != null && !/^[0-9]{8,15}$/.test(asked.customerMobilePhone)) {
      return failure("INVALID_PARAMETERS", "customerMobilePhone은 숫자 8~15자리여야 합니다.");
    }
    if (asked.customerKey != null && !/^[A-Za-z0-9_=.@-]{2,300}$/.test(asked.customerKey)) {
      return failure("INVALID_CUSTOMER_KEY", "customerKey가 올바르지 않습니다.");
    }
    if (asked.successUrl != null && !isUrl(asked.successUrl)) {
      return failure("INCORRECT_SUCCESS_URL_FORMAT", "successUrl이 올바르지 않습니다.");
    }
    if (asked.failUrl != null && !isUrl(asked.failUrl)) {
      return failure("INCORRECT_FAIL_URL_FORMAT", "failUrl이 올바르지 않습니다.");
    }
    if ((asked.successUrl == null) !== (asked.failUrl == null)) {
      return failure("INVALID_PARAMETERS", "successUrl과 failUrl은 함께 사용해야 합니다.");
    }
    return null;
  }

  function inPopup(popup, orderId) {
    return new Promise(function (resolve, reject) {
      var closed = setInterval(function () {
        if (popup.closed) end(reject, failure("USER_CANCEL", "결제가 취소되었습니다."));
      }, 300);
      function end(how, value) {
        clearInterval(closed);
        window.removeEventListener("message", hear);
        how(value);
      }
      function hear(event) {
        var told = event.data;
        if (event.origin !== home || event.source !== popup) return;
        if (!told || told.simulatedToss !== true || told.orderId !== orderId) return;
        // The window closes when it was heard: one that closes at once may be seen closed before it is heard.
        popup.postMessage({ simulatedToss: true, heard: told.paymentKey }, home);
        if (told.code) return end(reject, failure(told.code, told.message));
        var paid = {
          paymentKey: told.paymentKey,
          orderId: told.orderId,
          amount: { currency: "KRW", value: told.amount }
        };
        if (told.paymentType) paid.paymentType = told.paymentType;
        end(resolve, paid);
      }
      window.addEventListener("message", hear);
    });
  }

  // Never settles where the page is left for the window.
  function open(clientKey, asked) {
    var wrong = objection(asked);
    if (wrong) return Promise.reject(wrong);
    var wanted = Object.assign({}, asked, { clientKey: clientKey });
    if (wanted.successUrl == null) wanted.opener = location.origin;
    var query = new URLSearchParams({ request: JSON.stringify(wanted) });
    var address = home + "/sandbox/window?" + query;
    if (wanted.successUrl != null) {
      location.assign(address);
      return new Promise(function () {});
    }
    var popup = window.open(address, "_blank", "popup,width=430,height=760");
    if (!popup) return Promise.reject(failure("POPUP_BLOCKED", "팝업이 차단되었습니다."));
    return inPopup(popup, asked.orderId);
  }

  // The parts of a request that the window uses; the rest of the SDK's options are taken and
  // ignored.
  function flat(request, customerKey) {
    var asked = {};
    ["orderId", "orderName", "successUrl", "failUrl", "customerName", "customerMobilePhone",
      "taxFreeAmount", "taxExemptionAmount", "metadata"].forEach(function (name) {
      if (request[name] != null) asked[name] = request[name];
    });
    if (customerKey && customerKey !== TossPayments.ANONYMOUS) asked.customerKey = customerKey;
    var card = request.card || {};
    var account = request.virtualAccount || {};
    var transfer = request.transfer || {};
    asked.useEscrow = Boolean(request.useEscrow || card.useEscrow || account.useEscrow || transfer.useEscrow);
    var hours = request.validHours != null ? request.validHours : account.validHours;
    if (hours != null) asked.validHours = hours;
    var easy = request.easyPay || card.easyPay;
    if (typeof easy === "string") asked.easyPay = easy;
    ["flowMode", "cardCompany", "cardInstallmentPlan", "maxCardInstallmentPlan"].forEach(function (name) {
      var said = request[name] != null ? request[name] : card[name];
      if (said != null) asked[name] = said;
    });
    if (card.taxExemptionAmount != null) asked.taxExemptionAmount = card.taxExemptionAmount;
    return asked;
  }

  function payment(clientKey, options) {
    return {
      requestPayment: function (request) {
        request = request || {};
        var asked = flat(request, options && options.customerKey);
        asked.method = request.method;
        asked.amount = request.amount;
        return open(clientKey, asked);
      }
    };
  }

  function put(selector, text) {
    var place = document.querySelector(selector);
    if (!place) throw failure("INVALID_SELECTOR", "선택자에 해당하는 요소가 없습니다.");
    place.textContent = text;
  }

  function widgets(clientKey, options) {
    var amount = null;
    return {
      setAmount: function (value) { amount = value; return Promise.resolve(); },
      renderPaymentMethods: function (where) {
        return Promise.resolve().then(function () {
          put(where.selector, "모의 결제 위젯: 결제 수단은 결제창에서 고릅니다.");
        });
      },
      renderAgreement: function (where) {
        return Promise.resolve().then(function () { put(where.selector, "모의 약관"); });
      },
      requestPayment: function (request) {
        var asked = flat(request || {}, options && options.customerKey);
        asked.method = "CARD";
        asked.amount = amount;
        return open(clientKey, asked);
      }
    };
  }

  function TossPayments(clientKey) {
    if (typeof clientKey !== "string" || !/^test_g?ck_/.test(clientKey)) {
      throw failure("INVALID_CLIENT_KEY", "클라이언트 키가 올바르지 않습니다.");
    }
    return {
      payment: function (options) { return payment(clientKey, options); },
      widgets: function (options) { return widgets(clientKey, options); },
      // The first version's.
      requestPayment: function (method, request) {
        request = request || {};
        var asked = flat(request, request.customerKey);
        asked.method = METHODS[method] || method;
        asked.amount = { value: request.amount, currency: request.currency || "KRW" };
        return open(clientKey, asked);
      }
    };
  }

  TossPayments.ANONYMOUS = "@@ANONYMOUS";
  window.TossPayments = TossPayments;
})();
