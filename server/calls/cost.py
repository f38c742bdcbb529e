"""What a call costs: a rate for every increment that was begun, by the kind of call."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_MINUTE_S = 60


@dataclass(frozen=True)
class Price:
    """`rate` a minute, counted in whole increments of `increment_s` seconds."""

    rate: Decimal
    increment_s: int

    def of(self, duration_s: int) -> Decimal:
        """For a call of that length, to the cent; what was not answered is free."""
        begun = -(-duration_s // self.increment_s) * self.increment_s
        return (self.rate * begun / _MINUTE_S).quantize(_CENT, ROUND_HALF_UP)


PER_MINUTE = Price(Decimal("0.12"), increment_s=60)
