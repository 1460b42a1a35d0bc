"""A call of 101 to 102 as the call list follows it."""

from __future__ import annotations

from frontdesk.events import Kind
from tests.proxy.box import Box, Who, reply, request, route_set, udp

A, B, C = udp("192.0.2.11"), udp("192.0.2.12"), udp("192.0.2.13")


def invited(box: Box, who: Who | None = None) -> None:
    box.receive(request("INVITE", branch="z9hG4bKone"), A, who)
    box.invite = box.request("INVITE")  # type: ignore[attr-defined]


def says(box: Box, status: int, contact: str = '"Two" <sip:102@10.0.0.2:5062>;q=1') -> None:
    answer = reply(box.invite, status, headers=[("contact", contact)])  # type: ignore[attr-defined]
    box.receive(answer, B)


def hangs_up(box: Box, answer: int = 200) -> None:
    routes = route_set(box.invite, callee=True)  # type: ignore[attr-defined]
    box.receive(request("BYE", "sip:102@10.0.0.2", to_tag="callee", cseq=2, routes=routes), A)
    bye = box.request("BYE")
    assert box.records == []
    box.receive(reply(bye, answer), B)


def kinds(box: Box) -> list[Kind]:
    return [event.kind for event in box.events]
