"""A phone behind a router that masquerades: it is called and calls, and either side hangs up (RFC 3581, RFC 5626)."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.baresip import Phone
from tests.e2e.box import DOMAIN, Box
from tests.e2e.namespace import Street

MakePhone = Callable[..., Phone]
_AT_HOME, _NEXT_DOOR = ("home", "secret-home"), ("neighbour", "secret-neighbour")


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    with Street() as street:
        yield street


@pytest.fixture(scope="module")
def public_box(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("public") / "data", hosts=(street.box_address,), namespace=street.box)
    for user, password in (_AT_HOME, _NEXT_DOOR):
        box.add_account(user, password)
    box.start()
    yield box
    box.kill()


@pytest.fixture(params=["udp", "tcp"])
def home(street: Street, public_box: Box, phones: MakePhone, request: pytest.FixtureRequest) -> Phone:
    """Registered from behind the router; the box sees the router's address and a port of the router's."""
    options = {"transport": request.param, "address": street.phone_address, "namespace": street.phone}
    phone = phones(*_AT_HOME, public_box.address(), DOMAIN, **options)
    phone.register()
    received = [binding["received"] for binding in public_box.bindings(phone.user)]
    assert any(seen.startswith(f"{street.router_address}:2") for seen in received), received
    return phone


@pytest.fixture
def neighbour(street: Street, public_box: Box, phones: MakePhone) -> Phone:
    options = {"address": street.neighbour_address, "namespace": street.box}
    phone = phones(*_NEXT_DOOR, public_box.address(), DOMAIN, **options)
    phone.register()
    return phone


def put_through(caller: Phone, called: Phone) -> None:
    caller.dial(called.user)
    called.expect("CALL_INCOMING")
    called.accept()
    for phone in (caller, called):
        phone.expect("CALL_ESTABLISHED")
    called.received("ACK")


@pytest.mark.parametrize("hangs_up", ["home", "neighbour"])
@pytest.mark.parametrize("calls", ["home", "neighbour"])
def test_calls_from_and_to_a_phone_behind_a_router(home: Phone, neighbour: Phone, calls: str, hangs_up: str) -> None:
    caller, called = (home, neighbour) if calls == "home" else (neighbour, home)
    put_through(caller, called)
    neighbour.expect("CALL_RTPESTAB")  # voice comes out; inwards only what the phone's own STUN would open
    first, other = (home, neighbour) if hangs_up == "home" else (neighbour, home)
    first.hang_up()
    other.expect("CALL_CLOSED")
    other.received("BYE")
    first.received("BYE", 200)


def test_hold_from_both_sides_of_a_router(home: Phone, neighbour: Phone) -> None:
    put_through(neighbour, home)
    for holder, held in ((home, neighbour), (neighbour, home)):
        for act, offered in ((holder.hold, "sendonly"), (holder.resume, "sendrecv")):
            before, then = len(held.trace.all()), len(holder.trace.all())
            act()
            assert f"a={offered}" in held.received("INVITE", since=before).body
            holder.received("INVITE", 200, since=then)
            held.received("ACK", since=before)


def test_a_caller_outside_gives_up(home: Phone, neighbour: Phone) -> None:
    neighbour.dial(home.user)
    home.expect("CALL_INCOMING")
    neighbour.expect("CALL_RINGING")
    neighbour.hang_up()
    home.expect("CALL_CLOSED")
    neighbour.received("INVITE", 487)
