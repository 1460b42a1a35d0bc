"""RFC 3261 section 16.6: what a branch sends."""

from __future__ import annotations

import pytest

from frontdesk.proxy.forwarding import local_hop, via
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Destination, Flow
from tests.proxy.box import BOX, BOX_V6, Box, Who, reply, request, route_set, tcp, udp

A, B = udp("192.0.2.11"), udp("192.0.2.12")


def forwarded(box: Box, method: str = "INVITE", uri: str = "sip:102@desk.example", **more: object) -> Request:
    box.receive(request(method, uri, **more), A)  # type: ignore[arg-type]
    return box.request(method)


def test_request_uri_is_the_contact_and_goes_over_its_flow(box: Box) -> None:
    box.phone("103", udp("198.51.100.7", 61022), "sip:103-abc@10.0.0.5:5060;line=xyz")
    box.receive(request("INVITE", "sip:103@desk.example"), A)
    ((invite, target),) = box.requests()
    assert invite.uri_text == "sip:103-abc@10.0.0.5:5060;line=xyz"
    assert target == udp("198.51.100.7", 61022)


def test_contact_in_a_request_uri_has_no_headers_and_no_method(box: Box) -> None:
    box.phone("103", B, "sip:103@192.0.2.12;transport=udp;method=INVITE?Subject=x")
    assert forwarded(box, uri="sip:103@desk.example").uri_text == "sip:103@192.0.2.12;transport=udp"


def test_via_of_the_box_stands_on_top_with_rport_and_a_branch_of_its_own(box: Box) -> None:
    first = forwarded(box)
    second = forwarded(box, call_id="call-2")
    assert str(first.via).startswith("SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK")
    assert first.via.branch != second.via.branch
    assert len(first.values("via")) == 2


def test_via_names_the_transport_and_family_of_the_flow(box: Box) -> None:
    box.phone("103", tcp("2001:db8::13"))
    invite = forwarded(box, uri="sip:103@desk.example")
    assert str(invite.via).startswith(f"SIP/2.0/TCP [{BOX_V6[0]}]:5060;branch=")


def test_phone_that_registered_at_an_address_which_the_box_has_left_hears_of_the_new_one(box: Box) -> None:
    old = Flow("udp", ("198.51.100.1", 5060), ("198.51.100.12", 5060))
    box.phone("103", old)
    box.receive(request("INVITE", "sip:103@desk.example"), A)
    ((invite, target),) = box.requests()
    assert target == old and str(invite.via).startswith("SIP/2.0/UDP 192.0.2.1:5060;rport")
    assert "@192.0.2.1:5060;lr>" in invite.required("record-route")


def test_via_and_record_route_name_no_scope(box: Box) -> None:
    flow = Flow("udp", ("fe80::1%eth0", 5060), ("fe80::2%eth0", 5060))
    box.directory.listen("fe80::1%eth0", 5060)
    box.phone("103", flow, "sip:103@[fe80::2]")
    invite = forwarded(box, uri="sip:103@desk.example")
    assert str(invite.via).startswith("SIP/2.0/UDP [fe80::1]:5060;rport")
    assert "@[fe80::1]:5060;lr>" in invite.required("record-route")


@pytest.mark.parametrize(
    ("phone", "end"),
    [
        ("198.51.100.9", "192.0.2.1"), ("127.0.0.9", "127.0.0.1"),
        ("[2001:db8::9]", "[2001:db8::1]"), ("[::1]", "[::1]"),
    ],
)  # fmt: skip
def test_via_towards_a_phone_without_a_flow_names_the_listener_that_reaches_it(box: Box, phone: str, end: str) -> None:
    box.directory.listen("127.0.0.1", 5060)
    box.directory.listen("::1", 5060)
    box.phone("103", None, f"sip:103@{phone}:5070")
    invite = forwarded(box, uri="sip:103@desk.example")
    assert str(invite.via).startswith(f"SIP/2.0/UDP {end}:5060;rport;")


