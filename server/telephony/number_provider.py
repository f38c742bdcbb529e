"""The NumberProvider port: which numbers a carrier has to sell, buying one, giving it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class NumberType(StrEnum):
    LOCAL = "local"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"


@dataclass(frozen=True)
class NumberQuery:
    """What a number must be like; None does not matter. Digits are without `+` and without a national zero.

    `contains` is looked for in the whole number, `area_code` right after the country's code.
    """

    country: str | None = None
    type: NumberType | None = None
    area_code: str | None = None
    contains: str | None = None


@dataclass(frozen=True)
class Offer:
    """A number for sale. `monthly_cost` is in the currency of the deployment."""

    number: str
    country: str
    type: NumberType
    area_code: str
    locality: str | None
    monthly_cost: Decimal
    capabilities: tuple[str, ...]  # of voice, sms


class NumberRefusal(StrEnum):
    """Why a carrier did not do it."""

    NOT_FOR_SALE = "not_for_sale"
    UNAVAILABLE = "unavailable"  # the carrier does not answer; the same may succeed later


class NumberProvider(Protocol):
    """A carrier as a seller of numbers. Nothing here raises: what went wrong is the answer."""

    @property
    def name(self) -> str: ...

    async def search(self, query: NumberQuery) -> Sequence[Offer] | NumberRefusal:
        """Numbers that fit, in an order that stays; those that somebody of ours has already may be among them."""
        ...

    async def buy(self, number: str) -> Offer | NumberRefusal:
        """Have calls and messages to `number` (E.164) brought to us. Buying what we have changes nothing."""
        ...

    async def release(self, number: str) -> NumberRefusal | None:
        """Give `number` back; None when it is. Releasing what we do not have changes nothing."""
        ...
