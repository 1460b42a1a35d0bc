"""The ACK that nobody waits for is known without parsing, and its transaction by the same key."""

import pytest

from frontdesk.sip.checks import read_message
from frontdesk.sip.matching import server_key
from frontdesk.sip.message import Request
from frontdesk.sip.stray_ack import stray_ack_key

ACK = (
    b"ACK sip:102@desk.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK-7.a;rport\r\n"
    b"From: <sip:101@desk.example>;tag=a\r\nTo: <sip:102@desk.example>;tag=b\r\nCall-ID: c\r\nCSeq: 1 ACK\r\n"
    b"Content-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    "sent_by",
    [b"192.0.2.7:5062;", b"192.0.2.7;", b"Phone.Desk.Example;", b"[2001:db8::7]:5062;", b"a;rport;received=192.0.2.8;"],
)
def test_the_key_is_that_of_its_invite(sent_by: bytes) -> None:
    data = ACK.replace(b"192.0.2.7:5062;", sent_by)
    ack = read_message(data)
    assert isinstance(ack, Request)
    assert stray_ack_key(data) == server_key(ack, "INVITE")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ACK sip", b"BYE sip"),
        (b"From", b"Route: <sip:token@192.0.2.1;lr>\r\nFrom"),
        (b"From", b"ROUTE : <sip:token@192.0.2.1;lr>\r\nFrom"),
        (b"sip:102@", b"sip:" + b"t" * 24 + b"@"),
        (b"z9hG4bK-7.a", b"1"),
        (b"z9hG4bK-7.a", b"z9hG4bK"),
        (b";branch=", b";Branch=1;branch="),
        (b"192.0.2.7:5062", b"192.0.2.777:5062"),
        (b"192.0.2.7:5062", b"a" * 65),
        (b"Via", b"v"),
    ],
)
def test_one_that_may_be_wanted_goes_the_long_way(old: bytes, new: bytes) -> None:
    assert old in ACK
    assert stray_ack_key(ACK.replace(old, new)) is None