def test_max_forwards_is_lowered_by_one(box: Box) -> None:
    assert forwarded(box, headers=["Max-Forwards: 17"]).lines("max-forwards") == ["16"]


def test_max_forwards_is_added(box: Box) -> None:
    assert forwarded(box).lines("max-forwards") == ["70"]


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "REFER", "NOTIFY"])
def test_dialogs_are_record_routed(box: Box, method: str) -> None:
    box.receive(request(method), A, Who(None, "pbx"))
    (route,) = box.request(method).values("record-route")
    assert route.endswith("@192.0.2.1:5060;lr>")


def test_account_notifies_nobody_who_has_not_subscribed(box: Box) -> None:
    """A phone restarts, or loads its settings, when who it is registered with says so."""
    box.receive(request("NOTIFY", headers=["Event: check-sync;reboot=true"]), A)
    assert box.statuses() == [403]


@pytest.mark.parametrize("uri", ["sip:101@desk.example", "sip:101@192.0.2.11:5060"])
def test_what_a_phone_publishes_of_itself_is_not_for_its_accounts_phones(box: Box, uri: str) -> None:
    """RFC 3903 section 6 step 1: whoever keeps no state of that resource says 404."""
    box.receive(request("PUBLISH", uri, headers=["Event: presence"]), A)
    assert box.statuses() == [404]


def test_what_others_publish_goes_on(box: Box) -> None:
    box.receive(request("PUBLISH", "sip:101@desk.example", caller="102"), B)
    box.receive(request("PUBLISH", "sip:101@desk.example", call_id="2"), A, Who(None, "pbx"))
    assert [target for _, target in box.requests("PUBLISH")] == [A, A]


def test_identity_that_a_phone_prefers_goes_no_further(box: Box) -> None:
    headers = ["P-Preferred-Identity: <sip:boss@desk.example>"]
    for who in (None, Who(None, "pbx")):
        box.receive(request("INVITE", headers=headers, call_id=f"{who}"), A, who)
        assert box.request("INVITE").lines("p-preferred-identity") == []


@pytest.mark.parametrize("method", ["MESSAGE", "OPTIONS", "INFO", "PUBLISH", "FANCY"])
def test_other_requests_are_not(box: Box, method: str) -> None:
    assert forwarded(box, method).values("record-route") == []


def test_record_route_stands_before_those_that_were_there(box: Box) -> None:
    invite = forwarded(box, headers=["Record-Route: <sip:proxy.example;lr>"])
    assert invite.values("record-route")[1:] == ["<sip:proxy.example;lr>"]


def test_record_route_is_double_where_the_transport_changes(box: Box) -> None:
    box.phone("103", tcp("192.0.2.13"))
    outgoing, incoming = forwarded(box, uri="sip:103@desk.example").values("record-route")
    assert outgoing.endswith("@192.0.2.1:5060;lr;transport=tcp>")
    assert incoming.endswith("@192.0.2.1:5060;lr>")


def test_record_route_is_double_where_the_address_family_changes(box: Box) -> None:
    box.phone("103", udp("2001:db8::13"))
    outgoing, incoming = forwarded(box, uri="sip:103@desk.example").values("record-route")
    assert outgoing.endswith("@[2001:db8::1]:5060;lr>")
    assert incoming.endswith("@192.0.2.1:5060;lr>")


def test_record_route_over_tcp_on_both_sides_names_it_once(box: Box) -> None:
    box.phone("103", tcp("192.0.2.13", connection=1))
    flow = tcp("192.0.2.14", connection=2)
    box.receive(request("INVITE", "sip:103@desk.example", flow=flow), flow)
    (route,) = box.request("INVITE").values("record-route")
    assert route.endswith(";lr;transport=tcp>")


