// Tells the page that opened this window how it ended, and closes it. Only that page's origin
// hears it.
(function () {
  "use strict";
  var told = document.getElementById("told");
  if (!told || !window.opener || !told.dataset.opener) return;
  var data = told.dataset;
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
  window.close();
})();
