"""A call between two bare sockets: RFC 3261 sections 12 and 13."""

from dataclasses import dataclass

from tests.e2e.stage import Stage
from tests.e2e.wire_client import Dialog, Message, WireClient


def invite(caller: WireClient, callee: str, *lines: str, body: str = "") -> bytes:
    """An INVITE with credentials for the callee; what it is challenged with is asked for first."""
    uri, contact = caller.uri_of(callee), f"Contact: <{caller.contact}>"
    asked = caller.exchange(caller.request("INVITE", uri, contact))
    assert asked.status == 407, asked.raw.decode()
    return caller.request("INVITE", uri, contact, caller.credentials(asked, "INVITE", uri), *lines, body=body.encode())


@dataclass(slots=True)
class Call:
    """An established call: both ends, the INVITE that the callee got, and each end's view of the dialog."""

    caller: WireClient
    callee: WireClient
    offered: Message
    of_caller: Dialog
    of_callee: Dialog


def call(stage: Stage, *, caller_tcp: bool = False, callee_tcp: bool = False) -> Call:
    caller, callee = stage.client(tcp=caller_tcp), stage.client(tcp=callee_tcp)
    assert callee.register().status == 200
    request = invite(caller, callee.user)
    caller.send(request)
    offered = callee.receive()
    callee.reply(offered, 200, "OK", f"Contact: <{callee.contact}>")
    accepted = caller.final_answer(Message.parse(request))
    assert accepted.status == 200, accepted.raw.decode()
    made = Call(caller, callee, offered, Dialog.of_caller(accepted), Dialog.of_callee(offered, callee.tag))
    caller.cseq -= 1  # the ACK has the number of its INVITE (13.2.2.4)
    caller.send(caller.in_dialog("ACK", made.of_caller))
    assert callee.receive().start.startswith("ACK ")
    return made