def test_record_route_towards_a_connection_that_the_box_has_made_names_where_it_listens(box: Box) -> None:
    """When that connection is closed, nothing is heard at its port (RFC 3261 section 16.6 step 4)."""
    made = Flow("tcp", ("192.0.2.1", 42_344), ("192.0.2.20", 5060), 3)
    box.directory.peers["192.0.2.20"] = "pbx"
    box.receive(request("INVITE", flow=made), made, Who(peer="pbx"))
    assert [value.partition("@")[2] for value in box.request("INVITE").values("record-route")] == [
        "192.0.2.1:5060;lr>", "192.0.2.1:5060;lr;transport=tcp>",
    ]  # fmt: skip


@pytest.mark.parametrize(("heard", "wanted"), [("udp", "tcp"), ("tcp", "udp"), ("tls", "udp")])
def test_record_route_names_a_transport_by_which_the_box_is_heard(box: Box, heard: str, wanted: str) -> None:
    """Who is called connects there to hang up (RFC 3261 section 16.6 step 4); the Via is the request's own."""
    box.directory.listen_only([])
    box.directory.listen("192.0.2.1", 5062, heard)
    target = Destination("203.0.113.9", 5060, wanted)
    hop = local_hop(target, box.directory)
    assert hop == (heard, "192.0.2.1:5062")
    assert via(target, hop, "z9hG4bK1").startswith(f"Via: SIP/2.0/{wanted.upper()} 192.0.2.1:5062")


def test_box_with_a_port_for_each_transport_names_that_of_the_one_it_calls_by(box: Box) -> None:
    box.directory.listen_only([("udp", BOX)])
    box.directory.listen("192.0.2.1", 5080, "tcp")
    box.phone("103", None, "sip:103@203.0.113.9;transport=tcp")
    invite = forwarded(box, uri="sip:103@desk.example")
    assert invite.values("record-route")[0].endswith("@192.0.2.1:5080;lr;transport=tcp>")


def test_response_without_a_length_gets_one(box: Box) -> None:
    """It may go on over TCP (RFC 3261 section 20.14)."""
    invite = forwarded(box)
    answer = reply(invite, 200).encode().replace(b"Content-Length: 0\r\n", b"Content-Type: text/plain\r\n")
    box.receive(answer + b"hello", B)
    (ok,) = box.responses()
    assert (ok.lines("content-length"), ok.body) == (["5"], b"hello")


SPOILT = ["Content-Type: a/b\r\nContent-Type: a/b", "Expires: 1\r\nExpires: 1", "X(y): 1", "no colon"]


@pytest.mark.parametrize("line", SPOILT)
def test_response_with_a_spoilt_line_that_nobody_here_reads_goes_on_as_it_came(box: Box, line: str) -> None:
    """Where a 200 is thrown away the phone rings on (RFC 3261 section 16.3 step 1)."""
    invite = forwarded(box)
    box.receive(reply(invite, 200).encode().replace(b"Content-Length", line.encode() + b"\r\nContent-Length"), B)
    (sent,) = box.wire
    assert sent.target == A and line.encode() in sent.data


def test_fork_has_a_token_for_each_branch(box: Box) -> None:
    box.phone("102", udp("192.0.2.22"))
    box.receive(request("INVITE"), A)
    routes = {invite.required("record-route") for invite, _ in box.requests("INVITE")}
    assert len(routes) == 2


def test_content_length_is_added(box: Box) -> None:
    text = request("MESSAGE", body="hello").replace("Content-Length: 5\r\n", "")
    box.receive(text, A)
    assert box.request("MESSAGE").lines("content-length") == ["5"]


