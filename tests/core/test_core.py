"""The core's contract: what waits for the disk, and what is answered without it."""

from __future__ import annotations

import pytest

from frontdesk.core import registrations
from frontdesk.core.background import RETRY
from frontdesk.model import CallRecord, Changes, Settings
from frontdesk.sip.message import Request, Response
from tests.support.asking import ask, statuses
from tests.support.bare_core import PASSWORD, BareCore
from tests.support.digest_answer import Answerer
from tests.support.registering import HERE, REALM, flow, register_request

PHONE = "<sip:101@192.0.2.101:5060>"
OTHER = "<sip:101@192.0.2.102:5060>"


@pytest.fixture
def box() -> BareCore:
    """Its disk is slow, and a phone of 101 waits for it."""
    box = BareCore(commit_at_once=False)
    box.register(PHONE)
    return box


class TestWaitingForTheDisk:
    def test_a_new_binding_is_answered_and_seen_only_once_it_is_on_disk(self) -> None:
        box = BareCore(commit_at_once=False)
        assert box.register(PHONE) == [] and box.bindings() == []
        assert statuses(box.commit()) == [200]
        assert len(box.bindings()) == 1

    def test_what_cannot_be_stored_is_500_with_retry_after_and_leaves_all_as_it_was(self, box: BareCore) -> None:
        answers = box.fail(box.commits[0].ticket)
        assert statuses(answers) == [500] and answers[0].first("retry-after")
        assert box.bindings() == []

    def test_a_register_that_comes_meanwhile_waits_too_and_shares_the_failure(self, box: BareCore) -> None:
        box.register(OTHER, call_id="b@phone", at=flow("192.0.2.102"))
        box.register(call_id="query@phone")
        assert statuses(box.fail(box.commits[0].ticket)) == [500, 500, 500]

    def test_a_register_goes_to_the_disk_once_the_one_before_it_is_there(self, box: BareCore) -> None:
        box.register(OTHER, call_id="b@phone", at=flow("192.0.2.102"))
        box.register("<sip:101@192.0.2.103:5060>", call_id="c@phone", at=flow("192.0.2.103"))
        (first,) = box.commits
        assert statuses(box.commit(first.ticket)) == [200]
        _, both = box.commits
        assert [binding.id for binding in both.changes.saved] == [2, 3]
        assert statuses(box.commit(both.ticket)) == [200, 200]
        assert len(box.bindings()) == 3

    def test_a_register_after_a_failure_does_not_share_it(self, box: BareCore) -> None:
        box.register(OTHER, call_id="b@phone", at=flow("192.0.2.102"))
        (first,) = box.commits
        assert statuses(box.fail(first.ticket)) == [500, 500]
        third = "<sip:101@192.0.2.103:5060>"
        assert box.register(third, call_id="c@phone", at=flow("192.0.2.103")) == []
        assert statuses(box.commit(box.commits[1].ticket)) == [200]
        assert [binding.contact for binding in box.bindings()] == ["sip:101@192.0.2.103:5060"]
        assert len(box.commits) == 2, "of the second nothing was ever written"

    def test_what_the_administrator_drops_after_a_failure_stays_dropped(self, box: BareCore) -> None:
        box.commit()
        box.register(OTHER, call_id="b@phone", at=flow("192.0.2.102"))
        box.register("<sip:101@192.0.2.103>", call_id="c@phone", at=flow("192.0.2.103"))
        box.fail(box.commits[1].ticket)
        box.core.drop(box.bindings(), box.clock.now)
        box.clock.advance(RETRY)
        assert box.bindings() == [] and len(box.commits) == 2

    def test_what_registers_while_bindings_are_taken_away_waits_and_is_another_one(self, box: BareCore) -> None:
        box.commit()
        (hold,) = box.core.hold([f"sip:101@{REALM}"])
        assert box.register(PHONE, cseq=2) == []
        assert box.register(OTHER, call_id="b@phone", at=flow("192.0.2.102")) == []
        box.core.flush(box.clock.now)
        box.settle()
        assert len(box.commits) == 1
        before = len(box.sent)
        box.core.drop(box.bindings(), box.clock.now)
        assert statuses(box._answers_since(before)) == [500], "it is not registered: it comes again"
        assert box.commit(hold) == []
        assert [each.id for each in box.commits[1].changes.saved] == [2]
        assert statuses(box.commit(box.commits[1].ticket)) == [200]
        assert [binding.id for binding in box.bindings()] == [2]

    def test_what_registers_while_bindings_are_taken_away_hears_nothing_of_what_failed(self, box: BareCore) -> None:
        (hold,) = box.core.hold([f"sip:101@{REALM}"])
        assert box.register(call_id="query@phone") == []
        assert statuses(box.fail(box.commits[0].ticket)) == [500, 500]
        assert box.commit(hold) == [] and box.core.location.open_ticket(f"sip:101@{REALM}") is None

    def test_a_query_waits_for_the_open_ticket_and_tells_what_it_made(self, box: BareCore) -> None:
        assert box.register(call_id="query@phone") == []
        answers = box.commit()
        assert statuses(answers) == [200, 200]
        assert "sip:101@192.0.2.101:5060" in answers[1].required("contact")

    def test_a_retransmission_of_what_waits_is_absorbed(self) -> None:
        box = BareCore(commit_at_once=False)
        signed = box.signed(register_request(PHONE))
        assert box.receive(signed) == [] and box.receive(signed) == []
        assert len(box.commits) == 1
        assert statuses(box.commit()) == [200]

    def test_other_accounts_do_not_wait(self, box: BareCore) -> None:
        assert statuses(box.register(user="102", call_id="z@phone")) == [200]

    def test_a_refresh_counts_as_one_that_waits_where_every_refresh_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for flush, status in ((0.0, 503), (600.0, 200)):
            box = BareCore(Settings(flush=flush))
            box.register(PHONE)
            monkeypatch.setattr(registrations, "MAX_HELD", 0)
            assert statuses(box.register(PHONE, cseq=2)) == [status]
            monkeypatch.undo()

    def test_a_query_behind_too_many_is_refused(self, monkeypatch: pytest.MonkeyPatch, box: BareCore) -> None:
        monkeypatch.setattr(registrations, "MAX_HELD", 1)
        assert statuses(box.register(call_id="query@phone")) == [503]
        assert statuses(box.register(user="102", call_id="other@phone")) == [200]


