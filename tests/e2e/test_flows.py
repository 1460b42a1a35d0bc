"""A real phone that registers twice (RFC 5626): one of its two ways dies, and it rings and talks over the other."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.baresip import Phone, put_through
from tests.e2e.box import ACCOUNTS, Box
from tests.e2e.way import HERE, Way

MakePhone = Callable[..., Phone]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """It answers for where the ways begin, since the phone names that in a Route."""
    box = Box(tmp_path_factory.mktemp("twice") / "data", hosts=("127.0.0.1",))
    box.import_accounts(ACCOUNTS)
    box.run("config", "set", f"domains={HERE}")
    box.start()
    yield box
    box.kill()


@pytest.fixture(params=["udp", "tcp"])
def way(box: Box, request: pytest.FixtureRequest) -> Iterator[Way]:
    way = Way(request.param, ("127.0.0.1", box.port))
    yield way
    way.take_away()


@pytest.fixture
def twice(phone: MakePhone, box: Box, way: Way) -> Phone:
    """It has registered directly, and by another transport through the way, there last: so it is called there."""
    made, direct = phone(is_instance=True), "tcp" if way.transport == "udp" else "udp"
    places = (box.address(), direct), (box.address(HERE), way.transport)
    proxies = "".join(f';outbound{n}="sip:{at};transport={by}"' for n, (at, by) in enumerate(places, 1))
    account = f"<sip:{made.user}@{made.domain}>;auth_pass={made.password}{proxies}"
    made.command("uanew", f"{account};sipnat=outbound;regint=60")
    made.expect("REGISTER_OK")
    way.open()
    made.expect("REGISTER_OK")
    assert sorted(each["received"] == way.source for each in box.bindings(made.user)) == [False, True]
    return made


@pytest.fixture
def caller(phone: MakePhone) -> Phone:
    caller = phone()
    caller.register()
    return caller


def hung_up(first: Phone, other: Phone) -> None:
    first.hang_up()
    other.expect("CALL_CLOSED")


def test_rings_over_the_way_that_it_took_last(twice: Phone, caller: Phone, way: Way) -> None:
    put_through(caller, twice)
    assert any(data.startswith(b"INVITE ") for data in way.carried)
    hung_up(caller, twice)


@pytest.mark.parametrize("dies", [Way.cut, Way.take_away], ids=["cut", "taken away"])
def test_rings_over_the_other_where_one_is_dead(
    twice: Phone, caller: Phone, way: Way, box: Box, dies: Callable[[Way], None]
) -> None:
    dies(way)
    put_through(caller, twice)
    hung_up(caller, twice)
    put_through(caller, twice)
    hung_up(twice, caller)
    assert "did not react" not in box.log()


@pytest.mark.parametrize("dies", [Way.cut, Way.take_away], ids=["cut", "taken away"])
def test_hears_of_the_end_of_a_call_whose_way_has_died(
    twice: Phone, caller: Phone, way: Way, dies: Callable[[Way], None]
) -> None:
    put_through(caller, twice)
    dies(way)
    hung_up(caller, twice)


def test_hears_of_the_end_of_a_call_whose_way_is_registered_no_more(
    twice: Phone, caller: Phone, way: Way, box: Box
) -> None:
    put_through(caller, twice)
    (gone,) = (each for each in box.bindings(twice.user) if each["received"] == way.source)
    way.take_away()
    box.run("binding", "remove", twice.user, gone["contact"])
    assert len(box.bindings(twice.user)) == 1
    hung_up(caller, twice)
