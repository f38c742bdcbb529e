"""What every seller of numbers promises: a search that keeps to what was asked, buying and giving back at will."""

import phonenumbers
import pytest

from server.telephony.destinations import country_of
from server.telephony.number_provider import NumberProvider, NumberQuery, NumberRefusal, NumberType, Offer
from server.telephony.numbers import normalise
from server.telephony.providers import VirtualNumbers

SELLERS = {"virtual": VirtualNumbers}


@pytest.fixture(params=sorted(SELLERS))
def seller(request: pytest.FixtureRequest) -> NumberProvider:
    return SELLERS[request.param]()


async def found(seller: NumberProvider, **wish: object) -> list[Offer]:
    offers = await seller.search(NumberQuery(**wish))  # type: ignore[arg-type]
    assert not isinstance(offers, NumberRefusal)
    return list(offers)


async def test_every_offer_is_a_number_of_its_country(seller: NumberProvider) -> None:
    offers = await found(seller)
    assert len({offer.country for offer in offers}) >= 5
    assert len({offer.number for offer in offers}) == len(offers)
    for offer in offers:
        assert normalise(offer.number) == offer.number
        assert country_of(offer.number) == offer.country, offer.number
        national = phonenumbers.national_significant_number(phonenumbers.parse(offer.number))
        assert national.startswith(offer.area_code)
        assert offer.monthly_cost > 0
        assert "voice" in offer.capabilities


async def test_a_search_keeps_to_what_was_asked_and_finds_the_same_again(seller: NumberProvider) -> None:
    local = await found(seller, country="US", type=NumberType.LOCAL, area_code="415")
    assert "+14155550123" in [offer.number for offer in local]
    assert {(offer.country, offer.type, offer.area_code) for offer in local} == {("US", NumberType.LOCAL, "415")}
    assert await found(seller, country="US", type=NumberType.LOCAL, area_code="415") == local
    ending = await found(seller, country="FR", contains="99")
    assert ending
    assert all("99" in offer.number for offer in ending)
    assert {offer.type for offer in await found(seller, type=NumberType.TOLL_FREE)} == {NumberType.TOLL_FREE}
    assert await found(seller, country="AQ") == []
    assert await found(seller, contains="000000000000000") == []


async def test_a_number_is_bought_and_given_back_as_often_as_one_likes(seller: NumberProvider) -> None:
    [offer, *_] = await found(seller, country="FR")
    assert await seller.buy(offer.number) == offer
    assert await seller.buy(offer.number) == offer
    assert await seller.release(offer.number) is None
    assert await seller.release(offer.number) is None
    assert await seller.buy(offer.number) == offer


@pytest.mark.parametrize("number", ["+33612345678", "+1415555012", "+141555501234", "+1415555012x", "", "14155550123"])
async def test_what_is_not_for_sale_is_said_and_not_raised(seller: NumberProvider, number: str) -> None:
    assert await seller.buy(number) is NumberRefusal.NOT_FOR_SALE
    assert await seller.release(number) is None
