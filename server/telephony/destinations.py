"""Which numbers may be called for money: countries somebody allowed, and never those that toll fraud lives on."""

import re
from collections.abc import Collection
from enum import StrEnum
from functools import cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberType

DEFAULT_COUNTRIES = frozenset("AT BE CA CH CZ DE DK ES FI FR GB GR IE IT LU MA MC NL NO PL PT SE US".split())
"""Allowed unless a tenant says otherwise, beside the countries of its own numbers."""

NETWORKS_OF_NO_COUNTRY = ("+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979")
"""Satellites, ships, aeroplanes, and numbers that are charged for worldwide."""

COSTLY_PREFIXES = (
    *("+1900", "+1976"),
    *("+3381", "+3382", "+3389"),
    *("+4470", "+4484", "+4487", "+449"),
    *("+49137", "+49138", "+49180", "+49900"),
    *("+34803", "+34806", "+34807", "+34901", "+34902", "+34905", "+34907"),
    *("+39144", "+39166", "+39178", "+39199", "+39892", "+39895", "+39899"),
    *("+3270", "+3290"),
    *("+31900", "+31906", "+31909"),
    *("+41900", "+41901", "+41906"),
    *("+43810", "+43820", "+43821", "+43900", "+43901", "+43930", "+43931", "+43939"),
    *("+46900", "+46939", "+46944"),
    *("+351607", "+351608", "+351707", "+351708", "+351760", "+351761", "+351762"),
    *("+21289",),
)
"""Charged for by whoever is called. libphonenumber knows a kind for numbers it holds valid; these count always."""

_COSTLY_TYPES = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)


class Denial(StrEnum):
    """Why a number is not called."""

    NO_COUNTRY = "no_country"
    COSTLY = "costly"
    COUNTRY = "country"


def denial(number: str, allowed: Collection[str]) -> Denial | None:
    """Why `number` (E.164) may not be called when these countries (ISO, two letters) may; None when it may."""
    if number.startswith(NETWORKS_OF_NO_COUNTRY):
        return Denial.NO_COUNTRY
    parsed = phonenumbers.parse(number)
    if number.startswith(COSTLY_PREFIXES) or phonenumbers.number_type(parsed) in _COSTLY_TYPES:
        return Denial.COSTLY
    country = country_of(number)
    if country is None:
        return Denial.NO_COUNTRY
    return None if country in allowed else Denial.COUNTRY


def country_of(number: str) -> str | None:
    """The ISO country an E.164 number is billed as, known to be valid or not; None for numbers of no country.

    Countries that share a code are told apart by their leading digits: an unassigned number of Jamaica is not one
    of the United States.
    """
    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    code = parsed.country_code
    if region is None and code is not None:
        national = phonenumbers.national_significant_number(parsed)
        regions = COUNTRY_CODE_TO_REGION_CODE.get(code, ())
        of_digits = (one for one in regions if (leading := _leading_digits(one)) and leading.match(national))
        region = next(of_digits, phonenumbers.region_code_for_country_code(code))
    return None if region in ("001", "ZZ") else region


@cache
def _leading_digits(region: str) -> re.Pattern[str] | None:
    metadata = PhoneMetadata.metadata_for_region(region)
    return re.compile(metadata.leading_digits) if metadata is not None and metadata.leading_digits else None


def is_country(code: str) -> bool:
    """Whether `code` is an ISO country that has telephone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS
