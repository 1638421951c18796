"""Exact money: integer nano-dollars; price times tokens is rounded up here and nowhere else."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

NANO_PER_USD = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000
FACTOR_ONE = 1_000_000
"""A price factor of 1.0: factors are integers in millionths."""

_PARTS = TOKENS_PER_PRICE * FACTOR_ONE

_LARGEST_USD = Decimal(9_000_000_000)


def nano_of_usd(text: str) -> int:
    """The nano-dollars of a decimal text such as `5`, `0.15` or `$12.50`.

    Raises ValueError for anything that is no finite decimal, is negative, is finer than a
    nano-dollar or does not fit 64 bits.
    """
    return _scaled(text.strip().removeprefix("$"), NANO_PER_USD, "dollars")


def factor_of(text: str) -> int:
    """The millionths of a price factor such as `0.7`. Raises ValueError as `nano_of_usd` does."""
    return _scaled(text.strip(), FACTOR_ONE, "a factor")


def charge(lines: Iterable[tuple[int, int]], factor: int = FACTOR_ONE) -> int:
    """The cost in nano-dollars of (tokens, nano-dollars per million tokens) lines, rounded up once.

    `factor` is in millionths. Raises ValueError for a negative count: what a vendor reports is
    clamped where it is read.
    """
    total = 0
    for tokens, price in lines:
        if tokens < 0 or price < 0:
            raise ValueError(f"cannot charge {tokens} tokens at {price}")
        total += tokens * price
    return -(-total * factor // _PARTS)


def usd(nano: int, places: int = 2) -> str:
    """Nano-dollars as `$5.00`, with at least `places` decimals and as many more as it takes to be exact."""
    sign, (whole, rest) = "-" if nano < 0 else "", divmod(abs(nano), NANO_PER_USD)
    decimals = f"{rest:09d}".rstrip("0").ljust(places, "0")
    return f"{sign}${whole:,}.{decimals}" if decimals else f"{sign}${whole:,}"


def plain_usd(nano: int) -> str:
    """Nano-dollars as a plain decimal number for headers and files: `0.00475`, never with an exponent."""
    whole, rest = divmod(abs(nano), NANO_PER_USD)
    decimals = f"{rest:09d}".rstrip("0") or "0"
    return f"{whole}.{decimals}" if nano >= 0 else f"-{whole}.{decimals}"


def plain_millionths(amount: int) -> str:
    """Millionths as a plain decimal number without needless zeros: `1.5`, `0.33`, `20`."""
    sign, (whole, rest) = "-" if amount < 0 else "", divmod(abs(amount), FACTOR_ONE)
    return f"{sign}{whole}.{rest:06d}".rstrip("0").rstrip(".")


def _scaled(text: str, scale: int, what: str) -> int:
    try:
        value = Decimal(text.replace("_", ""))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number of {what}") from None
    if not value.is_finite() or value < 0 or value > _LARGEST_USD:
        raise ValueError(f"{text!r} is outside what {what} can be (0 to {_LARGEST_USD:,})")
    scaled = value * scale
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} is finer than 1/{scale:,}")
    return int(scaled)
