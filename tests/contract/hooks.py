"""Rules of the API that no JSON schema can say, for requests that schemathesis makes from the description.

Each turns a request that keeps its schema and breaks such a rule into one that keeps both. What breaks its schema
stays as it is: those requests have to be refused.
"""

import re

import schemathesis

KEY = re.compile(r"[ -~]{1,255}")
NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")
WALLETS = ("tosspay", "kakaopay", "naverpay", "payco", "samsungpay", "applepay", "lpay", "ssgpay", "pinpay")
OTHER_METHODS = ("transfer", "virtual_account", "mobile")


@schemathesis.hook
def before_call(context, case, kwargs):
    case.body = whole_numbers(case.body)
    if case.body is None and case.meta.generation.mode.is_negative:
        # It is as good as no body. As something that the description forbids it would have to be refused.
        case.body = {"": None}
    if isinstance(case.body, dict):
        one_key(case)
        if case.operation.label == "POST /api/v1/payments":
            some_key(case)
        both_or_neither(case.body)
        # A refund is of an amount or of components.
        if case.body.get("amount") is not None and isinstance(case.body.get("components"), dict):
            del case.body["components"]
        places(case.body)
        card_choice(case.body)
        # The origins of addresses have to be among the settings.
        for name in ("redirect_url", "failure_redirect_url"):
            if is_address(case.body.get(name)):
                del case.body[name]
    if isinstance(case.query, dict):
        both_or_neither(case.query)
        # A list goes on after an order that is there.
        if case.operation.label == "GET /api/v1/orders" and is_name(case.query.get("after")):
            del case.query["after"]


def whole_numbers(value):
    """1.0 is an integer to a schema. The API wants it written as one."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {name: whole_numbers(item) for name, item in value.items()}
    return value


def one_key(case):
    """Header and body may not carry different idempotency keys."""
    in_header = (case.headers or {}).get("Idempotency-Key")
    in_body = case.body.get("idempotency_key")
    keys = [key for key in (in_header, in_body) if isinstance(key, str) and KEY.fullmatch(key)]
    if len(keys) == 2:
        case.body["idempotency_key"] = in_header


def some_key(case):
    """A payment is begun under a key, wherever it is."""
    in_header = (case.headers or {}).get("Idempotency-Key")
    if in_header is None and "idempotency_key" not in case.body:
        case.body["idempotency_key"] = "some-key"


def both_or_neither(fields):
    """Kind and name of a resource come together."""
    pair = ("resource_type", "resource_id")
    said = [fields.get(name) for name in pair]
    whole = [text for text in said if is_name(text)]
    if len(whole) == 1 and None in said:
        fields.update(dict.fromkeys(pair, whole[0]))


def card_choice(session):
    """A wallet or a number of instalments, not both, goes with the method card, or with none said."""
    is_wallet = isinstance(session.get("easy_pay"), str) and session["easy_pay"] in WALLETS
    months = session.get("installments")
    is_plan = type(months) is int and (months == 0 or 2 <= months <= 12)
    if is_wallet and is_plan:
        del session["installments"]
    if (is_wallet or is_plan) and isinstance(session.get("method"), str) and session["method"] in OTHER_METHODS:
        del session["method"]


def places(order):
    """A discount is on lines that the order has: the first one is always there."""
    discounts = order.get("discounts")
    for discount in discounts if isinstance(discounts, list) else []:
        lines = discount.get("lines") if isinstance(discount, dict) else None
        whole = isinstance(lines, list) and all(type(place) is int and 0 <= place <= 99 for place in lines)
        if whole and len(set(lines)) == len(lines) > 0:
            discount["lines"] = [0]


def is_name(text):
    return isinstance(text, str) and NAME.fullmatch(text) is not None


def is_address(text):
    return isinstance(text, str) and len(text) <= 2000 and "://" in text
