"""Words of a thread come out on the loop, each once and in their order."""

from __future__ import annotations

import asyncio
import threading

import pytest

from frontdesk.mailbox import Mailbox

MANY = 1000


def test_all_words_come_out_in_their_order_and_on_the_loop() -> None:
    async def scenario() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        came: list[tuple[int, int]] = []

        def receive(word: int) -> None:
            came.append((word, threading.get_ident()))
            if len(came) == MANY:
                done.set()

        mailbox = Mailbox(loop, receive)

        def speak() -> None:
            for number in range(MANY):
                mailbox.put(number)

        thread = threading.Thread(target=speak)
        thread.start()
        await asyncio.wait_for(done.wait(), 30)
        thread.join()
        mailbox.close()
        assert came == [(number, threading.get_ident()) for number in range(MANY)]

    asyncio.run(scenario())


def test_a_word_that_cannot_be_dealt_with_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        done = asyncio.Event()

        def receive(word: str) -> None:
            if word == "bad":
                raise ValueError(word)
            done.set()

        mailbox = Mailbox(asyncio.get_running_loop(), receive)
        mailbox.put("bad")
        mailbox.put("good")
        await asyncio.wait_for(done.wait(), 30)
        mailbox.close()

    asyncio.run(scenario())
    assert "ValueError: bad" in caplog.text


def test_what_is_told_otherwise_overtakes_no_word() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        came: list[int] = []
        done: asyncio.Future[None] = loop.create_future()
        mailbox = Mailbox(loop, came.append)

        def speak() -> None:
            for number in range(3):
                mailbox.put(number)
            loop.call_soon_threadsafe(done.set_result, None)

        thread = threading.Thread(target=speak)
        thread.start()
        thread.join()
        await done
        mailbox.close()
        assert came == [0, 1, 2]

    asyncio.run(scenario())


def test_after_it_is_closed_nothing_comes_out() -> None:
    async def scenario() -> None:
        came: list[int] = []
        mailbox = Mailbox(asyncio.get_running_loop(), came.append)
        mailbox.put(1)
        mailbox.close()
        await asyncio.sleep(0)
        assert came == []

    asyncio.run(scenario())
