"""An attempt as a line of the log, and an exchange in full."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from bursar.cli.words import amount_of, duration
from bursar.contract.commands import AttemptRow
from bursar.contract.statements import AttemptRecord, ExchangeRecord, Paid
from bursar.domain.account import Unit
from bursar.domain.exchange import Price
from bursar.domain.money import FACTOR_ONE, NANO_PER_USD, plain_usd, usd
from bursar.domain.usage import Quality, Usage

_PARTS = {
    "input": "input",
    "cached_input": "cached",
    "cache_write": "cache write",
    "cache_write_1h": "cache write for an hour",
    "audio_input": "sound in",
    "image_input": "images in",
    "output": "output",
    "reasoning": "reasoning",
    "audio_output": "sound out",
    "image_output": "images out",
}
_USED = {
    "cached_tokens": "cached",
    "cache_write_tokens": "written to the cache",
    "audio_prompt_tokens": "sound in",
    "image_prompt_tokens": "images in",
    "reasoning_tokens": "reasoning",
    "audio_completion_tokens": "sound out",
    "image_completion_tokens": "images out",
}


def line_of(row: AttemptRow) -> str:
    """One attempt: when, who, where, what came of it, tokens in and out, cost, time, and the exchange's id."""
    result = row.refusal or row.outcome.value
    return "  ".join(
        (
            moment(row.at_ms),
            f"{row.key:<12}",
            f"{_way(row):<36}",
            f"{row.status} {result:<10}",
            f"{_tokens(row.usage):>15}{'' if row.quality is Quality.REPORTED else '~'}",
            f"{_cost(row):>12}",
            f"{duration(row.total_ms):>10}",
            row.exchange_id,
        )
    ).rstrip()


def exchange_lines(exchange: ExchangeRecord, units: Mapping[str, Unit]) -> Iterator[str]:
    """One exchange in full. `units` are those of the accounts that are configured."""
    first = exchange.attempts[0].row
    total = sum(each.row.cost_nano for each in exchange.attempts)
    yield f"exchange  {exchange.exchange_id}"
    yield f"asked     {first.alias}, by {first.key}" + (f" for project {first.project}" if first.project else "")
    yield f"program   {first.client or '-'}"
    yield f"cost      {usd(total)}"
    for each in exchange.attempts:
        yield ""
        yield from _attempt_lines(each, units)


def _attempt_lines(attempt: AttemptRecord, units: Mapping[str, Unit]) -> Iterator[str]:
    row = attempt.row
    yield f"attempt {row.attempt}: {row.upstream}/{row.model}"
    yield f"  ended   {moment(row.at_ms)}, {row.outcome.value}, status {row.status}" + (
        f", {row.refusal}" if row.refusal else ""
    )
    yield f"  took    {_times(row)}"
    yield f"  tokens  {_tokens_in_full(row)}"
    yield f"  price   {_price(attempt.price)}"
    yield f"  cost    {_cost(row)}"
    yield f"  paid by {', '.join(_paid(each, units) for each in attempt.paid) or 'nobody'}"
    if row.notes:
        yield f"  notes   {', '.join(row.notes)}"


def moment(at_ms: int) -> str:
    """An instant in this machine's own time, to the second."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _way(row: AttemptRow) -> str:
    route = f"{row.upstream}/{row.model}"
    return route if row.alias == route else f"{row.alias} > {route}"


def _tokens(usage: Usage) -> str:
    return f"{usage.prompt_tokens:,}+{usage.completion_tokens:,}"


def _cost(row: AttemptRow) -> str:
    return usd(row.cost_nano) if row.priced else "no price"


def _times(row: AttemptRow) -> str:
    words = duration(row.total_ms)
    if row.first_ms is not None:
        words += f", first event after {duration(row.first_ms)}"
        written_ms = row.total_ms - row.first_ms
        if row.stream and row.usage.completion_tokens and written_ms > 0:
            words += f", {row.usage.completion_tokens * 1000 // written_ms:,} tokens a second"
    return words + (f", ended by {row.finish_reason}" if row.finish_reason else "")


def _tokens_in_full(row: AttemptRow) -> str:
    usage = row.usage
    parts = [f"{count:,} {words}" for name, words in _USED.items() if (count := getattr(usage, name))]
    more = f" ({', '.join(parts)})" if parts else ""
    counted = f"we counted {row.prompt_counted:,} in, {row.completion_counted:,} out"
    return f"{usage.prompt_tokens:,} in, {usage.completion_tokens:,} out{more}, {row.quality.value}; {counted}"


def _price(price: Price | None) -> str:
    if price is None:
        return "none is known"
    parts = [f"{words} {usd(each)}" for name, words in _PARTS.items() if (each := getattr(price, name)) is not None]
    text = f"{', '.join(parts)} a million tokens"
    if price.request:
        text += f", {usd(price.request)} a request"
    if price.factor != FACTOR_ONE:
        text += f", times {plain_usd(price.factor * (NANO_PER_USD // FACTOR_ONE))}"
    return f"{text} ({price.source or 'source unknown'})"


def _paid(paid: Paid, units: Mapping[str, Unit]) -> str:
    unit = units.get(paid.account_id)
    return f"{paid.account_id} {amount_of(paid.amount, unit) if unit is not None else f'{paid.amount:,}'}"