def test_credentials_for_the_box_end_here_and_others_go_on(box: Box) -> None:
    own = 'Proxy-Authorization: Digest username="101", realm="desk.example", nonce="x"'
    unquoted = "Proxy-Authorization: Digest realm=desk.example, username=101"
    escaped = r'Proxy-Authorization: Digest username="101", realm="d\esk.example", nonce="x"'
    other = 'Proxy-Authorization: Digest username="a, realm=", realm="far.example", nonce="desk.example"'
    odd = 'Proxy-Authorization: Digest old-realm="desk.example", realm="far.example", nonce="x"'
    invite = forwarded(box, headers=[own, unquoted, escaped, other, odd])
    assert [f"Proxy-Authorization: {value}" for value in invite.lines("proxy-authorization")] == [other, odd]


@pytest.mark.parametrize("folded", [False, True])
def test_identity_is_asserted_by_trusted_peers_alone(box: Box, folded: bool) -> None:
    forged = ["P-Asserted-Identity: <sip:boss@desk.example>", "Remote-Party-ID: <sip:boss@desk.example>"]
    headers = [*forged, "Subject: a\r\n b" if folded else "Subject: a"]
    box.receive(request("INVITE", headers=headers), A)
    assert not {"p-asserted-identity", "remote-party-id"} & {key for key, _, _ in box.request("INVITE").fields}
    box.directory.peers = {A.remote[0]: "pbx"}
    box.receive(request("INVITE", headers=headers, call_id="another"), A)
    assert [line for _, _, line in box.request("INVITE").fields if line in forged] == forged


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize(("privacy", "hidden"), [("id", True), ("user; ID", True), ("none", False)])
def test_identity_that_is_private_reaches_trusted_peers_alone(
    box: Box, folded: bool, privacy: str, hidden: bool
) -> None:
    """RFC 3325 section 7: a withheld number stays withheld, but for the next trusted peer."""
    box.directory.peers = {A.remote[0]: "pbx", "203.0.113.9": "trunk"}
    box.phone("102", None, "sip:102@203.0.113.9")
    said = ["P-Asserted-Identity: <sip:+4930@pbx>", "Remote-Party-ID: <sip:+4930@pbx>;privacy=full"]
    headers = [*said, f"Privacy: {privacy}", "Subject: a\r\n b" if folded else "Subject: a"]
    box.receive(request("INVITE", headers=headers), A, Who(peer="pbx"))
    sent = box.requests("INVITE")
    heard = {target: [line for _, _, line in invite.fields if line in said] for invite, target in sent}
    assert heard == {B: [] if hidden else said, Destination("203.0.113.9", None, None): said}


def test_identity_that_a_trusted_peer_asserts_is_not_lost_where_the_request_comes_round(box: Box) -> None:
    """102 is sent on to 103 at the same box: there it comes from the box itself."""
    box.directory.peers = {A.remote[0]: "pbx"}
    box.phone("103", None, f"sip:102@{box.host}")
    said = "P-Asserted-Identity: <sip:+4930@pbx>"
    box.receive(request("INVITE", "sip:103@desk.example", headers=[said]), A, Who(peer="pbx"))
    round_trip = Flow("udp", (box.host, 5060), (box.host, 5060))
    box.receive(box.request("INVITE"), round_trip, Who())
    assert box.request("INVITE").lines("p-asserted-identity") == ["<sip:+4930@pbx>"]


def test_other_lines_go_on_as_they_came(box: Box) -> None:
    lines = ["subject :  tea,  biscuits ", "X-Odd: \u00fc\r\n  folded", "k: replaces,100rel", "Date: not a date"]
    data = forwarded(box, headers=lines).encode().decode()
    assert all(f"\r\n{line}\r\n" in data for line in lines)


def test_body_goes_on_as_it_came(box: Box) -> None:
    assert forwarded(box, "MESSAGE", body="x\r\n\r\ny").body == b"x\r\n\r\ny"


def test_large_request_goes_by_udp_to_a_phone_on_udp(box: Box) -> None:
    box.receive(request("MESSAGE", body="x" * 5000), A)
    ((_, target),) = box.requests("MESSAGE")
    assert target == B


