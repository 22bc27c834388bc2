"""Checksums are those of the text that the venues describe, written out here by hand."""

import zlib

import pytest

from zerofeed.mock.venue.book import Book, Row
from zerofeed.mock.venue.checksums import bitfinex_checksum, kraken_checksum, okx_checksum

__all__: list[str] = []


@pytest.fixture
def book() -> Book:
    made = Book("X")
    for price, size in (("99.50", "0.10"), ("99.00", "7")):
        made.put("bids", Row(price, size))
    made.put("asks", Row("100.05", "0.00200"))
    return made


def signed(text: str) -> int:
    crc = zlib.crc32(text.encode())
    return crc - 2**32 if crc >= 2**31 else crc


def test_okx_takes_sides_by_turns_and_goes_on_with_the_longer_one(book: Book) -> None:
    assert okx_checksum(book) == signed("99.50:0.10:100.05:0.00200:99.00:7")


def test_bitfinex_writes_amounts_of_asks_negative(book: Book) -> None:
    assert bitfinex_checksum(book) == signed("99.50:0.10:100.05:-0.00200:99.00:7")


def test_kraken_takes_asks_then_bids_without_dots_and_leading_zeros(book: Book) -> None:
    assert kraken_checksum(book) == zlib.crc32(b"1000520099501099007")


def test_only_the_best_levels_count() -> None:
    deep = Book("X")
    for k in range(30):
        deep.put("bids", Row(f"{100 - k}", "1"))
        deep.put("asks", Row(f"{200 + k}", "1"))
    before = okx_checksum(deep), kraken_checksum(deep), bitfinex_checksum(deep)
    deep.put("bids", Row("71", "5"))
    assert (okx_checksum(deep), kraken_checksum(deep), bitfinex_checksum(deep)) == before
    deep.put("bids", Row("80", "5"))
    assert kraken_checksum(deep) == before[1]
    assert okx_checksum(deep) != before[0]


def test_empty_book_has_a_checksum() -> None:
    assert okx_checksum(Book("X")) == kraken_checksum(Book("X")) == 0
