"""Amounts as people type them for caps, as the options of commands take them."""

import argparse

from bursar.domain.cap_amount import Amount, cap_amount

__all__ = ["Amount", "amount"]


def amount(text: str) -> Amount:
    """The amount that a person typed, as argparse wants it: raises ArgumentTypeError with a sentence."""
    try:
        return cap_amount(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
