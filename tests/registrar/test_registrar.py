"""RFC 3261 section 10.3, step by step."""

from __future__ import annotations

import pytest

from frontdesk.model import Binding, BindingState, Settings
from frontdesk.registrar.answer import contact_value
from frontdesk.registrar.contact import parse_expires
from frontdesk.sip.errors import ParseError, Rejection
from frontdesk.sip.uri import Uri
from tests.support.registering import HERE, REALM, Desk, Registrant, flow, register_request

PHONE = "<sip:101@192.0.2.101:5060>"
OTHER = "<sip:101@192.0.2.102:5060>"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(desk: Desk, *contacts: str, headers: tuple[str, ...] = (), **marks: object) -> Rejection:
    before = [(binding.contact, binding.expires_at, binding.cseq) for binding in desk.bindings()]
    with pytest.raises(Rejection) as caught:
        desk.register(*contacts, headers=headers, **marks)  # type: ignore[arg-type]
    assert [(binding.contact, binding.expires_at, binding.cseq) for binding in desk.bindings()] == before
    return caught.value


def test_an_unknown_required_extension_is_refused_by_name(desk: Desk) -> None:
    rejection = refused(desk, PHONE, headers=("Require: path, foo", "Require: bar"))
    assert rejection.status == 420
    assert list(rejection.headers) == [("Unsupported", "foo, bar")]


def test_an_account_registers_its_own_address_of_record_alone(desk: Desk) -> None:
    request = register_request(PHONE, user="102")
    with pytest.raises(Rejection) as caught:
        desk.registrar.register(request, flow(), Registrant(desk.directory.account("101")), 0.0)
    assert caught.value.status == 403


def test_an_address_of_record_of_another_domain_is_refused(desk: Desk) -> None:
    request = register_request(PHONE)
    request.replace("to", ["<sip:101@elsewhere.test>"])
    with pytest.raises(Rejection) as caught:
        desk.registrar.register(request, flow(), Registrant(desk.directory.account("101")), 0.0)
    assert caught.value.status == 403


def test_an_alias_registers_the_accounts_address_of_record(desk: Desk) -> None:
    account = desk.directory.account("101")
    assert account is not None
    account.aliases = ("reception",)
    desk.directory.put(account)
    request = register_request(PHONE, user="reception")
    registration = desk.registrar.register(request, flow(), Registrant(account), 0.0)
    assert registration.aor == f"sip:101@{REALM}"


def test_an_address_of_record_may_be_written_with_escapes(desk: Desk) -> None:
    request = register_request(PHONE, user="%310%31")
    registration = desk.registrar.register(request, flow(), Registrant(desk.directory.account("101")), 0.0)
    assert registration.aor == f"sip:101@{REALM}"


def test_contact_star_needs_expires_zero(desk: Desk) -> None:
    desk.register(PHONE)
    assert refused(desk, "*", headers=("Expires: 3600",)).status == 400
    assert refused(desk, "*").status == 400


def test_contact_star_stands_alone(desk: Desk) -> None:
    desk.register(PHONE)
    assert refused(desk, "*", OTHER, headers=("Expires: 0",)).status == 400


def test_contact_star_removes_all_bindings(desk: Desk) -> None:
    desk.register(PHONE)
    desk.register(OTHER, at=flow("192.0.2.102"), call_id="b@phone")
    assert len(desk.bindings()) == 2
    desk.register("*", headers=("Expires: 0",), call_id="c@phone")
    assert desk.bindings() == []


def test_contact_star_with_a_lower_cseq_removes_nothing(desk: Desk) -> None:
    desk.register(PHONE, cseq=9)
    assert refused(desk, "*", headers=("Expires: 0",), cseq=8).status == 500


def test_whoever_asks_for_an_hour_is_never_told_that_it_is_too_brief() -> None:
    desk = Desk(Settings(min_expires=7200, default_expires=7200))
    rejection = refused(desk, f"{PHONE};expires=3599")
    assert (rejection.status, rejection.headers) == (423, [("Min-Expires", "3600")])
    desk.register(f"{PHONE};expires=3600")
    assert desk.bindings()[0].granted == 3600


def test_contact_star_removes_only_with_a_higher_cseq(desk: Desk) -> None:
    desk.register(PHONE, cseq=9)
    assert refused(desk, "*", headers=("Expires: 0",), cseq=9).status == 500
    desk.register("*", headers=("Expires: 0",), cseq=10)
    desk.register("*", headers=("Expires: 0",), cseq=10)
    assert desk.bindings() == []


