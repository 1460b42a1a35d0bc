"""The endpoint in an overload, on real sockets: what waits, what is refused, and that others get their turn."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from frontdesk import endpoint as endpoint_module
from frontdesk import overload
from frontdesk.core import registrations
from frontdesk.endpoint import AT_ONCE, TURN
from frontdesk.events import Kind
from tests.support.bare_core import BareCore
from tests.support.served import answers, ask, options, phone_of, port_of, run, serving


class TestOverload:
    def test_more_than_a_turn_is_worked_on_in_turns_and_others_get_theirs(self) -> None:
        async def case() -> None:
            async with serving() as endpoint, phone_of(endpoint) as (phone, flow):
                endpoint.arrived([(options(f"z9hG4bK{number}"), flow) for number in range(TURN + 5)])
                done: list[bytes] = []
                asyncio.get_running_loop().call_soon(lambda: done.append(phone.recv(65_535)))
                assert await answers(phone, TURN + 4) == [b"200"] * (TURN + 4)
                assert len(done) == 1

        run(case)

    def test_what_comes_while_others_wait_for_a_turn_stands_behind_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent = [options(f"z9hG4bK{number}") for number in range(TURN + 2)]
        seen: list[bytes] = []
        turns: list[int] = []

        async def case() -> None:
            async with serving() as endpoint, phone_of(endpoint) as (_, flow):
                monkeypatch.setattr(endpoint_module, "boottime", lambda: 1000.0)
                monkeypatch.setattr(endpoint, "received", lambda data, flow, now: seen.append(data))
                monkeypatch.setattr(endpoint, "settle", lambda: turns.append(len(seen)))
                endpoint.arrived([(data, flow) for data in sent[:-1]])
                endpoint.arrived([(sent[-1], flow)])
                for _ in range(4):
                    await asyncio.sleep(0)
                assert seen == sent and turns == [TURN, TURN + 2]

        run(case)

    def test_a_turn_ends_in_time_whatever_its_requests_cost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ticks = itertools.count(step=endpoint_module.TURN_TIME)
        left: list[int] = []

        async def case() -> None:
            all_done = asyncio.Event()

            def settle() -> None:
                left.append(len(endpoint.waiting))
                if not endpoint.waiting:
                    all_done.set()

            async with serving() as endpoint, phone_of(endpoint) as (_, flow):
                monkeypatch.setattr(endpoint_module, "boottime", lambda: 1000 + next(ticks))
                monkeypatch.setattr(endpoint, "settle", settle)
                endpoint.arrived([(options(f"z9hG4bK{number}"), flow) for number in range(TURN + 3)])
                await all_done.wait()
                assert left == list(reversed(range(TURN + 3)))

        run(case)

    def test_what_waited_too_long_is_refused_and_the_story_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1000.0

        async def case() -> None:
            nonlocal now
            monkeypatch.setattr(endpoint_module, "boottime", lambda: now)
            core = BareCore().core
            async with serving(core=core) as endpoint, phone_of(endpoint) as (phone, flow):
                endpoint.arrived([(options(f"z9hG4bK{number}"), flow) for number in range(TURN + 1)])
                now += overload.CALL_PATIENCE + 1
                assert await answers(phone, TURN + 1) == [b"503"] * (TURN + 1)
                assert endpoint.waiting.refused_at == now
                endpoint.arrived([(options(), flow)])
                assert await answers(phone, 1) == [b"200"]
            told = [event.text for event in core.events if event.kind is Kind.WARNING]
            assert len(told) == 2 and str(TURN + 1) in told[1]

        run(case)

    def test_while_the_disk_is_backed_up_registers_are_refused_and_all_else_is_served(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def case() -> None:
            async with serving() as endpoint:
                address = ("127.0.0.1", port_of(endpoint))
                monkeypatch.setattr(registrations, "MAX_HELD", 0)
                register = options().replace(b"OPTIONS", b"REGISTER")
                answer = await ask(register, address)
                assert answer.startswith(b"SIP/2.0 503 ") and b"\r\nRetry-After: " in answer
                assert (await ask(options("z9hG4bK2"), address)).startswith(b"SIP/2.0 200 ")
                monkeypatch.setattr(registrations, "MAX_HELD", 1)
                assert (await ask(register, address)).startswith(b"SIP/2.0 401 ")

        run(case)

    def test_the_overload_is_not_over_while_the_disk_is_backed_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def case() -> None:
            core = BareCore().core
            async with serving(core=core) as endpoint, phone_of(endpoint) as (phone, _):
                monkeypatch.setattr(registrations, "MAX_HELD", 0)
                phone.send(options().replace(b"OPTIONS", b"REGISTER"))
                assert await answers(phone, 1) == [b"503"]
                phone.send(options("z9hG4bK2"))
                assert await answers(phone, 1) == [b"200"]
                assert len([event for event in core.events if event.rule == "overload"]) == 1
                monkeypatch.setattr(registrations, "MAX_HELD", 1)
                phone.send(options("z9hG4bK3"))
                assert await answers(phone, 1) == [b"200"]
                assert "1 requests" in [event.text for event in core.events if event.rule == "overload"][-1]

        run(case)

    @pytest.mark.parametrize("error", [None, OSError("no space left")])
    def test_of_many_tickets_some_are_answered_at_a_time_and_all_in_their_order(
        self, monkeypatch: pytest.MonkeyPatch, error: OSError | None
    ) -> None:
        core = BareCore().core
        heard: list[int] = []
        rounds: list[int] = []

        async def case() -> None:
            monkeypatch.setattr(core, "committed", lambda ticket, now: heard.append(ticket))
            monkeypatch.setattr(core, "commit_failed", lambda ticket, error, now: heard.append(ticket))
            async with serving(core=core) as endpoint:
                endpoint.committed(list(range(2 * AT_ONCE + 1)), error)
                endpoint.committed([100, 101], error)
                for _ in range(4):
                    rounds.append(len(heard) - sum(rounds))
                    await asyncio.sleep(0)
                assert rounds == [AT_ONCE, AT_ONCE, 1, 2]
                endpoint.committed([102], error)
            assert heard == [*range(2 * AT_ONCE + 1), 100, 101, 102]

        run(case)

    @pytest.mark.parametrize("error", [None, OSError("no space left")])
    def test_ticket_whose_answer_cannot_be_given_takes_no_other_with_it(
        self, monkeypatch: pytest.MonkeyPatch, error: OSError | None
    ) -> None:
        core = BareCore().core
        heard: list[int] = []

        def hear(ticket: int, *_: object) -> None:
            if ticket == 1:
                raise ValueError("no answer")
            heard.append(ticket)

        async def case() -> None:
            monkeypatch.setattr(core, "committed", hear)
            monkeypatch.setattr(core, "commit_failed", hear)
            async with serving(core=core) as endpoint:
                endpoint.committed([1, 2, 3], error)
            assert heard == [2, 3]

        run(case)

    def test_all_that_a_crowd_sends_at_once_is_answered(self) -> None:
        async def case() -> None:
            async with serving() as endpoint, phone_of(endpoint) as (phone, _):
                for number in range(TURN + 20):  # no await between them: they meet in the kernel's buffer
                    phone.send(options(f"z9hG4bK{number}"))
                assert await answers(phone, TURN + 20) == [b"200"] * (TURN + 20)

        run(case)