def test_what_the_administrator_takes_away_stays_away_though_a_commit_before_it_fails() -> None:
    box = BareCore()
    box.register(PHONE)
    box.commit_at_once = False
    box.commits.clear()
    box.register("<sip:101@192.0.2.101:5062>", cseq=2)
    (move,) = box.commits
    box.core.drop(box.core.location.every(f"sip:101@{REALM}"), box.clock.now)
    assert [answer.status for answer in box.fail(move.ticket)] == [500]
    assert box.bindings() == [] and box.commits == [move], "nothing writes it again"
    assert box.register(PHONE, cseq=3) == []
    assert [answer.status for answer in box.commit(box.commits[-1].ticket)] == [200]


class TestExpiry:
    def test_a_binding_expires_on_the_monotonic_clock_and_is_taken_off_the_disk(self) -> None:
        box = BareCore()
        box.register(PHONE, headers=("Expires: 60",))
        box.clock.advance(59)
        assert len(box.bindings()) == 1
        box.commits.clear()
        box.clock.advance(1)
        assert box.bindings() == []
        box.clock.advance(1)
        assert box.commits[0].changes.removed == [1]

    def test_what_ends_while_its_renewal_is_on_the_way_to_the_disk_stays_there(self) -> None:
        """Its 200 says so, and the next start reads the row."""
        box = BareCore()
        box.register(f"{PHONE};expires=60")
        box.commit_at_once = False
        box.clock.advance(59)
        box.commits.clear()
        box.register(f"{PHONE};expires=60", at=flow("192.0.2.101", 6060), cseq=2)
        (renewal,) = box.commits
        box.clock.advance(2)
        assert [answer.status for answer in box.commit(renewal.ticket)] == [200]
        box.clock.advance(5)
        assert [each.id for each in renewal.changes.saved] == [1] == [each.id for each in box.bindings()]
        assert box.commits == [renewal], "nothing takes the row away again"

    def test_a_refresh_for_a_shorter_time_expires_sooner(self) -> None:
        box = BareCore()
        box.register(PHONE, headers=("Expires: 3600",))
        box.register(PHONE, cseq=2, headers=("Expires: 60",))
        box.commits.clear()
        box.clock.advance(61)
        assert box.commits[0].changes.removed == [1]

    def test_a_step_of_the_wall_clock_moves_the_date_alone(self) -> None:
        box = BareCore()
        assert box.register(PHONE)[0].first("date") is None
        box.core.wall_offset = 1_800_000_000.0 - box.clock.now
        assert box.register(PHONE, cseq=2)[0].first("date") == "Fri, 15 Jan 2027 08:00:00 GMT"
        assert len(box.bindings()) == 1


