"""A shop's backend and its buyer's browser in small, over the client that is generated from the description: one order
is paid, and read again as paid."""

import json
import os
import urllib.request
from typing import TypeVar, cast

from daegeum_client import AuthenticatedClient
from daegeum_client.api.checkout import confirm_confirm, sessions_create, sessions_prepare
from daegeum_client.api.orders import orders_cancel, orders_create, orders_get
from daegeum_client.models import (
    BroughtBack,
    CaptureMode,
    CreateOrder,
    CreateSession,
    ErrorCode,
    Order,
    OrderCurrency,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    PreparedSession,
    Problem,
    Session,
    Tax,
)
from daegeum_client.types import Unset

Told = TypeVar("Told")


def told(answer: object, kind: type[Told]) -> Told:
    """What was asked for, or the refusal as an error."""
    if isinstance(answer, kind):
        return answer
    raise SystemExit(f"expected {kind.__name__}: {answer}")


def bearing(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["DAEGEUM_BASE"], token=token)


def approve(at: PreparedSession) -> str:
    """What the buyer does in the simulated gateway's window; the gateway's name for the payment."""
    if isinstance(at.window, Unset):
        raise SystemExit("there is something to pay, so there is a window")
    window = at.window.additional_properties
    opened = post(
        "/sandbox/windows",
        {
            "method": window["method"],
            "amount": at.amount,
            "orderId": window["order_id"],
            "orderName": window["order_name"],
        },
    )
    key = cast(str, opened["paymentKey"])
    post(f"/sandbox/windows/{key}/approve", {})
    return key


def post(at: str, body: dict[str, object]) -> dict[str, object]:
    request = urllib.request.Request(
        os.environ["DAEGEUM_SIMULATOR"] + at,
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return cast(dict[str, object], json.load(answer))


def main() -> None:
    shop = bearing(os.environ["DAEGEUM_MERCHANT_KEY"])
    line = OrderLine(name="수채화 강의", quantity=1, unit_price=11_000, tax=Tax.TAXABLE)
    new = CreateOrder(
        order_id="python-1",
        buyer_id="buyer-1",
        currency=OrderCurrency.KRW,
        total=11_000,
        capture=CaptureMode.AUTOMATIC,
        lines=[line],
    )
    order = told(orders_create.sync(client=shop, body=new, idempotency_key="python-1"), Order)
    begun = told(sessions_create.sync(client=shop, body=CreateSession(order_id=order.order_id)), Session)
    if isinstance(begun.session_token, Unset):
        raise SystemExit("a session that is begun has a token")

    browser = bearing(begun.session_token)
    prepared = told(sessions_prepare.sync(begun.session_id, client=browser, body=None), PreparedSession)
    back = BroughtBack(payment_key=approve(prepared), order_id=prepared.payment_id, amount=prepared.amount)
    payment = told(confirm_confirm.sync(client=browser, body=back), Payment)
    if payment.status is not PaymentStatus.CAPTURED:
        raise SystemExit(f"the payment is {payment.status}")

    paid = told(orders_get.sync(order.order_id, client=shop), Order)
    if paid.status is not OrderStatus.PAID:
        raise SystemExit(f"the order is {paid.status}")
    canceled = told(orders_cancel.sync(order.order_id, client=shop, body=None), Problem)
    if canceled.code is not ErrorCode.ORDER_NOT_PERMITTED:
        raise SystemExit(f"a paid order is refunded, not canceled: {canceled}")


main()
