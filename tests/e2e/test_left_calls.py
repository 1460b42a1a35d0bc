"""Two real phones talk and lose their power: the box shows no call between them any longer, and one that goes on it
does."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.baresip import Phone, held_and_resumed, put_through
from tests.e2e.box import ACCOUNTS, Box

MakePhone = Callable[..., Phone]
INTERVAL = 4
"""Seconds that a registration lasts: the phones have renewed it before they talk."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("power") / "data", hosts=("127.0.0.1",))
    box.import_accounts(ACCOUNTS)
    box.run("config", "set", f"min_expires={INTERVAL}")
    box.start()
    yield box
    box.kill()


@pytest.fixture
def is_instance() -> bool:
    return True


@pytest.fixture
def talk(phone: MakePhone, is_instance: bool) -> tuple[Phone, Phone]:
    alice, bob = (phone(is_instance=is_instance) for _ in range(2))
    for each in (alice, bob):
        each.register(INTERVAL)
    for each in (alice, bob):
        each.expect("REGISTER_OK")
    put_through(alice, bob)
    for each in (alice, bob):
        each.expect("CALL_RTPESTAB")
    return alice, bob


def shown(box: Box, phone: Phone) -> list[str]:
    return [call["state"] for call in box.calls() if call["caller"] == phone.user]


@pytest.mark.parametrize("is_instance", [True, False])
def test_call_ends_with_the_power_of_both_phones(talk: tuple[Phone, Phone], box: Box) -> None:
    assert shown(box, talk[0]) == ["answered"]
    for phone in talk:
        phone.start_anew()
        phone.register(INTERVAL)
    for phone in talk:  # by when what they left behind has run out, too
        for _ in range(3):
            phone.expect("REGISTER_OK")
    assert shown(box, talk[0]) == ["ended"]


def test_call_whose_other_phone_has_its_power_is_for_that_one_to_end(talk: tuple[Phone, Phone], box: Box) -> None:
    alice, bob = talk
    alice.start_anew()
    alice.register(INTERVAL)
    assert shown(box, alice) == ["answered"]
    bob.hang_up()
    alice.received("BYE")
    bob.received("BYE", 481)
    assert shown(box, alice) == ["ended"]


def test_call_goes_on_for_phones_that_register_with_another_call_id(talk: tuple[Phone, Phone], box: Box) -> None:
    """As they do whose account is set up once more."""
    alice, bob = talk
    for phone in talk:
        since = len(phone.trace.all())
        phone.try_to_register(INTERVAL)
        phone.received("REGISTER", 401, since=since)
        phone.received("REGISTER", 200, since=since)
    assert shown(box, alice) == ["ended"], "as far as can be known"
    held_and_resumed(alice, bob)
    assert shown(box, alice) == ["answered"]
    alice.hang_up()
    bob.expect("CALL_CLOSED")
    assert shown(box, alice) == ["ended"]
