"""COBS: the same bytes as PyPI's `cobs` makes and takes."""

from __future__ import annotations

import pytest
from cobs import cobs as reference
from hypothesis import given
from hypothesis import strategies as st

from panel_link import cobs

PIECES = st.sampled_from([b"\0", b"x", b"y" * 253, b"y" * 254, b"y" * 255, b"z" * 508])
RUNS = st.lists(PIECES, max_size=6).map(b"".join)


@given(st.binary(max_size=600) | RUNS)
def test_encoded_as_by_the_reference(data: bytes) -> None:
    encoded = cobs.encode(data)
    assert encoded == reference.encode(data)
    assert 0 not in encoded
    assert cobs.decode(encoded) == data


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\0", b"\1")))
def test_decoded_as_by_the_reference(encoded: bytes) -> None:
    try:
        expected = reference.decode(encoded)
    except reference.DecodeError:
        with pytest.raises(ValueError, match="ends inside a run"):
            cobs.decode(encoded)
    else:
        assert cobs.decode(encoded) == expected


def test_zero_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="a zero inside"):
        cobs.decode(b"\3a\0")
