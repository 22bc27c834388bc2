from zerofeed.venues.suggest import suggestion

__all__: list[str] = []

KNOWN = ["binance", "binance-usdm", "bitmex", "kraken"]


def test_a_slip_of_the_finger_is_understood() -> None:
    assert suggestion("binnance", KNOWN) == "did you mean binance or binance-usdm?"
    assert suggestion("krakn", KNOWN) == "did you mean kraken?"


def test_letters_may_be_of_any_case() -> None:
    assert suggestion("BITMEX", KNOWN) == "did you mean bitmex?"


def test_nothing_is_suggested_when_nothing_is_like_it() -> None:
    assert suggestion("nasdaq", KNOWN) is None
    assert suggestion("", KNOWN) is None