def test_no_contact_of_a_request_takes_the_place_of_another(desk: Desk) -> None:
    """The first one leaves its URI to the second, which stands there from then on."""
    for number in (1, 2):
        desk.register(f'{PHONE};+sip.instance="<urn:uuid:{number}>"', call_id=f"{number}@phone")
    third = "sip:101@192.0.2.103:5060"
    desk.register(f'{OTHER};+sip.instance="<urn:uuid:1>"', PHONE, f"<{third}>", call_id="c@phone")
    assert sorted(desk.contacts()) == ["sip:101@192.0.2.101:5060", "sip:101@192.0.2.102:5060", third]


def test_a_query_changes_nothing_and_tells_all(desk: Desk) -> None:
    desk.register(PHONE)
    registration = desk.register()
    assert not registration.changes
    assert [binding.contact for binding in registration.bindings] == ["sip:101@192.0.2.101:5060"]


def test_an_interval_that_is_too_brief_refuses_the_whole_request(desk: Desk) -> None:
    rejection = refused(desk, PHONE, f"{OTHER};expires=59")
    assert rejection.status == 423
    assert list(rejection.headers) == [("Min-Expires", "60")]


def test_expires_zero_is_not_too_brief(desk: Desk) -> None:
    desk.register(PHONE)
    desk.register(f"{PHONE};expires=0")
    assert desk.bindings() == []


def test_the_contacts_expires_goes_before_the_header(desk: Desk) -> None:
    desk.register(f"{PHONE};expires=0", OTHER, headers=("Expires: 600",))
    assert desk.contacts() == ["sip:101@192.0.2.102:5060"]


@pytest.mark.parametrize("expires", ["banana", "-1", ""])
def test_an_expires_that_is_no_number_counts_as_an_hour(desk: Desk, expires: str) -> None:
    desk.register(PHONE, headers=(f"Expires: {expires}",))
    assert 3420 <= desk.bindings()[0].granted <= 3600


@pytest.mark.parametrize(("digits", "seconds"), [("0" * 20 + "600", 600), ("0" * 20, 0), ("9" * 512, 2**32 - 1)])
def test_an_expires_has_any_number_of_digits(digits: str, seconds: int) -> None:
    assert parse_expires(digits) == seconds


def test_no_interval_asked_for_gets_the_default() -> None:
    desk = Desk(Settings(default_expires=120))
    desk.register(PHONE)
    assert 114 <= desk.bindings()[0].granted <= 120


def test_an_interval_is_at_most_the_maximum(desk: Desk) -> None:
    desk.register(PHONE, headers=("Expires: 4294967295",))
    assert desk.bindings()[0].granted <= 86_400


def test_one_bad_contact_leaves_all_as_it_was(desk: Desk) -> None:
    with pytest.raises(ParseError):
        desk.register(PHONE, "<sip:101@>")
    assert desk.bindings() == []


def test_a_lower_cseq_in_the_same_call_changes_nothing(desk: Desk) -> None:
    desk.register(PHONE, cseq=7)
    assert refused(desk, f"{PHONE};expires=0", cseq=6).status == 500


def test_a_lower_cseq_is_believed_when_it_answers_a_newer_nonce(desk: Desk) -> None:
    desk.register(PHONE, cseq=7)
    desk.now += 10
    desk.register(PHONE, cseq=1, nonce_issued=desk.now - 1)
    assert desk.bindings()[0].cseq == 1


def test_the_same_cseq_may_repeat_but_not_change(desk: Desk) -> None:
    desk.register(PHONE, cseq=7)
    desk.register(PHONE, cseq=7)
    assert refused(desk, OTHER, cseq=7).status == 500
    assert refused(desk, PHONE, cseq=7, at=flow("203.0.113.66")).status == 500
    assert refused(desk, f"{PHONE};expires=0", cseq=7).status == 500


def test_a_contact_that_stands_there_twice_counts_once(desk: Desk) -> None:
    desk.register(PHONE, PHONE)
    assert len(desk.bindings()) == 1


@pytest.mark.parametrize("again", [PHONE, f"{PHONE};expires=0", f"{PHONE};q=0.5"])
def test_of_a_contact_that_is_renewed_twice_at_once_the_last_counts(desk: Desk, again: str) -> None:
    desk.register(PHONE)
    registration = desk.register(PHONE, again)
    registration.harden(desk.now)
    assert len(registration.bindings) == ("expires" not in again)
    assert [each.q for each in registration.bindings] == [0.5 if "q=" in again else None][: len(registration.bindings)]


@pytest.mark.parametrize("before", [(), (PHONE,)], ids=["new", "moved"])
def test_of_a_contact_that_is_written_twice_at_once_the_last_counts(desk: Desk, before: tuple[str, ...]) -> None:
    desk.register(*before)
    desk.register(PHONE, f"{PHONE};q=0.5", at=flow(port=61_022))
    assert [each.q for each in desk.bindings()] == [0.5]


