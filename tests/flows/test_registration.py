"""RFC 3665 section 2, message by message, over UDP instead of TLS; then each flow again in bad weather.

The second Contact of sections 2.2 to 2.4 is that of a second phone instead of a mailto: a phone that shows another one
under the same Call-ID has moved.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frontdesk.sip.message import Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow
from tests.flows.stage import BOB, STORMS, Stage
from tests.support.box import BOX
from tests.support.wire import Weather

HERE, THERE = "<sip:bob@192.0.2.201:5060>", "<sip:bob@192.0.2.222:5060>"
CHALLENGED = ["bob > box: REGISTER", "box > bob: 401 REGISTER", "bob > box: REGISTER", "box > bob: 200 REGISTER"]
ACCEPTED = ["bob > box: REGISTER", "box > bob: 200 REGISTER"]


def new_registration(stage: Stage) -> None:
    stage.bob.register()
    stage.clock.advance(70)


def update_of_contact_list(stage: Stage) -> None:
    new_registration(stage)
    second = stage.phone("bob", ("192.0.2.222", 5060))
    second.registration = "another-phone"
    second.register()
    stage.clock.advance(70)
    assert second.results == [200]


def cancellation(stage: Stage) -> None:
    update_of_contact_list(stage)
    stage.bob.register("*", expires=0)
    stage.clock.advance(70)


def answer(stage: Stage, line: str) -> Response:
    message = parse_message(stage.wire.last(line))
    assert isinstance(message, Response)
    return message


def contacts(response: Response) -> list[str]:
    return sorted(value.partition(";")[0] for value in response.values("contact"))


def test_2_1_successful_new_registration() -> None:
    stage = Stage()
    new_registration(stage)
    assert stage.wire.ladder() == CHALLENGED
    challenge = answer(stage, "box > bob: 401 REGISTER")
    assert challenge.required("www-authenticate").startswith('Digest realm="desk.example", ')
    assert challenge.to.tag
    assert contacts(answer(stage, "box > bob: 200 REGISTER")) == [HERE]
    [binding] = stage.box.bindings("bob")
    assert binding.flow == Flow("udp", BOX, BOB)


def test_2_1_the_200_follows_the_commit() -> None:
    stage = Stage()
    stage.bob.register()
    stage.clock.advance(0.0325)
    assert stage.wire.ladder() == CHALLENGED[:3]
    assert not stage.box.bindings("bob")
    stage.clock.advance(0.005)
    assert stage.wire.ladder() == CHALLENGED
    assert stage.box.bindings("bob")


def test_2_2_update_of_contact_list() -> None:
    stage = Stage()
    update_of_contact_list(stage)
    assert stage.wire.ladder() == CHALLENGED * 2
    assert contacts(answer(stage, "box > bob: 200 REGISTER")) == [HERE, THERE]


def test_2_2_refresh_needs_no_challenge() -> None:
    stage = Stage()
    new_registration(stage)
    before = len(stage.wire.packets)
    stage.bob.register()
    stage.clock.advance(1)
    assert stage.wire.ladder()[before:] == ACCEPTED
    assert stage.box.contacts("bob") == [HERE.strip("<>")]


def test_2_3_request_for_current_contact_list() -> None:
    stage = Stage()
    update_of_contact_list(stage)
    before = len(stage.wire.packets)
    stage.bob.register("")
    stage.clock.advance(1)
    assert stage.wire.ladder()[before:] == ACCEPTED
    assert contacts(answer(stage, "box > bob: 200 REGISTER")) == [HERE, THERE]
    assert len(stage.box.bindings("bob")) == 2


def test_2_4_cancellation_of_registration() -> None:
    stage = Stage()
    update_of_contact_list(stage)
    before = len(stage.wire.packets)
    stage.bob.register("*", expires=0)
    stage.clock.advance(1)
    assert stage.wire.ladder()[before:] == ACCEPTED
    assert contacts(answer(stage, "box > bob: 200 REGISTER")) == []
    assert stage.box.contacts("bob") == []


def test_2_5_unsuccessful_registration() -> None:
    stage = Stage()
    stage.bob.password = "wrong"
    new_registration(stage)
    assert stage.wire.ladder() == [*CHALLENGED[:3], "box > bob: 401 REGISTER"]
    assert stage.bob.results == [401]
    assert stage.box.contacts("bob") == []


def wrong_password(stage: Stage) -> None:
    stage.bob.password = "wrong"
    new_registration(stage)


@pytest.mark.parametrize("weather", STORMS, ids=str)
@pytest.mark.parametrize(
    ("flow", "results", "bindings"),
    [
        (new_registration, [200], 1),
        (update_of_contact_list, [200], 2),
        (cancellation, [200, 200], 0),
        (wrong_password, [401], 0),
    ],
)
def test_registration_comes_to_its_end_in_any_weather(
    flow: Callable[[Stage], None], results: list[int], bindings: int, weather: Weather
) -> None:
    stage = Stage(weather)
    flow(stage)
    assert stage.bob.results == results
    assert len(stage.box.bindings("bob")) == bindings
    stage.ended()
