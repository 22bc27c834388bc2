"""The index row is 40 bytes at fixed offsets."""

from zerofeed.wire.pcap_index import INDEX_DTYPE


def test_no_byte_of_the_row_moves() -> None:
    assert INDEX_DTYPE.itemsize == 40
    assert {name: (kind.str, at) for name, (kind, at) in INDEX_DTYPE.fields.items()} == {
        "ts_ns": ("<i8", 0),
        "offset": ("<i8", 8),
        "length": ("<u4", 16),
        "orig_length": ("<u4", 20),
        "src_ip": ("<u4", 24),
        "dst_ip": ("<u4", 28),
        "src_port": ("<u2", 32),
        "dst_port": ("<u2", 34),
        "flags": ("<u2", 36),
    }
