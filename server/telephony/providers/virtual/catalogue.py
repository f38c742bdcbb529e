"""The numbers the virtual network sells: those that regulators keep for films and books, where a country has some.

Elsewhere they are round numbers: nothing leaves the process, so nobody real is called. Nothing is stored here
either: what is for sale follows from the table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from server.telephony.number_provider import NumberProvider, NumberQuery, NumberRefusal, NumberType, Offer

_LOCAL, _MOBILE, _TOLL_FREE = NumberType.LOCAL, NumberType.MOBILE, NumberType.TOLL_FREE
_MONTHLY = {_LOCAL: Decimal("1.00"), _MOBILE: Decimal("2.00"), _TOLL_FREE: Decimal("4.00")}
_CAPABILITIES = {_LOCAL: ("voice", "sms"), _MOBILE: ("voice", "sms"), _TOLL_FREE: ("voice",)}


@dataclass(frozen=True)
class Block:
    """A hundred numbers in a row: the country's code, `national`, and two more digits."""

    country: str
    type: NumberType
    area_code: str
    code: str
    national: str
    locality: str | None = None

    @property
    def prefix(self) -> str:
        return f"+{self.code}{self.national}"

    def offers(self) -> Iterator[Offer]:
        for last in range(100):
            yield self.offer(f"{self.prefix}{last:02}")

    def offer(self, number: str) -> Offer:
        return Offer(
            number,
            self.country,
            self.type,
            self.area_code,
            self.locality,
            _MONTHLY[self.type],
            _CAPABILITIES[self.type],
        )


_NORTH_AMERICA = {
    "US": {
        "202": "Washington",
        "206": "Seattle",
        "212": "New York",
        "213": "Los Angeles",
        "305": "Miami",
        "312": "Chicago",
        "415": "San Francisco",
        "512": "Austin",
        "617": "Boston",
        "702": "Las Vegas",
    },
    "CA": {"416": "Toronto", "514": "Montréal", "604": "Vancouver"},
}
"""555-0100 to 555-0199 of every area is for fiction."""

BLOCKS = (
    *(
        Block(country, _LOCAL, area, "1", f"{area}55501", town)
        for country, areas in _NORTH_AMERICA.items()
        for area, town in areas.items()
    ),
    Block("US", _TOLL_FREE, "800", "1", "80055501"),
    # ARCEP's numbers for works of fiction, which no operator is given.
    Block("FR", _LOCAL, "1", "33", "1990000", "Paris"),
    Block("FR", _LOCAL, "2", "33", "2619100", "Rennes"),
    Block("FR", _LOCAL, "3", "33", "3530100", "Strasbourg"),
    Block("FR", _LOCAL, "4", "33", "4657100", "Lyon"),
    Block("FR", _LOCAL, "5", "33", "5364900", "Bordeaux"),
    Block("FR", _MOBILE, "6", "33", "6399800"),
    # Ofcom's numbers for drama.
    Block("GB", _LOCAL, "20", "44", "20794600", "London"),
    Block("GB", _LOCAL, "161", "44", "16149600", "Manchester"),
    Block("GB", _MOBILE, "7700", "44", "77009000"),
    Block("GB", _TOLL_FREE, "808", "44", "80815700"),
    # The Bundesnetzagentur's.
    Block("DE", _LOCAL, "30", "49", "30231250", "Berlin"),
    Block("DE", _LOCAL, "89", "49", "89999980", "München"),
    Block("DE", _MOBILE, "171", "49", "17139200"),
    # The PTS's and ACMA's.
    Block("SE", _LOCAL, "8", "46", "8465004", "Stockholm"),
    Block("SE", _MOBILE, "70", "46", "7017406"),
    Block("AU", _LOCAL, "2", "61", "2555000", "Sydney"),
    # No range for fiction.
    Block("ES", _LOCAL, "91", "34", "9100000", "Madrid"),
    Block("MA", _LOCAL, "520", "212", "5200000", "Casablanca"),
    Block("BE", _LOCAL, "2", "32", "200000", "Bruxelles"),
)


class VirtualNumbers:
    """Implements NumberProvider over BLOCKS. Every number of theirs reaches us, so there is nothing to remember."""

    name = "virtual"

    async def search(self, query: NumberQuery) -> Sequence[Offer] | NumberRefusal:
        return [
            offer
            for block in BLOCKS
            if _fits(block, query)
            for offer in block.offers()
            if query.contains is None or query.contains in offer.number
        ]

    async def buy(self, number: str) -> Offer | NumberRefusal:
        for block in BLOCKS:
            last = number.removeprefix(block.prefix)
            if last != number and len(last) == 2 and last.isascii() and last.isdecimal():
                return block.offer(number)
        return NumberRefusal.NOT_FOR_SALE

    async def release(self, number: str) -> NumberRefusal | None:
        return None


def _fits(block: Block, query: NumberQuery) -> bool:
    return (
        query.country in (None, block.country)
        and query.type in (None, block.type)
        and (query.area_code is None or block.national.startswith(query.area_code))
    )


_: type[NumberProvider] = VirtualNumbers
