"""A renewal that is known by its bytes is answered, and leaves everything, as if it had been parsed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core import registrations
from frontdesk.core.renewals import SPARE
from frontdesk.model import Account, Secret
from frontdesk.sip.uri import PLAIN, Uri, is_sip
from tests.core.pair import INSTANCE, OTHER, Pair
from tests.support.bare_core import PASSWORD
from tests.support.digest_answer import Answerer
from tests.support.registering import HERE, REALM, flow

ELSEWHERE = flow("198.51.100.7", 61_000)


def test_a_usual_renewal_takes_the_short_way() -> None:
    pair = Pair()
    assert pair.was_short(pair.next())
    assert pair.was_short(pair.next())


MOVED = "<sip:101@192.0.2.101:5062>"


def test_a_move_takes_the_short_way_and_is_answered_when_it_is_on_disk() -> None:
    pair = Pair()
    pair.hold()
    assert pair.send(pair.next(contact=MOVED)) == 0
    assert pair.short.bindings()[0].contact != MOVED.strip("<>")
    pair.tell(fail=False)
    assert pair.short.bindings()[0].contact == MOVED.strip("<>")
    assert pair.short.sent[-1][0].required("contact").startswith(MOVED)
    assert pair.was_short(pair.next(contact=MOVED))
    assert pair.was_short(pair.next())


def test_a_contact_may_have_parameters() -> None:
    pair = Pair()
    for port in (5060, 5061):
        usual = f"<sip:101@192.0.2.101:{port};transport=udp>;q=0.5"
        assert pair.send(pair.next(contact=usual)) == 200
    assert pair.was_short(pair.next(contact=usual))


@pytest.mark.parametrize("parameters", [";expires=0", ";q=0.1", "?Subject=x", ";+sip.instance=\"<urn:uuid:1>\""])
def test_parameters_behind_a_contact_without_brackets_are_its_own(parameters: str) -> None:
    """RFC 3261 section 20.10: they are no part of the URI, so `expires=0` there takes the binding away."""
    pair = Pair()
    assert pair.send(pair.next(contact="sip:101@192.0.2.101")) == 200
    assert pair.send(pair.next(contact="sip:101@192.0.2.101")) == 200
    pair.send(pair.next(contact="sip:101@192.0.2.101" + parameters))
    left = [] if "expires" in parameters else ["sip:101@192.0.2.101"]
    assert [each.contact for each in pair.short.bindings()] == left


def test_who_asks_for_no_rport_is_reached_at_each_of_his_contacts() -> None:
    """He may listen at another port than he sends from: another Contact is another flow, which is judged the long
    way."""
    pair = Pair()
    for port in (5060, 5062, 5063):
        for _ in range(2):
            data = pair.next(contact=f"<sip:101@192.0.2.101:{port}>").replace(b";rport", b"")
            assert pair.send(data) == 200
        assert pair.short.bindings()[0].flow == flow("192.0.2.101", port)
    assert pair.was_short(pair.next(contact="<sip:101@192.0.2.101:5063>").replace(b";rport", b""))


def test_both_ways_grant_a_moved_device_the_same() -> None:
    pair = Pair()
    for port in range(5062, 5070):
        assert pair.send(pair.next(contact=f"<sip:101@192.0.2.101:{port}>")) == 200


@given(st.from_regex(PLAIN, fullmatch=True))
def test_whatever_is_known_by_its_form_is_a_sip_uri(contact: str) -> None:
    assert Uri.parse(contact).scheme == "sip"


@pytest.mark.parametrize("port", [1, 5060, 10_000, 49_152, 59_999, 60_000, 64_999])
def test_a_contact_at_a_port_that_a_system_gives_is_known_by_its_form(port: int) -> None:
    """Not even parsed, which is a twelfth of a move: whoever names no port of his own stands at one above 32767."""
    assert PLAIN.fullmatch(f"sip:101@192.0.2.101:{port};transport=udp")


@pytest.mark.parametrize(
    ("contact", "is_one"),
    [
        ("sip:101@192.0.2.101:5060;transport=udp", True),
        ("sip:101@192.0.2.101:65535", True),
        ("sip:101@phone.example", True),
        ("sips:101@phone.example", False),
        ("sip:101@192.0.2.256", False),
        ("sip:101@192.0.2.101:70000", False),
        ("tel:101", False),
    ],
)
def test_a_contact_is_a_sip_uri(contact: str, *, is_one: bool) -> None:
    assert is_sip(contact) is is_one


def test_a_place_that_is_none_is_refused() -> None:
    pair = Pair()
    assert pair.send(pair.next(contact="<sip:101@192.0.2.101:70000>")) == 400


def test_a_refresh_that_goes_to_the_disk_takes_the_short_way() -> None:
    pair = Pair()
    pair.configure(flush=0.0)
    before = len(pair.short.commits)
    assert pair.send(pair.next()) == 200
    assert pair.was_short(pair.next())
    assert len(pair.short.commits) == before + 1  # and the second one is not settled yet


def test_one_that_waits_for_the_disk_gets_its_100_and_what_comes_again_is_absorbed() -> None:
    pair = Pair()
    pair.hold()
    move = pair.next(contact=MOVED)
    assert pair.send(move) == 0
    assert pair.send(move) == 0
    pair.wait(4)
    assert pair.last() == [100]
    assert pair.send(move) == 100
    pair.tell(fail=False)
    assert pair.send(move) == 200


def test_one_that_cannot_be_stored_gets_500_and_its_binding_stays() -> None:
    pair = Pair()
    pair.hold()
    assert pair.send(pair.next(contact=MOVED)) == 0
    pair.tell(fail=True)
    assert pair.last() == [500]
    assert pair.short.bindings()[0].contact != MOVED.strip("<>")
    assert pair.send(pair.next()) == 200


def test_while_a_ticket_is_open_the_next_one_waits_behind_it() -> None:
    pair = Pair()
    pair.hold()
    assert pair.send(pair.next(contact=MOVED)) == 0
    assert pair.send(pair.next()) == 0
    assert pair.send(pair.next(contact=MOVED)) == 0
    pair.tell(fail=False)
    pair.tell(fail=False)
    assert pair.last(3) == [200] * 3


@pytest.mark.parametrize("branch", ["old", "z9hG4bK", "z9hG4bK/"])
def test_who_has_no_proper_branch_is_answered_the_long_way(branch: str) -> None:
    pair = Pair()
    assert pair.send(pair.next(branch=branch)) == 200
    assert not pair.was_short(pair.next(branch=branch))


@pytest.mark.parametrize("last", ["nc", "response", "qop"])
def test_the_parameters_may_come_in_any_order(last: str) -> None:
    pair = Pair()

    def reordered(data: bytes) -> bytes:
        line = next(line for line in data.split(b"\r\n") if line.startswith(b"Authorization"))
        parameters = line.removeprefix(b"Authorization: Digest ").split(b", ")
        parameters.sort(key=lambda each: each.startswith(last.encode() + b"="))
        return data.replace(line, b"Authorization: Digest " + b", ".join(parameters))

    assert pair.send(reordered(pair.next())) == 200
    assert pair.was_short(reordered(pair.next()))


def test_both_ways_challenge_and_let_in_alike() -> None:
    pair = Pair()
    pair.answerer = Answerer("101", PASSWORD, pair.challenge())
    assert pair.send(pair.next()) == 200
    assert pair.short.bindings()[0].nonce_issued == pair.short.clock.now


def test_both_ways_give_the_same_answer() -> None:
    pair = Pair()
    assert [pair.send(pair.next()) for _ in range(5)] == [200] * 5


def test_a_date_is_the_same_on_both_ways() -> None:
    pair = Pair()
    for box in pair.both():
        box.core.wall_offset = 1_800_000_000.0
    for _ in range(3):
        assert pair.send(pair.next()) == 200
        for box in pair.both():
            box.clock.advance(7)
    assert pair.short.sent[-1][0].first("date")


def test_a_lower_cseq_is_judged_the_long_way() -> None:
    pair = Pair()
    assert pair.send(pair.next()) == 200
    assert pair.send(pair.next(cseq=2, branch="z9hG4bKlow")) == 500


def test_a_wrong_response_is_refused_and_told() -> None:
    pair = Pair()
    pair.answerer.password = "wrong"
    assert pair.send(pair.next()) == 401
    assert pair.short.core.events.of("101")[-1].rule == "wrong-password"


def test_a_renewal_from_elsewhere_is_a_move() -> None:
    pair = Pair()
    assert pair.send(pair.next(), ELSEWHERE) == 200
    assert pair.short.bindings()[0].flow == ELSEWHERE


def test_a_renewal_over_a_flow_that_was_given_up_makes_its_binding_reachable_again() -> None:
    pair = Pair()
    for box in pair.both():
        box.core.flow_closed(HERE, box.clock.now)
    assert pair.send(pair.next()) == 200
    assert pair.short.bindings()[0].connected


def test_the_limit_of_those_that_wait_for_the_disk_holds_in_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair()
    pair.hold()
    monkeypatch.setattr(registrations, "MAX_HELD", 0)
    assert pair.send(pair.next(contact=MOVED)) == 503
    assert pair.send(pair.next()) == 200


def test_nothing_of_a_password_is_kept_once_it_has_changed() -> None:
    for change in ("forget", "forget_past"):
        core = Pair().short.core
        assert core._renewals._known
        core.forget("101") if change == "forget" else core.forget_past()
        assert not core._renewals._known


def test_a_contact_that_is_too_long_is_refused_both_ways() -> None:
    pair = Pair()
    assert pair.send(pair.next(contact=f"<sip:{'1' * 1100}@192.0.2.101>")) == 400


def test_nothing_is_renewed_once_the_password_has_changed() -> None:
    pair = Pair()
    for box in pair.both():
        box.directory.put(Account("101", f"sip:101@{REALM}", secrets=(Secret("", {"MD5": "0" * 32}),)))
        box.core.authenticator.forget("101")
    pair.wait(1)
    pair.answerer = Answerer("101", PASSWORD, pair.challenge())
    assert pair.send(pair.next()) == 401


def test_nothing_is_renewed_by_an_old_template_once_the_settings_have_changed() -> None:
    pair = Pair()
    for box in pair.both():
        box.core.configure(replace(box.core.settings, max_expires=600))
    assert pair.send(pair.next()) == 200
    assert pair.short.bindings()[0].granted <= 600


def test_nothing_waits_in_memory_where_every_refresh_goes_to_the_disk() -> None:
    pair = Pair()
    for box in pair.both():
        box.core.configure(replace(box.core.settings, flush=0.0))
        box.commits.clear()
    assert pair.send(pair.next()) == 200
    assert pair.send(pair.next()) == 200
    assert len(pair.short.commits) == 2


def test_devices_that_are_gone_do_not_pile_up() -> None:
    pair = Pair()
    renewals = pair.short.core._renewals
    known = next(iter(renewals._known.values()))
    gone = replace(known, binding=known.binding.copy())
    for number in range(500):
        renewals._known[str(number)] = gone
    assert pair.send(pair.next(extra="User-Agent: other\r\n")) == 200
    assert len(renewals._known) == 1


def test_a_device_that_calls_itself_otherwise_again_and_again_does_not_pile_up() -> None:
    pair = Pair()
    for number in range(2 * SPARE):
        other = pair.next().replace(b"Call-ID: r@phone", b"Call-ID: %d@phone" % number)
        assert pair.send(other) == 200
    assert len(pair.short.core._renewals._known) <= SPARE + 2


def test_what_a_device_was_called_before_goes_the_long_way() -> None:
    pair = Pair()
    assert pair.send(pair.next().replace(b"r@phone", b"x@phone")) == 200
    assert pair.send(pair.next()) == 200
    assert pair.short.bindings()[0].call_id == "r@phone"


OTHER_CONTACTS = st.sampled_from(
    [OTHER, OTHER + INSTANCE, OTHER + INSTANCE.replace("1", "2"), "<sip:101@192.0.2.101>", "<sip:101@192.0.2.102>",
     "<sip:101@192.0.2.101:5062>" + INSTANCE.replace("1", "2")]
)  # fmt: skip
step = st.one_of(
    st.tuples(st.just("renew"), st.booleans()),
    st.tuples(st.just("again"), st.just(0)),
    st.tuples(st.just("wait"), st.floats(0, 4000)),
    st.tuples(st.just("skip"), st.integers(1, 200)),
    st.tuples(st.just("change"), st.sampled_from([b"70", b"z9hG4bK", b"rport", b"f\r", b"0a4f113b", b"3600", b"101"])),
    st.tuples(st.just("cut"), st.integers(0, 700)),
    st.tuples(st.just("elsewhere"), st.just(0)),
    st.tuples(st.just("login"), st.just(0)),
    st.tuples(st.just("clock"), st.sampled_from([None, 1_800_000_000.0])),
    st.tuples(
        st.just("move"), st.sampled_from(["192.0.2.101:5062", "192.0.2.102", "[2001:db8::1]:5060", "1.2.3.999", "x"])
    ),
    st.tuples(st.just("bare"), st.sampled_from(["", ";expires=0", ";q=0.1", ", sip:101@192.0.2.101"])),
    st.tuples(st.just("flush"), st.sampled_from([0.0, 600.0])),
    st.tuples(st.just("hold"), st.just(0)),
    st.tuples(st.just("tell"), st.booleans()),
    st.tuples(st.just("other"), st.tuples(OTHER_CONTACTS, st.sampled_from([0, 600, 3600]))),
    st.tuples(st.just("instance"), st.sampled_from(["192.0.2.101:5062", "192.0.2.102", "192.0.2.103"])),
)


@given(st.lists(step, max_size=12))
@settings(max_examples=200)
def test_whatever_comes_both_ways_agree(steps: list[tuple[str, object]]) -> None:
    pair = Pair()
    for what, value in steps:
        if what == "wait":
            pair.wait(float(value))  # type: ignore[arg-type]
        elif what == "skip":
            pair.answerer.count += int(value)  # type: ignore[call-overload]
        elif what == "clock":
            for box in pair.both():
                box.core.wall_offset = value  # type: ignore[assignment]
        elif what == "login":
            pair.answerer = Answerer("101", PASSWORD, pair.challenge())
        elif what == "flush":
            pair.configure(flush=value)
        elif what == "hold":
            pair.hold()
        elif what == "tell":
            pair.tell(fail=bool(value))
        else:
            _send(pair, what, value)


def _send(pair: Pair, what: str, value: object) -> None:
    if what == "other":
        pair.send_other(*value)  # type: ignore[misc]
        return
    if what == "again":
        pair.send_again()
        return
    contacts = {
        "move": f"<sip:101@{value}>", "bare": f"sip:101@192.0.2.101{value}", "instance": f"<sip:101@{value}>{INSTANCE}"
    }  # fmt: skip
    data = pair.next(contact=contacts[what]) if what in contacts else pair.next()
    if what == "change":
        assert isinstance(value, bytes)
        data = data.replace(value, b"1" + value, 1)
    elif what == "cut":
        at = int(value)  # type: ignore[call-overload]
        data = data[:at] + b"x" + data[at:]
    pair.send(data, ELSEWHERE if what == "elsewhere" else HERE)
    if what == "renew" and value:
        pair.send_again()
