"""Who is let in by the core, who is sent away, and what is told of it."""

from __future__ import annotations

import pytest

from frontdesk.control.refusals import subject
from frontdesk.model import Binding, BindingState
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Flow
from tests.support.asking import ask, statuses
from tests.support.bare_core import PASSWORD, BareCore
from tests.support.digest_answer import Answerer
from tests.support.registering import HERE, REALM, flow, register_request

PHONE = "<sip:101@192.0.2.101:5060>"
OTHER = "<sip:102@192.0.2.102:5060>"


class TestWhoIsLetIn:
    def test_options_to_the_box_needs_no_credentials(self) -> None:
        box = BareCore()
        (refused,) = box.receive(ask("OPTIONS", headers="Require: foo, path\r\n"))
        assert (refused.status, refused.values("unsupported")) == (420, ["foo"])
        answer = box.receive(ask("OPTIONS"))[0]
        assert answer.status == 200
        assert all(answer.first(name) for name in ("accept", "accept-encoding", "accept-language", "supported"))
        assert answer.first("allow") is None  # it would say of a proxy that it puts no call through (section 11.2)

    @pytest.mark.parametrize(
        ("method", "status"), [("MESSAGE", 401), ("FROBNICATE", 401), ("REGISTER", 401), ("INVITE", 401)]
    )
    def test_a_stranger_is_challenged_before_he_learns_which_methods_there_are(self, method: str, status: int) -> None:
        assert statuses(BareCore().receive(ask(method))) == [status]

    @pytest.mark.parametrize(("method", "status"), [("MESSAGE", 405), ("FROBNICATE", 501)])
    def test_an_account_is_told_which_methods_the_box_itself_knows(self, method: str, status: int) -> None:
        box = BareCore()
        answer = box.receive(box.signed(ask(method)))[0]
        assert answer.status == status and answer.first("allow") == "REGISTER, OPTIONS"

    @pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
    def test_who_calls_a_number_without_a_host_calls_nobody_at_the_box_itself(self, method: str) -> None:
        box = BareCore()
        box.register(OTHER, user="102", at=flow("192.0.2.102"))
        request = ask(method, "tel:102")
        assert statuses(box.receive(request)) == [407]
        box.receive(box.signed(request))
        assert box.sent[-1][1] == flow("192.0.2.102")

    def test_a_stranger_makes_no_transaction(self) -> None:
        box = BareCore()
        for method in ("REGISTER", "MESSAGE", "OPTIONS", "INVITE"):
            box.receive(ask(method, f"sip:102@{REALM}"))
            box.receive(ask(method))
        assert len(box.core.layer) == 0 and len(box.core.layer.finished) == 0

    def test_of_a_strangers_words_little_is_kept(self) -> None:
        box = BareCore()
        box.receive(box.signed(ask("M" * 5000, f"sip:102@{REALM}"), user="u" * 5000))
        (event,) = box.core.events.of("")
        assert len(event.text) < 150

    def test_a_challenge_is_the_same_for_each_copy_but_for_its_nonce(self) -> None:
        box = BareCore()
        first, second = box.receive(ask("REGISTER"))[0], box.receive(ask("REGISTER"))[0]
        for message in (first, second):
            message.replace("www-authenticate", [])
        assert first.encode() == second.encode()

    def test_a_register_for_another_domain_is_forbidden(self) -> None:
        assert statuses(BareCore().receive(ask("REGISTER", "sip:elsewhere.test"))) == [403]

    def test_a_trusted_peer_is_not_challenged_but_does_not_register(self) -> None:
        box = BareCore()
        box.directory.peers["192.0.2.50"] = "pbx"
        peer = flow("192.0.2.50")
        assert statuses(box.receive(ask("MESSAGE", f"sip:102@{REALM}"), peer)) == [480]
        assert statuses(box.receive(ask("REGISTER"), peer)) == [401]

    @pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
    def test_a_browser_on_a_trusted_peer_is_challenged_like_anybody(self, method: str) -> None:
        """Whatever page of the web it shows could call by it."""
        box = BareCore()
        box.directory.peers["192.0.2.50"] = "pbx"
        browser = flow("192.0.2.50")._replace(transport="ws", connection=7)
        assert statuses(box.receive(ask(method, f"sip:102@{REALM}"), browser)) == [407]

    def test_call_that_comes_back_for_another_account_is_let_in(self) -> None:
        box = BareCore()
        box.register(PHONE)
        door = Binding(99, f"sip:102@{REALM}", f"sip:101@{REALM}", "", None, 0, None, state=BindingState.STATIC)
        box.core.location.add(door)
        box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")))
        spiral, target = box.sent[-1]
        assert isinstance(spiral, Request) and not isinstance(target, Flow)
        assert statuses(box.receive(spiral, flow("192.0.2.1"))) == [100]
        assert box.sent[-1][1] == HERE

    def test_the_branch_of_a_live_call_opens_nothing_to_whoever_has_heard_it(self) -> None:
        box = BareCore()
        box.register(OTHER, user="102", at=flow("192.0.2.102"))
        box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")))
        invite = box.sent[-1][0]
        assert isinstance(invite, Request) and invite.method == "INVITE" and invite.via.branch
        stolen = ask("INVITE", f"sip:102@{REALM}")
        stolen.replace("via", [f"SIP/2.0/UDP 192.0.2.66;branch={invite.via.branch};rport"])
        assert statuses(box.receive(stolen, flow("192.0.2.66"))) == [407]

    def test_the_address_of_the_box_opens_nothing_without_the_branch_of_a_live_call(self) -> None:
        assert statuses(BareCore().receive(ask("INVITE", f"sip:102@{REALM}"), flow("192.0.2.1"))) == [407]

    @pytest.mark.parametrize("hops", [70, 0])
    def test_an_ack_is_never_answered(self, hops: int) -> None:
        ack = ask("ACK", f"sip:102@{REALM}")
        ack.replace("max-forwards", [str(hops)])
        assert BareCore().receive(ack) == []