def test_a_lower_cseq_in_another_call_is_no_matter(desk: Desk) -> None:
    desk.register(PHONE, cseq=7)
    desk.register(PHONE, cseq=1, call_id="b@phone")
    assert desk.bindings()[0].cseq == 1


def test_a_renewal_from_the_same_place_may_wait_for_the_flush(desk: Desk) -> None:
    desk.register(PHONE)
    desk.now += 100
    registration = desk.register(PHONE)
    assert not registration.changes and registration.refreshes
    assert desk.bindings()[0].seen_at == desk.now


def test_a_phone_that_was_switched_off_and_on_again_is_where_it_was(desk: Desk) -> None:
    desk.register(PHONE)
    registration = desk.register(PHONE, call_id="new@phone", headers=("User-Agent: New 2.0",))
    assert not registration.changes and registration.refreshes
    assert (desk.bindings()[0].call_id, desk.bindings()[0].user_agent) == ("new@phone", "New 2.0")


@pytest.mark.parametrize(
    "change",
    [
        {"at": flow(port=61_022)},
        {"headers": ("Path: <sip:edge.test;lr>",)},
        {"device": "tablet"},
    ],
    ids=str,
)
def test_a_renewal_that_changes_more_than_its_expiry_goes_to_the_disk(desk: Desk, change: dict[str, object]) -> None:
    desk.register(PHONE)
    id = desk.bindings()[0].id
    registration = desk.register(PHONE, **change)  # type: ignore[arg-type]
    assert [binding.id for binding in registration.changes.saved] == [id]
    assert len(desk.bindings()) == 1


@pytest.mark.parametrize("parameter", [";q=0.5", ";audio"])
def test_a_renewal_with_another_parameter_goes_to_the_disk(desk: Desk, parameter: str) -> None:
    desk.register(PHONE)
    registration = desk.register(PHONE + parameter)
    assert [binding.parameters for binding in registration.changes.saved] == [parameter]


def test_the_binding_tells_where_its_register_was_seen(desk: Desk) -> None:
    desk.register(
        f'{PHONE};q=0.5;+sip.instance="<urn:uuid:1>";reg-id=1;audio',
        headers=("User-Agent: Snom", "Path: <sip:a;lr>, <sip:b;lr>"),
        device="desk",
    )
    binding = desk.bindings()[0]
    assert (binding.flow, binding.user_agent, binding.device) == (flow(), "Snom", "desk")
    assert (binding.q, binding.instance, binding.reg_id) == (0.5, "<urn:uuid:1>", 1)
    assert binding.path == ("<sip:a;lr>", "<sip:b;lr>")
    assert ";audio" in binding.parameters and "expires" not in binding.parameters


def test_a_device_has_as_many_seconds_left_as_it_was_granted(desk: Desk) -> None:
    for tenths in range(1, 100):
        desk.now = 1000 + tenths / 10
        (binding,) = desk.register(PHONE, at=flow(port=tenths)).bindings
        assert contact_value(binding, Settings(), desk.now).endswith(f";expires={binding.granted}")


@pytest.mark.parametrize("path", ["<sip:>", "<tel:+49>", "<sip:a"])
def test_a_path_that_cannot_be_followed_is_refused(desk: Desk, path: str) -> None:
    with pytest.raises(ParseError):
        desk.register(PHONE, headers=(f"Path: {path}",))
    assert desk.bindings() == []


def test_a_static_binding_is_not_the_phones_to_change(desk: Desk) -> None:
    static = Binding(desk.location.new_id(), f"sip:101@{REALM}", "sip:door@192.0.2.9", "", None, 0, None)
    static.state = BindingState.STATIC
    desk.location.stage(static.aor, 900, [static])
    desk.location.commit(900)
    desk.register("<sip:door@192.0.2.9>")
    desk.register("*", headers=("Expires: 0",), call_id="x@y")
    assert desk.bindings() == [static]


