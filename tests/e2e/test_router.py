"""A phone behind a router that masquerades: it is called and calls, and either side hangs up (RFC 3581, RFC 5626)."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.baresip import Phone, held_and_resumed, hung_up, put_through
from tests.e2e.box import ACCOUNTS, DOMAIN, Box
from tests.e2e.namespace import Street

MakePhone = Callable[..., Phone]
Account = Callable[[], tuple[str, str]]


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with Street() as street:
        yield street


@pytest.fixture(scope="module")
def public_box(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    hosts = (street.box_address, street.office_address, f"[{street.office_address6}]")
    box = Box(tmp_path_factory.mktemp("public") / "data", hosts=hosts, namespace=street.box)
    box.import_accounts(ACCOUNTS)
    box.start()
    yield box
    box.kill()


@pytest.fixture
def own_account(accounts: Iterator[tuple[str, str]]) -> Callable[[], tuple[str, str]]:
    """A phone that was switched off stays bound for a while: no test meets the phones of another."""
    return lambda: next(accounts)


@pytest.fixture(params=["udp", "tcp"])
def home(
    street: Street, public_box: Box, phones: MakePhone, own_account: Account, request: pytest.FixtureRequest
) -> Phone:
    """Registered from behind the router; the box sees the router's address and a port of the router's."""
    options = {"transport": request.param, "address": street.phone_address, "namespace": street.phone}
    phone = phones(*own_account(), public_box.address(), DOMAIN, **options)
    phone.register()
    (binding,) = public_box.bindings(phone.user)
    seen, _, port = binding["received"].rpartition(":")
    assert seen == street.router_address and int(port) in street.router_ports
    return phone


@pytest.fixture
def neighbour(street: Street, public_box: Box, phones: MakePhone, own_account: Account) -> Phone:
    options = {"address": street.neighbour_address, "namespace": street.box}
    phone = phones(*own_account(), public_box.address(), DOMAIN, **options)
    phone.register()
    return phone


@pytest.mark.parametrize("hangs_up", ["home", "neighbour"])
@pytest.mark.parametrize("calls", ["home", "neighbour"])
def test_calls_from_and_to_a_phone_behind_a_router(home: Phone, neighbour: Phone, calls: str, hangs_up: str) -> None:
    caller, called = (home, neighbour) if calls == "home" else (neighbour, home)
    put_through(caller, called)
    neighbour.expect("CALL_RTPESTAB")  # voice comes out; inwards only what the phone's own STUN would open
    first, other = (home, neighbour) if hangs_up == "home" else (neighbour, home)
    hung_up(first, other)


def test_hold_from_both_sides_of_a_router(home: Phone, neighbour: Phone) -> None:
    put_through(neighbour, home)
    for holder, held in ((home, neighbour), (neighbour, home)):
        held_and_resumed(holder, held)


def test_a_caller_outside_gives_up(home: Phone, neighbour: Phone) -> None:
    neighbour.dial(home.user)
    home.expect("CALL_INCOMING")
    neighbour.expect("CALL_RINGING")
    neighbour.hang_up()
    home.expect("CALL_CLOSED")
    neighbour.received("INVITE", 487)


@pytest.mark.parametrize("hangs_up", ["caller", "callee"])
@pytest.mark.parametrize(("caller", "callee"), [("udp", "udp"), ("tcp", "udp"), ("udp", "tcp")])
def test_a_call_between_address_families_has_voices(
    street: Street, public_box: Box, phones: MakePhone, own_account: Account, caller: str, callee: str, hangs_up: str
) -> None:
    """Phones with both kinds of address: one knows the box by IPv6, the other by IPv4 (RFC 5658: two Record-Routes)."""

    def at_the_office(host: str, transport: str) -> Phone:
        options = {"interface": street.office_interface, "namespace": street.office, "transport": transport}
        phone: Phone = phones(*own_account(), public_box.address(host), DOMAIN, **options)
        phone.register()
        return phone

    alice, bob = at_the_office(f"[{street.office_address6}]", caller), at_the_office(street.office_address, callee)
    put_through(alice, bob)
    for phone in (alice, bob):
        phone.expect("CALL_RTPESTAB")
    first, other = (alice, bob) if hangs_up == "caller" else (bob, alice)
    first.hang_up()
    other.expect("CALL_CLOSED")
    other.received("BYE")
    first.received("BYE", 200)
