"""Tokens: what opens a dialog and what does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.proxy.record_route import MAX_KNOWN, Dialog, Side, Tokens
from frontdesk.sip.address import Address
from frontdesk.sip.uri import Uri
from frontdesk.sip.wire import Flow

TOKENS = Tokens(b"key")
CALLER = Side(7, Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.11", 49152), 3))
CALLEE = Side(8, Flow("udp", ("2001:db8::1", 5060), ("fe80::1%eth0", 5062)))
FROM, TO = "sip:101@desk.example", "sip:102@desk.example"


def said(
    call_id: str = "call-1", tag: str | None = "caller", to_tag: str | None = "callee", from_: str = FROM, to: str = TO
) -> Any:
    """What of a request says which dialog it is of."""
    ends = (Address(Uri.parse(from_), "", {"tag": tag}), Address(Uri.parse(to), "", {"tag": to_tag}))
    return SimpleNamespace(call_id=call_id, from_=ends[0], to=ends[1])


TOKEN = TOKENS.mint(said(), CALLER, CALLEE)

ports = st.integers(0, 65535)
hosts = st.ip_addresses().map(str)
flows = st.builds(
    Flow, st.sampled_from(["udp", "tcp", "tls", "ws", "wss"]), st.tuples(hosts, ports), st.tuples(hosts, ports),
    st.integers(0, 2**40 - 1),
)  # fmt: skip
sides = st.builds(Side, st.integers(0, 2**40 - 1), st.none() | flows)


def verified(
    token: str = TOKEN, tag: str | None = "caller", to_tag: str | None = "callee", call_id: str = "call-1"
) -> Dialog | None:
    return Tokens(b"key").verify(token, said(call_id, tag, to_tag))


def test_initiator_is_led_to_the_callee() -> None:
    dialog = verified()
    assert dialog is not None
    assert (dialog.side, dialog.initiator) == (CALLEE, "caller")


def test_callee_is_led_to_the_initiator() -> None:
    dialog = verified(tag="callee", to_tag="caller")
    assert dialog is not None
    assert (dialog.side, dialog.initiator) == (CALLER, "caller")


@pytest.mark.parametrize(
    "other", [{"call_id": "call-2"}, {"tag": "somebody"}, {"to_tag": None}, {"tag": "callee", "to_tag": "somebody"}]
)
def test_other_dialog_is_not_opened(other: dict[str, str | None]) -> None:
    assert verified(**other) is None  # type: ignore[arg-type]


def test_only_the_initiator_may_have_no_tag() -> None:
    tokens = Tokens(b"key")
    token = tokens.mint(said(tag=None), CALLER, CALLEE)
    for good in (tokens, Tokens(b"key")):
        there, back = good.verify(token, said(tag=None)), good.verify(token, said(tag="callee", to_tag=None))
        assert there is not None and (there.side, there.initiator) == (CALLEE, "")
        assert back is not None and (back.side, back.initiator) == (CALLER, "")
        assert good.verify(token, said(tag=None, to_tag=None)) is None


def test_another_key_opens_nothing() -> None:
    assert Tokens(b"other").verify(TOKEN, said()) is None


def test_callees_tag_need_not_be_known() -> None:
    assert verified(to_tag="any of several phones") is not None


def test_every_flipped_bit_closes_it() -> None:
    data = TOKEN.encode()
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytes([*data[:position], data[position] ^ 1 << bit, *data[position + 1 :]])
            assert verified(flipped.decode("latin-1")) is None, (position, bit)


def test_spare_bits_and_strange_characters_close_it() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [char for char in alphabet if verified(TOKEN[:-1] + char)] == [TOKEN[-1]]
    assert not any(verified(TOKEN[:9] + char + TOKEN[9:]) for char in "!+/ =.;\n")


@given(st.text(max_size=120))
def test_no_other_text_opens_it(text: str) -> None:
    assert verified(text) is None or text == TOKEN


@given(st.integers(1, 20))
def test_no_longer_and_no_shorter_token_opens_it(count: int) -> None:
    assert verified(TOKEN + "A" * count) is None
    assert verified(TOKEN[:-count]) is None


@given(sides, sides, st.text(min_size=1), st.text(min_size=1))
def test_sides_come_back_as_they_went_in(caller: Side, callee: Side, call_id: str, tag: str) -> None:
    token = TOKENS.mint(said(call_id, tag), caller, callee)
    assert token.replace("-", "").replace("_", "").isalnum()
    there = Tokens(b"key").verify(token, said(call_id, tag, tag + "x"))
    back = Tokens(b"key").verify(token, said(call_id, tag + "x", tag, TO, FROM))
    assert there is not None
    assert back is not None
    assert (there.side, there.sender) == (callee, caller) == (back.sender, back.side)
    assert there.is_named and back.is_named


@given(st.text(), st.text(), st.text(), st.text())
def test_call_id_and_tag_do_not_run_together(call_id: str, tag: str, other_id: str, other_tag: str) -> None:
    same = (call_id, tag) == (other_id, other_tag)
    tokens = [TOKENS.mint(said(*each), CALLER, CALLEE) for each in ((call_id, tag), (other_id, other_tag))]
    assert (tokens[0] == tokens[1]) is same


@pytest.mark.parametrize(
    ("from_", "to", "is_named"),
    [
        (FROM, TO, True),
        ("sip:101@DESK.example:5060;x=y", "sip:1%302@desk.example", True),
        ("sip:100@desk.example", TO, False),
        (FROM, "sip:103@desk.example", False),
        ("sip:101@elsewhere.example", TO, False),
        (TO, FROM, False),
    ],
)
@pytest.mark.parametrize("remembered", [True, False])
def test_who_from_and_to_are_is_told_in_both_directions(from_: str, to: str, is_named: bool, remembered: bool) -> None:
    tokens = TOKENS if remembered else Tokens(b"key")
    there = tokens.verify(TOKEN, said(from_=from_, to=to))
    back = tokens.verify(TOKEN, said(tag="callee", to_tag="caller", from_=to, to=from_))
    assert there is not None and back is not None
    assert there.is_named is back.is_named is is_named


def test_what_is_remembered_opens_what_the_token_opens() -> None:
    tokens = Tokens(b"key")
    token = tokens.mint(said(), CALLER, CALLEE)
    for call_id, sender, receiver in (
        ("call-1", "caller", "callee"), ("call-1", "callee", "caller"), ("call-2", "caller", "callee"),
        ("call-1", "somebody", "callee"), ("call-1", "caller", None), ("call-1", None, "caller"),
    ):  # fmt: skip
        request = said(call_id, sender, receiver)
        assert tokens.verify(token, request) == Tokens(b"key").verify(token, request)


def test_only_so_many_tokens_are_remembered_and_the_others_are_good_too() -> None:
    tokens = Tokens(b"key")
    minted = [tokens.mint(said(f"call-{number}"), CALLER, CALLEE) for number in range(2 * MAX_KNOWN)]
    assert len(tokens._known) == MAX_KNOWN
    assert all(tokens.verify(token, said(f"call-{number}")) for number, token in enumerate(minted))