class TestMoreDevicesThanAllowed:
    @pytest.fixture
    def full(self) -> Desk:
        desk = Desk(Settings(max_bindings=3))
        for number in range(3):
            desk.now += 1
            desk.register(f"<sip:101@192.0.2.{number}>", at=flow(f"192.0.2.{number}"), call_id=f"{number}@phone")
        return desk

    def test_the_oldest_makes_room(self, full: Desk) -> None:
        full.register("<sip:101@192.0.2.9>", at=flow("192.0.2.9"), call_id="9@phone")
        assert full.contacts() == ["sip:101@192.0.2.1", "sip:101@192.0.2.2", "sip:101@192.0.2.9"]

    def test_the_dead_go_before_the_oldest(self, full: Desk) -> None:
        full.bindings()[2].connected = False
        full.register("<sip:101@192.0.2.9>", at=flow("192.0.2.9"), call_id="9@phone")
        assert full.contacts() == ["sip:101@192.0.2.0", "sip:101@192.0.2.1", "sip:101@192.0.2.9"]

    def test_the_same_devices_oldest_goes_before_other_devices(self) -> None:
        desk = Desk(Settings(max_bindings=3))
        desk.register("<sip:101@192.0.2.0>", at=flow("192.0.2.0"), call_id="0@phone")
        for number in (1, 2, 3):
            desk.now += 1
            contact = f'<sip:101@192.0.2.{number}>;+sip.instance="<urn:uuid:1>";reg-id={number}'
            place, supported = flow(f"192.0.2.{number}"), ("Supported: outbound",)
            desk.register(contact, at=place, call_id=f"{number}@phone", headers=supported)
        assert desk.contacts() == ["sip:101@192.0.2.0", "sip:101@192.0.2.2", "sip:101@192.0.2.3"]

    def test_one_request_with_too_many_is_refused_whole(self, full: Desk) -> None:
        many = [f"<sip:101@198.51.100.{number}>" for number in range(4)]
        assert refused(full, *many, call_id="m@phone").status == 403


@pytest.mark.parametrize(
    ("contact", "rport", "at", "heard"),
    [
        ("sip:101@192.0.2.101", False, 49152, 5060),
        ("sip:101@192.0.2.101:5062;transport=udp", False, 49152, 5062),
        ("sip:101@192.0.2.101", True, 49152, 49152),
        ("sip:101@10.0.0.7:5062", False, 49152, 49152),
        ("sip:101@192.0.2.101:5062;transport=tcp", False, 49152, 49152),
    ],
    ids=["default port", "other port", "asks for answers where it sends", "behind a router", "not over UDP"],
)
def test_phone_that_sends_from_another_port_than_it_listens_at_is_reached_where_it_listens(
    desk: Desk, contact: str, rport: bool, at: int, heard: int
) -> None:
    for port in (at, at + 1):  # it is another one each time
        desk.now += 10
        registration = desk.register(f"<{contact}>", at=flow("192.0.2.101", port), rport=rport)
        (binding,) = desk.bindings()
        assert binding.flow is not None
        expected = heard if heard != at else port
        assert binding.flow.remote == ("192.0.2.101", expected)
    assert bool(registration.changes) == (heard == at)


def test_more_contacts_than_an_account_may_have_are_refused_before_they_are_compared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 KiB of them would take seconds, in which nobody is called."""
    most = desk.registrar.settings.max_bindings
    desk.register(", ".join(f"<sip:{number}@192.0.2.101>" for number in range(most)))
    monkeypatch.setattr(Uri, "matches", None)
    contacts = [f"<sip:x{number}@192.0.2.101>" for number in range(most + 1)]
    assert refused(desk, ", ".join(contacts)).status == 403
    assert len(desk.contacts()) == most


@pytest.mark.parametrize(("kind", "host"), [("Desk", "192.0.2.60"), ("Soft", "192.0.2.50")])
def test_softphone_that_starts_again_and_again_drives_out_its_own_remains(kind: str, host: str) -> None:
    desk = Desk(Settings(max_bindings=3))
    desk.register(f"<sip:101@{host}>", at=flow(host), call_id="desk", headers=(f"User-Agent: {kind}",))
    for number in range(6):
        desk.now += 60
        place = flow("192.0.2.60", 41000 + number)
        contact = f"<sip:x{number}@192.0.2.60:{41000 + number}>"
        desk.register(contact, at=place, call_id=f"soft{number}", headers=("User-Agent: Soft",))
    assert [each.call_id for each in desk.bindings()] == ["desk", "soft4", "soft5"]


def test_connection_that_is_open_is_the_last_to_make_room() -> None:
    desk = Desk(Settings(max_bindings=2))
    desk.register("<sip:101@192.0.2.50:5060>", at=flow("192.0.2.50", 40000, 9), call_id="a")
    for number in (1, 2):
        desk.now += 60
        desk.register(f"<sip:101@192.0.2.6{number}>", at=flow(f"192.0.2.6{number}"), call_id=f"b{number}")
    assert [each.call_id for each in desk.bindings()] == ["a", "b2"]


def test_sips_contact_is_registered_over_tls_alone_and_may_be_taken_away_in_the_clear(desk: Desk) -> None:
    """RFC 5630 section 5.2."""
    secure = HERE._replace(transport="tls", connection=7)
    safe = "<sips:101@192.0.2.101:5061>"
    for place in (HERE, flow(connection=6)):
        assert refused(desk, safe, at=place).status == 400
    desk.register(safe, at=secure)
    assert desk.contacts() == ["sips:101@192.0.2.101:5061"]
    desk.register(safe + ";expires=0")
    assert desk.contacts() == []
