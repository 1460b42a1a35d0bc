"""What the tests with real clients share: one running box with plenty of accounts, and phones that are put away."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.baresip import Phone
from tests.e2e.box import ACCOUNTS, DOMAIN, Box
from tests.e2e.stage import Stage
from tests.e2e.wiring import Wiring

MakePhone = Callable[..., Phone]


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Serves on 127.0.0.1 and [::1]; tests do not stop it (those that do make their own)."""
    box = Box(tmp_path_factory.mktemp("box") / "data")
    box.import_accounts(ACCOUNTS)
    box.start()
    yield box
    box.kill()


@pytest.fixture(scope="session")
def accounts() -> Iterator[tuple[str, str]]:
    """User and password, each only once, so that no test meets another's bindings."""
    return iter(ACCOUNTS.items())


@pytest.fixture
def stage(box: Box, accounts: Iterator[tuple[str, str]], tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(("127.0.0.1", box.port), DOMAIN, accounts, tmp_path)
    yield stage
    stage.clear()


@pytest.fixture
def wiring() -> Iterator[Wiring]:
    """A serial line."""
    wiring = Wiring()
    yield wiring
    wiring.close()


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Callable[..., Phone]]:
    """Makes and starts phones; all are stopped at the end."""
    made: list[Phone] = []

    def start(*words: Any, **options: Any) -> Phone:
        made.append(Phone(tmp_path / f"phone{len(made)}", *words, **options))
        made[-1].start()
        return made[-1]

    yield start
    for phone in made:
        phone.stop()
        sys.stdout.write(phone.story())  # pytest shows it when the test has failed


@pytest.fixture
def phone(box: Box, accounts: Iterator[tuple[str, str]], phones: MakePhone) -> Callable[..., Phone]:
    """Makes phones of the shared box: `phone()` with an account of its own, `phone(of=other)` with the other's."""

    def start(*, of: Phone | None = None, host: str = "127.0.0.1", password: str = "", **options: Any) -> Phone:
        user, secret = (of.user, of.password) if of else next(accounts)
        return phones(user, password or secret, box.address(host), DOMAIN, address=host.strip("[]"), **options)

    return start
