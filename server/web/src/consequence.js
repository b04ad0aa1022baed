// What an error of the package comes to for the buyer: which state is shown, or which notice over the form.

/**
 * `notice` alone: back to the form, under it. With `state` too: that state, where there is no form to go back to.
 * `looks`: the session may say it better. `field`: what the buyer has to put right. `isOnline`: whether the browser
 * has a network at all.
 */
export function consequence(error, { isOnline }) {
  switch (error.code) {
    case "window_closed":
      return { notice: "closed" };
    case "window_refused":
      return { notice: "refused" };
    case "popup_blocked":
      return { notice: "popup" };
    case "mismatched":
    case "script_blocked":
    case "invalid_link":
      return { state: error.code };
    case "session_expired":
      // What became of the payment is not known here: only the link is over.
      return { state: "expired", conditions: ["link"] };
    case "invalid_buyer":
      return { state: "error", field: error.field };
    case "network":
      if (!isOnline) return { state: "network", notice: "offline", conditions: ["offline"] };
      return { state: "network", notice: "network", conditions: ["unreachable"] };
    default:
      return refusal(error);
  }
}

/** What the server has refused. */
function refusal({ api_code: code, status, retry }) {
  if (code === "ORDER_NOT_PAYABLE") return { state: "over", looks: true };
  if (code === "TOO_MANY_PAYMENTS") return { state: "over", looks: true, conditions: ["too_many"] };
  if (status && retry) return { state: "network", notice: "busy", conditions: ["busy"] };
  return { state: "error", looks: status === 409 };
}