def test_credentials_without_qop_that_were_overheard_open_nothing() -> None:
    """Neither another Contact, nor no Contact at all, nor the same request from elsewhere."""
    box, thief = BareCore(), flow("192.0.2.66")
    challenge = box.receive(register_request(PHONE))[0].required("www-authenticate")
    value = Answerer("101", PASSWORD, challenge).authorize_without_qop("REGISTER", f"sip:{REALM}")
    credentials = f"Authorization: {value}"
    overheard = register_request(PHONE, headers=(credentials,), cseq=2)
    assert statuses(box.receive(overheard)) == [200]
    stolen = register_request("<sip:101@192.0.2.66>", headers=(credentials,), cseq=2)
    gone = register_request("*", headers=(credentials, "Expires: 0"), cseq=2)
    for request, at in ((stolen, thief), (gone, thief), (overheard, thief), (stolen, HERE)):
        request.replace("via", ["SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKanother;rport"])
        assert statuses(box.receive(request, at)) == [401]
    assert [each.contact for each in box.bindings()] == [PHONE.strip("<>")]


class TestRefusalsAreTold:
    """Who sets phones up sees why one is sent away: 403 alone says nothing."""

    def refused(self, box: BareCore) -> tuple[str, str, str]:
        event = list(box.core.events)[-1]
        assert event.kind == "refused"
        return event.account, event.rule, event.text

    def test_a_name_that_is_none_of_the_boxs(self) -> None:
        box, request = BareCore(), register_request(PHONE)
        request.retarget("sip:frontdesk.home.example")
        assert statuses(box.receive(request)) == [403]
        text = "REGISTER refused: unknown domain for 'frontdesk.home.example'"
        assert self.refused(box) == ("", "unknown-domain", text)

    def test_a_password_for_another_domain_names_nobody(self) -> None:
        foreign = 'Authorization: Digest username="101", realm="elsewhere.example", nonce="1", uri="a", response="b"'
        box, request = BareCore(), register_request(PHONE, headers=(foreign,))
        assert statuses(box.receive(request)) == [401]
        assert self.refused(box) == ("", "other-realm", "REGISTER refused: other realm")
        assert subject(list(box.core.events)[-1]) == ""

    def test_an_address_of_record_that_is_another_accounts(self) -> None:
        box, request = BareCore(), register_request(PHONE, user="102")
        assert statuses(box.receive(box.signed(request, user="101"))) == [403]
        assert self.refused(box) == ("101", "other-account", "REGISTER refused: other account for '102'")

    @pytest.mark.parametrize(
        ("uri", "headers", "rule", "about"),
        [
            ("sip:102@elsewhere.example", "", "foreign-domain", "elsewhere.example"),
            (f"sip:102@{REALM}", "Route: <sip:edge.example;lr>\r\n", "foreign-route", "edge.example"),
        ],
    )
    def test_a_call_that_leads_elsewhere(self, uri: str, headers: str, rule: str, about: str) -> None:
        box = BareCore()
        box.register("<sip:102@192.0.2.102>", user="102", at=flow("192.0.2.102"))
        assert 403 in statuses(box.receive(box.signed(ask("MESSAGE", uri, headers))))
        assert self.refused(box) == ("101", rule, f"MESSAGE refused: {rule.replace('-', ' ')} for {about!r}")

    def test_a_caller_who_is_not_the_account(self) -> None:
        box = BareCore()
        box.register("<sip:102@192.0.2.102>", user="102", at=flow("192.0.2.102"))
        request = ask("MESSAGE", f"sip:102@{REALM}")
        request.replace("from", ["<sip:101@192.0.2.101>;tag=1"])
        assert 403 in statuses(box.receive(box.signed(request)))
        assert self.refused(box)[:2] == ("101", "other-caller")
