"""Makes proxy/bursar/metering/data/prices.json.gz, the prices that are shipped, from the installed genai-prices.

    python .ci/make_prices.py [YYYY-MM-DD]

genai-prices has the best data of all sources, with dates and tiers, but is no run-time dependency, as it brings
pydantic and an HTTP client. What a Price cannot express is left out, and the model then has no price: an unknown price
is told to the user, a wrong one is not. The date is that of the making, as the package states none of its own.

The form, in JSON: {"source", "date", "providers": [[id, pattern of its address, match of its name, match of its
models' names, ids of providers whose models it offers too, [model, …]], …]}, and a model is [id, match, context window,
prices, variants]. A match is null for the id itself, or one of "=text" equal, "^text" start, "$text" end, "~text"
part, "/text" regular expression, ["|", …] any, ["&", …] all. Prices are [[condition, rates], …], of which the last
that applies counts, else the first; a condition is null, a day (counted from 1970, UTC) from which, or seconds of the
day (UTC) [from, to]. Rates are null where they are not known, else {field of Price: nano-dollars per million tokens,
or [so much, [[above so many prompt tokens, so much], …]]}. Variants are [service tier, condition, rates in place].
"""

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices import types as known
from genai_prices.data import providers

TARGET = Path(__file__).parents[1] / "proxy/bursar/metering/data/prices.json.gz"

# What we charge by: the unit there, the field of Price here, and how many of the unit the price there is for.
FIELDS = {
    "input_mtok": ("input", 1),
    "output_mtok": ("output", 1),
    "cache_read_mtok": ("cached_input", 1),
    "cache_write_mtok": ("cache_write", 1),
    "cache_write_1h_mtok": ("cache_write_1h", 1),
    "output_reasoning_mtok": ("reasoning", 1),
    "input_audio_mtok": ("audio_input", 1),
    "output_audio_mtok": ("audio_output", 1),
    "input_image_mtok": ("image_input", 1),
    "output_image_mtok": ("image_output", 1),
    "requests_kcount": ("request", 1000),
}
# What may be left out and leaves the rest right: sound and images from the cache, which no vendor reports apart, then
# cost as if they were new; searches are calls of the vendor's own tools, which no usage object counts.
LEFT_OUT = {"cache_audio_read_mtok", "cache_image_read_mtok", "web_searches_kcount", "storage_searches_kcount"}


def table(made: date) -> dict[str, Any]:
    """The whole table."""
    return {
        "source": f"genai-prices {version('genai-prices')}",
        "date": made.isoformat(),
        "providers": [
            [
                provider.id,
                provider.api_pattern,
                match(provider.provider_match),
                match(provider.model_match),
                provider.fallback_model_providers or [],
                [model(each) for each in provider.models],
            ]
            for provider in providers
        ],
    }


def model(info: known.ModelInfo) -> list[Any]:
    """One model."""
    dated = info.prices if isinstance(info.prices, list) else [known.ConditionalPrice(prices=info.prices)]
    prices = [[condition(each.constraint), rates(each.prices, info.id.endswith(":free"))] for each in dated]
    matched = match(info.match)
    return [
        info.id.lower(),
        None if matched == f"={info.id.lower()}" else matched,
        info.context_window,
        prices,
        list(variants(info)),
    ]


def variants(info: known.ModelInfo) -> Iterator[list[Any]]:
    """The prices of other service tiers; whatever else a variant may depend on, no request of ours asks for it."""
    for variant in info.price_variants or ():
        if set(variant.when) == {"service_tier"}:
            changed = rates(variant.prices, free=False)
            if changed is not None:
                yield [variant.when["service_tier"], condition(variant.constraint), changed]


def rates(price: known.ModelPrice, free: bool) -> dict[str, Any] | None:
    """The rates of a price, None where we cannot charge by it; without any it is free only if its name says so."""
    stated = {unit: value for unit, value in price.__dict__.items() if value is not None}
    if not stated:
        return {"input": 0, "output": 0} if free else None
    if set(stated) - set(FIELDS) - LEFT_OUT:
        return None
    return {FIELDS[unit][0]: rate(value, FIELDS[unit][1]) for unit, value in stated.items() if unit in FIELDS} or None


def rate(value: Decimal | known.TieredPrices, per: int) -> int | list[Any]:
    """Dollars per million (or thousand) as nano-dollars, rounded up: a few rates come from a division."""
    if isinstance(value, known.TieredPrices):
        return [rate(value.base, per), [[tier.start, rate(tier.price, per)] for tier in value.tiers]]
    return int((value * 1_000_000_000 / per).to_integral_value(ROUND_CEILING))


def condition(constraint: known.StartDateConstraint | known.TimeOfDateConstraint | None) -> int | list[int] | None:
    """When a price applies."""
    if isinstance(constraint, known.StartDateConstraint):
        return (constraint.start_date - date(1970, 1, 1)).days
    if isinstance(constraint, known.TimeOfDateConstraint):
        return [seconds(constraint.start_time), seconds(constraint.end_time)]
    return None


def seconds(moment: Any) -> int:
    """A time of day, as seconds of the day in UTC."""
    utc = datetime.combine(date(1970, 1, 2), moment)
    utc = utc.replace(tzinfo=UTC) if utc.tzinfo is None else utc.astimezone(UTC)
    return int(utc.timestamp()) % 86_400


def match(clause: Any) -> Any:
    """A clause in the form that is described above."""
    for kind, sign in (("equals", "="), ("starts_with", "^"), ("ends_with", "$"), ("contains", "~")):
        if hasattr(clause, kind):
            return sign + getattr(clause, kind).lower()
    if isinstance(clause, known.ClauseRegex):
        return "/" + clause.regex
    if isinstance(clause, known.ClauseOr):
        return ["|", *map(match, clause.or_)]
    if isinstance(clause, known.ClauseAnd):
        return ["&", *map(match, clause.and_)]
    if clause is None:
        return None
    raise SystemExit(f"a clause of a kind not known here: {clause!r}")


def main() -> None:
    """Writes the table and says what is in it."""
    made = date.fromisoformat(sys.argv[1]) if len(sys.argv) > 1 else datetime.now(UTC).date()
    whole = table(made)
    content = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(gzip.compress(content, 9, mtime=0))
    models = [each for provider in whole["providers"] for each in provider[5]]
    unknown = sum(1 for each in models if all(priced is None for _, priced in each[3]))
    print(f"{TARGET}: {len(models):,} models ({unknown} without a price), {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
