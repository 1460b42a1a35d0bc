"""What the box has acknowledged outlives it: an orderly restart, and kill -9 at any moment under load."""

import os
import random
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frontdesk.transport.keep_alive import EMPTY
from tests.e2e.baresip import Phone, put_through
from tests.e2e.box import ACCOUNTS, DOMAIN, Box
from tests.e2e.load import Load
from tests.e2e.wire_client import WireClient

MakePhone = Callable[..., Phone]
_KILLS = 10
_USERS = {f"user{number}": f"secret-{number}" for number in range(1500)}
_PATIENCE = 30.0  # seconds for some hundred registrations


@pytest.fixture
def own_box(tmp_path: Path) -> Iterator[Box]:
    """A box that the test may kill."""
    box = Box(tmp_path / "data", hosts=("127.0.0.1",))
    yield box
    box.kill()


@pytest.fixture
def load(own_box: Box) -> Iterator[Load]:
    own_box.import_accounts(_USERS)
    own_box.start()
    load = Load(("127.0.0.1", own_box.port), DOMAIN, _USERS)
    yield load
    load.close()


def test_every_acknowledged_binding_outlives_kill_9_under_load(own_box: Box, load: Load) -> None:
    seed = os.environ.get("KILL_SEED") or secrets.token_hex(4)
    sys.stdout.write(f"KILL_SEED={seed}\n")
    draw = random.Random(seed)
    for kill in range(1, _KILLS + 1):
        load.drive(draw.randrange(10, 400), _PATIENCE)
        load.listen(draw.uniform(0.0, 0.005))
        own_box.kill()
        load.listen()
        load.forget_what_is_under_way()
        own_box.start()
        bindings = own_box.bindings()
        lost = load.lost({binding["contact"] for binding in bindings})
        assert not lost, f"KILL_SEED={seed}, kill {kill}: {len(lost)} of {len(bindings)} lost: {lost[:5]}"
        assert len({binding["aor"] for binding in bindings}) == len(bindings), "a device that moved is bound twice"


@pytest.mark.parametrize("end", [Box.stop, Box.kill])
def test_a_phone_is_called_after_a_restart(own_box: Box, phones: MakePhone, end: Callable[[Box], object]) -> None:
    """Without registering again: the box finds it, and the caller's credentials are still good."""
    own_box.import_accounts(ACCOUNTS)
    own_box.start()
    alice, bob = (phones(user, ACCOUNTS[user], own_box.address(), DOMAIN) for user in ("1000", "1001"))
    for phone in (alice, bob):
        phone.register()
    before = {binding["contact"] for binding in own_box.bindings()}
    end(own_box)
    own_box.start()
    assert {binding["contact"] for binding in own_box.bindings()} == before
    registrations = len([m for m in bob.trace.all() if m.method == "REGISTER"])
    put_through(alice, bob)
    for phone in (alice, bob):
        phone.expect("CALL_RTPESTAB")
    assert len([m for m in bob.trace.all() if m.method == "REGISTER"]) == registrations
    bob.hang_up()
    alice.expect("CALL_CLOSED")


def test_the_way_to_a_phone_behind_a_router_is_used_as_soon_as_the_box_is_back(own_box: Box) -> None:
    """Its router may be about to forget it."""
    own_box.add_account("1000", "secret")
    own_box.start()
    with WireClient(("127.0.0.1", own_box.port), DOMAIN, "1000", "secret") as phone:
        assert phone.register(contact="<sip:1000@192.168.1.10:5060>").status == 200
        own_box.kill()
        own_box.start()
        assert phone.socket.recv(100) == EMPTY


@pytest.mark.parametrize("hangs_up", ["caller", "callee"])
def test_a_call_outlives_kill_9(own_box: Box, phones: MakePhone, hangs_up: str) -> None:
    """The tokens in its route set are signed with a key that is on disk: the BYE still finds its way."""
    own_box.import_accounts(ACCOUNTS)
    own_box.start()
    alice, bob = (phones(user, ACCOUNTS[user], own_box.address(), DOMAIN) for user in ("1000", "1001"))
    for phone in (alice, bob):
        phone.register()
    put_through(alice, bob)
    own_box.kill()
    own_box.start()
    first, other = (alice, bob) if hangs_up == "caller" else (bob, alice)
    first.hang_up()
    other.expect("CALL_CLOSED")
    first.received("BYE", 200)


def test_sigterm_ends_the_box_with_status_zero(own_box: Box) -> None:
    own_box.add_account("1000", "secret")
    own_box.start()
    assert own_box.stop() == 0
