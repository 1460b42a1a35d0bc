"""URIs: RFC 3261 section 19.1, with every example of 19.1.4."""

import pytest

from frontdesk.sip.errors import ParseError
from frontdesk.sip.grammar import unescape
from frontdesk.sip.uri import Uri

EQUIVALENT = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=off"),
]
DIFFERENT = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
]
RULES_EQUIVALENT = [
    ("sip:a@h;a=%41", "sip:a@h;A=A"),
    ("sip:a@h;n%61me=1", "sip:a@h;name=1"),
    ("sip:a%2fb@h", "sip:a%2Fb@h"),
    ("sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0::1]"),
    ("sip:a@h;lr", "sip:a@h"),
    ("sip:a:pw@h", "sip:a:%70w@h"),
    ("sip:a@h;user=PHONE", "sip:a@h;user=phone"),
    ("tel:+1-201-555-0123", "TEL:+12015550123"),
    ("tel:7042;phone-context=example.com;ext=1", "tel:7042;ext=1;Phone-Context=Example.com"),
    ("urn:service:sos", "urn:service:sos"),
]
RULES_DIFFERENT = [
    ("sip:a@h", "sips:a@h"),
    ("sip:a@h", "sip:h"),
    ("sip:a@h", "sip:a:pw@h"),
    ("sip:a:pw@h", "sip:a:PW@h"),
    ("sip:a%3Bb@h", "sip:a;b@h"),
    ("sip:a%2541@h", "sip:a%41@h"),
    ("sip:a%253B@h", "sip:a%3B@h"),
    ("sip:a@h", "sip:a@h;user=ip"),
    ("sip:a@h", "sip:a@h;ttl=1"),
    ("sip:a@h", "sip:a@h;method=INVITE"),
    ("sip:a@h", "sip:a@h;maddr=h"),
    ("sip:a@h;lr", "sip:a@h;lr=on"),
    ("sip:a@h?x=1&x=1", "sip:a@h?x=1"),
    ("sip:a@h:5060", "sip:a@h:5061"),
    ("sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]"),
    ("tel:1", "tel:2"),
    ("tel:1;ext=1", "tel:1"),
    ("urn:service:sos", "urn:service:SOS"),
    ("tel:1", "sip:1@h"),
]


@pytest.mark.parametrize(("one", "other"), EQUIVALENT + RULES_EQUIVALENT)
def test_equivalent_uris_match_both_ways(one: str, other: str) -> None:
    assert Uri.parse(one).matches(Uri.parse(other))
    assert Uri.parse(other).matches(Uri.parse(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT + RULES_DIFFERENT)
def test_different_uris_do_not_match(one: str, other: str) -> None:
    assert not Uri.parse(one).matches(Uri.parse(other))
    assert not Uri.parse(other).matches(Uri.parse(one))


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:*21#@pbx",
        "sip:zoë@example.com",
        "sip:a@my_pbx.local.:65535",
        "sip:[::1]:5060;lr",
        "sip:[::ffff:192.0.2.1]",
        "tel:+1-201-555-0123;ext=5",
        "urn:service:sos.police",
        "data:a,b%20c",
        "h323:user@host",
    ],
)
def test_what_is_parsed_is_written_as_it_was(text: str) -> None:
    assert str(Uri.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip:",
        "sip",
        ":a@h",
        "1sip:a@h",
        "<sip:a@h>",
        "sip:@h",
        "sip::pw@h",
        "sip:a@",
        "sip:a b@h",
        "sip:a@h;x=a b",
        "sip:a@b@h",
        "sip:a%4@h",
        "sip:100%@h",
        'sip:"a"@h',
        "sip:a@h;x=<y>",
        "sip:a@h;x=\x07",
        "sip:a\r\nb@h",
        "sip:a@h:",
        "sip:a@h:0x50",
        "sip:a@h:65536",
        "sip:a@h:" + "9" * 5000,
        "sip:a@h:-1",
        "sip:a@h:²",
        "sip:a@ho st",
        "sip:a@des\N{KELVIN SIGN}",
        "sip:a@h..x",
        "sip:a@.h",
        "sip:a@" + "h" * 300,
        "sip:a@1.2.3",
        "sip:a@1.2.3.256",
        "sip:a@1.2.3.4.5",
        "sip:2001:db8::10",
        "sip:a@[2001:db8::10",
        "sip:a@[2001:db8::10]5060",
        "sip:a@[2001:db8::1::2]",
        "sip:a@[fe80::1%eth0]",
        "sip:a@[]",
        "sip:a@[h]",
        "tel:",
        "tel:1 2",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Uri.parse(text)


def test_a_default_is_not_the_same_as_nothing_and_parts_are_found() -> None:
    uri = Uri.parse("SIP:a;b:p%20w@EXAMPLE.com:5070;Transport=TCP;lr?Subject=x&y=z")
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == ("sip", "a;b", "p%20w", "example.com", 5070)
    assert uri.parameters == {"transport": "TCP", "lr": None} and uri.headers == "Subject=x&y=z"


def test_escapes_are_resolved_once_and_as_utf8() -> None:
    assert unescape("%7ejos%C3%A9%2541%zz%") == "~josé%41%zz%"
    assert unescape("%ff").encode("utf-8", "surrogateescape") == b"\xff"
