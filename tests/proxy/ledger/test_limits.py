"""Limits: which accounts a call asks, and how much of each."""

import tomllib

import pytest
from fakes.samples import asks, cap
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.account import Unit
from bursar.domain.refusals import UnknownPrice
from bursar.domain.route import Route
from bursar.domain.usage import NOTHING, Usage
from bursar.ledger.limits import Limits, Scope, ScopedAccount

ROUTE = Route("main", "vendor/small-model")
DOLLARS, TOKENS, REQUESTS = cap("dollars"), cap("tokens", unit=Unit.TOKENS), cap("requests", unit=Unit.REQUESTS)
USAGE = Usage(100, 20, cached_tokens=50)


def asked(
    scope: Scope, key: str = "laptop", project: str = "thesis", route: Route = ROUTE, alias: str = "fast"
) -> bool:
    return bool(Limits((ScopedAccount(TOKENS, scope),)).demands(key, project, route, alias, USAGE, None))


def test_each_account_is_asked_in_its_own_unit() -> None:
    limits = Limits((ScopedAccount(DOLLARS), ScopedAccount(TOKENS), ScopedAccount(REQUESTS)))
    expected = (*asks(777, DOLLARS), *asks(120, TOKENS), *asks(1, REQUESTS))
    assert limits.demands("laptop", "", ROUTE, "fast", USAGE, 777) == expected
    assert limits.all_accounts == (DOLLARS, TOKENS, REQUESTS)


def test_what_was_not_used_asks_nothing_of_any() -> None:
    limits = Limits((ScopedAccount(DOLLARS), ScopedAccount(TOKENS), ScopedAccount(REQUESTS)))
    assert limits.demands("laptop", "", ROUTE, "fast", NOTHING, 0) == asks(0, DOLLARS, TOKENS, REQUESTS)


def test_growth_is_no_further_request() -> None:
    limits = Limits((ScopedAccount(TOKENS), ScopedAccount(REQUESTS)))
    more = limits.demands("laptop", "", ROUTE, "fast", Usage(0, 50, requests=0), None)
    assert more == (*asks(50, TOKENS), *asks(0, REQUESTS))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(key="laptop"), True),
        (Scope(key="lap*"), True),
        (Scope(key="desk"), False),
        (Scope(key="LAPTOP"), False),
        (Scope(project="thesis"), True),
        (Scope(project="other"), False),
        (Scope(upstream="main"), True),
        (Scope(upstream="m?in"), True),
        (Scope(upstream="ma"), False),
        (Scope(model="vendor/small-model"), True),
        (Scope(model="vendor/*"), True),
        (Scope(model="*small*"), True),
        (Scope(model="fast"), True),
        (Scope(model="small-model"), False),
        (Scope(model="main/vendor/small-model"), False),
        (Scope(key="laptop", project="other"), False),
        (Scope(key="laptop", upstream="main", model="fast"), True),
    ],
)
def test_a_scope_covers_the_calls_that_match_all_of_it(scope: Scope, covered: bool) -> None:
    assert asked(scope) is covered


@given(st.text(max_size=8))
def test_a_name_always_matches_itself(name: str) -> None:
    assert asked(Scope(key=name, project=name, model=name), key=name, project=name, alias=name)


def test_an_unknown_price_is_never_free() -> None:
    limits = Limits((ScopedAccount(TOKENS), ScopedAccount(DOLLARS, Scope(key="laptop"))))
    with pytest.raises(UnknownPrice) as refused:
        limits.demands("laptop", "", ROUTE, "fast", USAGE, None)
    assert (
        'No price is known for main/vendor/small-model, and the cap "dollars" is in dollars.' in refused.value.message
    )
    assert refused.value.detail["account"] == "cap:dollars"
    assert limits.demands("desk", "", ROUTE, "fast", USAGE, None) == asks(120, TOKENS)


def test_the_lines_to_add_are_a_table_of_the_configuration() -> None:
    odd = Route("main", 'a "quoted"\\model')
    with pytest.raises(UnknownPrice) as refused:
        Limits((ScopedAccount(DOLLARS),)).demands("laptop", "", odd, "fast", USAGE, None)
    assert tomllib.loads(str(refused.value.detail["add"])) == {"prices": {str(odd): {"input": "…", "output": "…"}}}
