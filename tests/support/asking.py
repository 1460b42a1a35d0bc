"""Requests of a phone that is none in particular, and what they are answered."""

from __future__ import annotations

from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from tests.support.registering import REALM


def ask(method: str, uri: str = f"sip:{REALM}", headers: str = "") -> Request:
    text = (
        f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101;branch=z9hG4bK{method}{len(headers)};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:101@{REALM}>;tag=1\r\nTo: <{uri}>\r\nCall-ID: {method}@phone\r\n"
        f"CSeq: 1 {method}\r\n{headers}Content-Length: 0\r\n\r\n"
    )
    request = parse_message(text.encode())
    assert isinstance(request, Request)
    return request


def statuses(answers: list[Response]) -> list[int]:
    return [answer.status for answer in answers]
