"""A dialog goes on though a phone leaves something out that RFC 3261 asks of it."""

from __future__ import annotations

from tests.proxy.box import Box, Who, reply, request, route_set, udp

PBX, PHONE = udp("192.0.2.20"), udp("192.0.2.12")
NO_TAG = ";tag=caller"


def test_a_caller_without_a_tag_has_a_dialog() -> None:
    """As before RFC 3261 (sections 12.1.1 and 12.2.1.1)."""
    for hangs_up in (PBX, PHONE):
        box = Box()
        box.directory.peers[PBX.remote[0]] = "pbx"
        box.phone("102", PHONE)
        box.receive(request("INVITE", flow=PBX, headers=["Max-Forwards: 70"]).replace(NO_TAG, ""), PBX, Who(peer="pbx"))
        invite = box.request("INVITE")
        box.receive(reply(invite, 200), PHONE)
        (ok,) = box.responses()
        ack = request("ACK", invite.uri_text, flow=PBX, to_tag="callee", routes=route_set(ok)).replace(NO_TAG, "")
        box.receive(ack, PBX)
        assert [target for _, target in box.requests("ACK")] == [PHONE]
        if hangs_up is PBX:
            text = request("BYE", invite.uri_text, flow=PBX, to_tag="callee", routes=route_set(ok)).replace(NO_TAG, "")
        else:
            text = request(
                "BYE", "sip:101@192.0.2.20", flow=PHONE, caller="102", to="<sip:101@desk.example>", tag="callee",
                routes=route_set(ok, callee=True),
            )  # fmt: skip
        box.receive(text, hangs_up, Who())
        ((bye, target),) = box.requests("BYE")
        assert target == (PHONE if hangs_up is PBX else PBX)
        box.receive(reply(bye, 200), PHONE if hangs_up is PBX else PBX)
        assert (box.statuses(), len(box.proxy.calls), [each.result for each in box.records]) == ([200], 0, [200])