def test_of_several_addresses_of_the_box_the_next_hop_is_told_that_which_leads_there(box: Box) -> None:
    """A static binding's: a bridge of the machine's own may come first, and no BYE would find its way back to it."""
    box.directory.listen("172.17.0.1", 5060)
    box.phone("103", None, "sip:door@203.0.113.7")
    for source in ("192.0.2.1", "172.17.0.1"):
        box.directory.way_out = {"203.0.113.7": source}.__getitem__
        box.receive(request("INVITE", "sip:103@desk.example", call_id=source), A)
        invite = box.request("INVITE")
        assert invite.via.host == source and f"@{source}:5060" in invite.values("record-route")[0]


def test_path_becomes_the_route_and_its_first_hop_the_target(box: Box) -> None:
    box.directory.peers["198.51.100.1"] = "edge"
    path = ("<sip:edge.example:5080;lr>", "<sip:inner.example;lr>")
    box.phone("103", udp("198.51.100.1"), "sip:103@10.0.0.5", path=path)
    box.receive(request("INVITE", "sip:103@desk.example"), A)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.uri_text, invite.values("route")) == ("sip:103@10.0.0.5", list(path))
    assert (target[0], target[1]) == ("edge.example", 5080)


@pytest.mark.parametrize("host", ["203.0.113.5", "pbx.example"])
def test_path_to_anywhere_else_leads_back_over_the_flow(box: Box, host: str) -> None:
    """Whoever has an account could have the box call others who trust it."""
    box.directory.peers["203.0.113.5"] = "pbx"
    flow = udp("198.51.100.1", 5080)
    binding = box.phone("103", flow, "sip:0900123456@203.0.113.5", path=(f"<sip:{host}:5060;lr>",))
    box.receive(request("INVITE", "sip:103@desk.example"), A)
    assert [target for _, target in box.requests("INVITE")] == [flow]
    binding.connected = False
    box.receive(request("INVITE", "sip:103@desk.example", call_id="again"), A)
    assert box.requests("INVITE") == []


def test_path_that_the_registration_came_from_is_its_flow(box: Box) -> None:
    flow = udp("198.51.100.1", 5080)
    box.phone("103", flow, "sip:103@10.0.0.5", path=("<sip:198.51.100.1:5080;lr>",))
    box.receive(request("INVITE", "sip:103@desk.example"), A)
    assert [target for _, target in box.requests("INVITE")] == [flow]


def test_path_that_cannot_be_read_harms_no_call(box: Box) -> None:
    box.phone("103", B, path=("<,",))
    box.receive(request("INVITE", "sip:103@desk.example"), A)
    assert [target for _, target in box.requests("INVITE")] == [B]


def test_strict_router_in_front_gets_its_own_uri(box: Box) -> None:
    box.phone("103", udp("198.51.100.1"), "sip:103@10.0.0.5", path=("<sip:old.example>", "<sip:inner.example;lr>"))
    invite = forwarded(box, uri="sip:103@desk.example")
    assert invite.uri_text == "sip:old.example"
    assert invite.values("route") == ["<sip:inner.example;lr>", "<sip:103@10.0.0.5>"]


def test_100_is_sent_at_once_with_the_timestamp(box: Box) -> None:
    box.receive(request("INVITE", headers=["Timestamp: 54"]), A)
    (trying,) = box.responses()
    assert (trying.status, trying.lines("timestamp"), trying.to.tag) == (100, ["54"], None)


def test_nothing_but_an_invite_is_answered_with_100_at_once(box: Box) -> None:
    box.receive(request("MESSAGE"), A)
    assert box.responses() == []


def test_in_dialog_invite_is_record_routed_with_the_same_token(box: Box) -> None:
    invite = forwarded(box)
    box.receive(reply(invite, 200), B)
    routes = route_set(box.responses()[-1])
    again = forwarded(box, uri="sip:102@192.0.2.12", to_tag="callee", cseq=2, routes=routes)
    assert again.values("record-route") == invite.values("record-route")