def test_the_record_of_a_call_waits_for_company_but_not_when_somebody_asks() -> None:
    box = BareCore()
    record = CallRecord("1@phone", "101", "102", 0.0, None, box.clock.now, 480)
    box.core.registrations.background.write_soon(Changes(calls=[record]), box.clock.now)
    box.settle()
    assert box.commits == []
    box.core.write_records()
    box.settle()
    assert [each.changes.calls for each in box.commits] == [[record]]
    box.clock.advance(2)
    assert len(box.commits) == 1


def test_what_goes_with_a_record_that_is_kept_back_is_written() -> None:
    box = BareCore()
    record = CallRecord("1@phone", "101", "102", 0.0, None, box.clock.now, 480)
    with box.core.without_calls():
        box.core.registrations.background.write(Changes(removed=[7], calls=[record]))
    box.settle()
    assert [each.changes for each in box.commits] == [Changes(removed=[7])]


def test_box_that_cannot_end_its_calls_stores_what_waits_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    box = BareCore()
    record = CallRecord("1@phone", "101", "102", 0.0, None, box.clock.now, 480)
    box.core.registrations.background.write_soon(Changes(calls=[record]), box.clock.now)
    monkeypatch.setattr(box.core.proxy, "shut_down", lambda now: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        box.core.shut_down(box.clock.now)
    box.settle()
    assert [each.changes.calls for each in box.commits] == [[record]]


@pytest.mark.parametrize("keep", [0, 2])
def test_of_call_records_that_the_disk_does_not_take_the_newest_are_kept(keep: int) -> None:
    box = BareCore(Settings(call_records=keep), commit_at_once=False)
    records = [CallRecord(f"{number}@phone", "101", "102", 0.0, None, 1.0, 480) for number in range(3)]
    box.core.registrations.background.write(Changes(calls=records))
    box.settle()
    box.fail(box.commits.pop().ticket)
    box.clock.advance(RETRY)
    assert [call for commit in box.commits for call in commit.changes.calls] == records[3 - keep :]


def test_a_nonce_lives_as_long_as_the_longest_of_the_bindings_that_it_registered() -> None:
    box = BareCore()
    answerer = Answerer("101", PASSWORD, box.receive(register_request(PHONE))[0].required("www-authenticate"))

    def register(cseq: int, *contacts: str) -> list[int]:
        credentials = answerer.authorize("REGISTER", f"sip:{REALM}")
        return statuses(box.receive(register_request(*contacts, cseq=cseq, headers=(f"Authorization: {credentials}",))))

    assert register(1, f"{PHONE};expires=60", f"{OTHER};expires=3600") == [200]
    box.clock.advance(3000)
    assert register(2, OTHER) == [200]


class TestEvents:
    def kinds(self, box: BareCore, account: str = "101") -> list[str]:
        return [str(event.kind) for event in box.core.events.of(account)]

    def test_a_registration_tells_its_story_and_a_refresh_tells_nothing(self) -> None:
        box = BareCore()
        box.register(PHONE)
        box.register(PHONE, cseq=2)
        box.register(PHONE, cseq=3, at=flow(port=61_000))
        box.register(f"{PHONE};expires=0", cseq=4, at=flow(port=61_000))
        assert self.kinds(box) == ["registered", "moved", "unregistered"]

    def test_who_takes_all_away_is_told_of_each(self) -> None:
        box = BareCore()
        box.register(PHONE)
        box.register("<sip:101@192.0.2.101:5070>", call_id="other@phone", at=flow(port=5070))
        box.register("*", cseq=2, headers=("Expires: 0",))
        assert self.kinds(box)[2:] == ["unregistered", "unregistered"]

    def test_a_wrong_password_is_told_with_its_rule_and_a_challenge_is_not(self) -> None:
        box = BareCore()
        box.receive(box.signed(register_request(PHONE), password="wrong"))
        assert [event.rule for event in box.core.events.of("101")] == ["wrong-password"]
        assert "wrong" not in "".join(event.text for event in box.core.events.of("101")).replace("wrong password", "")

    def test_what_could_not_be_stored_is_no_registration(self, box: BareCore) -> None:
        box.fail(box.commits[0].ticket)
        assert self.kinds(box) == ["warning"]


def test_a_closed_connection_makes_its_bindings_unreachable_and_writes_nothing() -> None:
    box = BareCore()
    over_tcp = flow(port=40_000, connection=7)
    box.register(PHONE, at=over_tcp)
    box.commits.clear()
    box.core.flow_closed(over_tcp, box.clock.now)
    box.settle()
    assert not box.bindings()[0].connected and box.commits == []


def test_a_call_from_a_browser_whose_connection_is_lost_is_called_off() -> None:
    box = BareCore()
    page = flow(port=40_000, connection=7)._replace(transport="ws")
    box.register(OTHER, user="102", at=flow("192.0.2.102"))
    box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")), page)
    invite = next(message for message, _ in box.sent if isinstance(message, Request) and message.method == "INVITE")
    box.receive(Response.to_request(invite, 180, to_tag="t"), flow("192.0.2.102"))
    before = len(box.sent)
    box.core.flow_closed(page, box.clock.now)
    box.settle()
    assert [message.method for message, _ in box.sent[before:] if isinstance(message, Request)] == ["CANCEL"]


def test_a_call_to_a_phone_whose_connection_is_lost_fails_at_once() -> None:
    box = BareCore()
    over_tcp = flow("192.0.2.102", port=40_000, connection=7)
    box.register(OTHER, user="102", at=over_tcp)
    box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")))
    before = len(box.sent)
    box.core.flow_closed(over_tcp, box.clock.now)
    box.settle()
    assert [message.status for message, _ in box.sent[before:] if isinstance(message, Response)] == [480]


def test_dropping_bindings_closes_their_connections() -> None:
    box = BareCore()
    over_tcp = flow(port=40_000, connection=7)
    box.register(PHONE, at=over_tcp)
    box.commits.clear()
    box.core.drop(box.bindings(), box.clock.now)
    box.settle()
    assert box.bindings() == [] and box.closed == [over_tcp] and box.commits == []


def test_the_answer_goes_to_where_the_request_came_from() -> None:
    box = BareCore()
    box.receive(ask("OPTIONS"), flow("198.51.100.9", 61_000))
    message, target = box.sent[0]
    assert target == flow("198.51.100.9", 61_000)
    assert message.via.parameters["received"] == "198.51.100.9" and message.via.parameters["rport"] == "61000"
    assert HERE.remote != flow("198.51.100.9", 61_000).remote


def test_connection_that_closes_while_its_register_waits_for_the_disk_reaches_nobody() -> None:
    box, line = BareCore(commit_at_once=False), flow("192.0.2.101", 40000, 7)
    box.register(PHONE, at=line)
    box.core.flow_closed(line, box.clock.now)
    box.commit()
    assert [each.connected for each in box.bindings()] == [False]
