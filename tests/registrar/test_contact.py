"""What a Contact says that is registered: RFC 3261 sections 10.3 and 20.10."""

import pytest

from frontdesk.registrar.contact import Contact

PHONE = "<sip:101@192.0.2.101>"


@pytest.mark.parametrize(
    ("written", "q", "echoed"),
    [
        ("=0.5", 0.5, ";q=0.5"), ("=0.900000", 0.9, ";q=0.900"), ("=1.0000", 1.0, ";q=1.000"),
        ('="0.5"', 0.5, ";q=0.5"), ("=.5", None, ""), ("=50", None, ""), ("=", None, ""), ("", None, ""),
    ],
)  # fmt: skip
def test_a_preference_that_is_none_keeps_no_phone_from_being_called(written: str, q: float | None, echoed: str) -> None:
    contact = Contact.parse(f"{PHONE};audio;q{written};x=1")
    assert (contact.q, contact.parameters) == (q, f";audio{echoed};x=1")
