"""Numbers that must not be dialled, as many as there are kinds of them, and those that must."""

import random

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from server.telephony.destinations import (
    COSTLY_PREFIXES,
    DEFAULT_COUNTRIES,
    NETWORKS_OF_NO_COUNTRY,
    Denial,
    country_of,
    denial,
)

EVERYWHERE = frozenset(phonenumbers.SUPPORTED_REGIONS)


def test_a_thousand_random_satellite_and_premium_numbers_are_never_dialled() -> None:
    chance = random.Random(4)
    prefixes = (*NETWORKS_OF_NO_COUNTRY, *COSTLY_PREFIXES)
    for _ in range(1_000):
        prefix = chance.choice(prefixes)
        number = prefix + "".join(chance.choices("0123456789", k=12 - len(prefix)))
        assert denial(number, EVERYWHERE) in (Denial.COSTLY, Denial.NO_COUNTRY), prefix


def test_every_countrys_premium_and_shared_cost_numbers_are_known() -> None:
    seen = 0
    for kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.PAGER):
        for region in phonenumbers.SUPPORTED_REGIONS:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None or phonenumbers.number_type(example) is not kind:
                continue  # the metadata's own example is also a number of another kind
            seen += 1
            assert denial(phonenumbers.format_number(example, PhoneNumberFormat.E164), EVERYWHERE) is Denial.COSTLY
    assert seen > 150


@pytest.mark.parametrize(
    "number",
    ["+33612345678", "+33700000000", "+33783484044", "+33159133354", "+14155550123", "+33639980042", "+447700900123"],
)
def test_what_people_call_every_day_may_be_called(number: str) -> None:
    assert denial(number, DEFAULT_COUNTRIES) is None


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+18765551234", "JM"),
        ("+18760551234", "JM"),  # not assigned, and Jamaica's all the same
        ("+14155550123", "US"),
        ("+14165550123", "CA"),
        ("+447700900123", "GB"),
        ("+33700000000", "FR"),
        ("+212520123456", "MA"),
        ("+77011234567", "KZ"),
    ],
)
def test_countries_that_share_a_code_are_told_apart(number: str, country: str) -> None:
    assert country_of(number) == country
    assert denial(number, {country}) is None
    assert denial(number, EVERYWHERE - {country}) is Denial.COUNTRY
