"""The top Via of a request says where it really came from: RFC 3261 section 18.2.1, RFC 3581 section 4."""

from frontdesk.sip.message import Request
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow

FLOW = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.4", 40000))


def stamped(*vias: str, flow: Flow = FLOW) -> list[str]:
    """The lines of a request with these Via lines after it came over `flow`."""
    head = "\r\n".join(["OPTIONS sip:a@example.com SIP/2.0", *vias, "Call-ID:  1", "", ""])
    request = parse_message(head.encode())
    assert isinstance(request, Request)
    assert request.first("call-id") == "1"
    request.stamp(flow)
    again = request.via
    assert request.lines("via")[0] == request.first("via")
    lines = request.encode().decode().split("\r\n")[1:-2]
    assert str(again.parameters) == str(parse_message(request.encode()).via.parameters), "the view and the line differ"
    return lines


def test_a_sent_by_that_is_the_source_is_left_as_it_came() -> None:
    assert stamped("v:  SIP/2.0/UDP  192.0.2.4:5060 ;branch=z9hG4bKa") == [
        "v:  SIP/2.0/UDP  192.0.2.4:5060 ;branch=z9hG4bKa",
        "Call-ID:  1",
    ]


def test_a_name_or_another_address_gets_received() -> None:
    via = "Via: SIP/2.0/UDP Bobspc.biloxi.com:5060"
    assert stamped(via)[0] == f"{via};received=192.0.2.4"


def test_rport_is_filled_in_and_received_added_even_where_it_is_the_same() -> None:
    lines = stamped("Via: SIP/2.0/UDP 192.0.2.4:5060;rport;branch=z9hG4bKa")
    assert lines[0] == "Via: SIP/2.0/UDP 192.0.2.4:5060;rport=40000;branch=z9hG4bKa;received=192.0.2.4"


def test_what_the_sender_claims_itself_is_overwritten() -> None:
    lines = stamped("Via: SIP/2.0/UDP 192.0.2.4;received=203.0.113.9;rport=53")
    assert lines[0] == "Via: SIP/2.0/UDP 192.0.2.4;received=192.0.2.4;rport=40000"
    assert stamped("Via: SIP/2.0/UDP 192.0.2.4;received=203.0.113.9")[0].endswith(";received=192.0.2.4")


def test_other_vias_stay_byte_for_byte() -> None:
    lines = stamped('Via: SIP/2.0/UDP a;x="1,2" ,SIP / 2.0/UDP  b;Branch=1', "V : SIP/2.0/UDP c ,SIP/2.0/TCP  d")
    assert lines == [
        'Via: SIP/2.0/UDP a;x="1,2";received=192.0.2.4,SIP / 2.0/UDP  b;Branch=1',
        "V : SIP/2.0/UDP c ,SIP/2.0/TCP  d",
        "Call-ID:  1",
    ]


def test_an_ipv6_reference_is_compared_without_its_brackets() -> None:
    flow = Flow("udp", ("2001:db8::1", 5060), ("2001:db8::9", 5060))
    assert stamped("Via: SIP/2.0/UDP [2001:DB8::9]", flow=flow)[0] == "Via: SIP/2.0/UDP [2001:DB8::9]"
    assert stamped("Via: SIP/2.0/UDP [2001:db8::8]", flow=flow)[0].endswith(";received=2001:db8::9")
