// Tells the page that opened this window how it ended, and closes once that page has heard it. Only
// that page's origin hears it.
(function () {
  "use strict";
  var told = document.getElementById("told");
  if (!told || !window.opener || !told.dataset.opener) return;
  var data = told.dataset;
  window.addEventListener("message", function (event) {
    if (event.source !== window.opener || event.origin !== data.opener) return;
    if (event.data && event.data.heard === data.paymentKey) window.close();
  });
  window.opener.postMessage(
    {
      simulatedToss: true,
      orderId: data.orderId,
      paymentKey: data.paymentKey,
      amount: Number(data.amount),
      paymentType: data.paymentType,
      code: data.code,
      message: data.message
    },
    data.opener
  );
})();
