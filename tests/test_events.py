"""What the rings keep, whoever tries what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frontdesk.events import RING, Event, EventLog, Incoming, Kind, Wording
from frontdesk.sip.wire import Flow


def refused(number: int, rule: str = "wrong-password", account: str = "101") -> Event:
    text = f"REGISTER refused: {rule} for {account or number!r}"
    return Event(float(number), Kind.REFUSED, account, Wording(text), (), f"192.0.2.9:{number}/udp", rule)


def registered(number: int) -> Event:
    where = "sip:101@192.0.2.7"
    return Event(float(number), Kind.REGISTERED, "101", Wording("registered {contact}"), (where,), "192.0.2.7:5060/udp")


@pytest.mark.parametrize(
    ("template", "words", "text"),
    [
        ("the page was stuck", (), "the page was stuck"),
        ("{callee} rings", ("%s {x}",), "%s {x} rings"),
        ("{method} refused: {rule} for {about!r}", ("BYE", "bad uri", "10'1"), "BYE refused: bad uri for \"10'1\""),
        ("at 100 %: {n}", (7,), "at 100 %: 7"),
    ],
)
def test_event_says_the_same_in_the_log_and_in_the_languages_of_people(
    template: str, words: tuple[object, ...], text: str
) -> None:
    event = Event(0.0, Kind.WARNING, "101", Wording(template), words)
    sentence = event.sentence
    assert event.text == sentence == text and sentence.template == template
    assert tuple(sentence.words.values()) == words


def test_the_same_once_more_is_only_counted() -> None:
    log = EventLog()
    for number in range(5):
        log.add(Event(float(number), Kind.WARNING, "101", Wording("one")))
    (event,) = log.of("101")
    assert (event.times, event.at) == (5, 4.0)


def test_what_differs_stands_for_itself() -> None:
    log = EventLog()
    for text in ("one", "two", "one"):
        log.add(Event(0.0, Kind.WARNING, "101", Wording(text)))
    assert [event.text for event in log.of("101")] == ["one", "two", "one"]


def test_the_same_words_of_another_kind_or_rule_or_from_elsewhere_are_something_else() -> None:
    log = EventLog()
    one = Event(0.0, Kind.WARNING, "101", Wording("one"), (), "here", "rule")
    for other in (replace(one, kind=Kind.MOVED), replace(one, origin="there"), replace(one, rule="other")):
        log.add(replace(one))
        log.add(other)
    assert [event.times for event in log.of("101")] == [1] * 6


def test_guessing_passwords_from_ever_new_ports_pushes_out_no_story_and_fills_no_log() -> None:
    log, told = EventLog(), list[Event]()
    log.subscribe(told.extend)
    log.add(registered(0))
    for number in range(1, 1 + 2 * RING):
        log.add(refused(number, rule="bad-uri" if number % 2 else "wrong-password"))
        log.publish()
    assert [event.kind for event in log.of("101")] == [Kind.REGISTERED, Kind.REFUSED, Kind.REFUSED]
    assert [(event.times, event.source) for event in log.of("101")[1:]] == [
        (RING, f"192.0.2.9:{2 * RING - 1}/udp"), (RING, f"192.0.2.9:{2 * RING}/udp"),
    ]  # fmt: skip
    assert max(event.times for event in told) == RING  # the log tells the 1st, 2nd, 4th, 8th time


def test_refusals_are_counted_anew_after_something_else_happened() -> None:
    log = EventLog()
    for event in (refused(1), refused(2), registered(3), refused(4)):
        log.add(event)
    assert [event.times for event in log.of("101")] == [2, 1, 1]


def test_strangers_are_told_apart_within_one_ring() -> None:
    log = EventLog()
    for number in range(3 * RING):
        log.add(refused(number, "unknown-user", account=""))
    assert len(log.of("")) == RING


def test_an_account_keeps_its_newest_events_alone() -> None:
    log = EventLog()
    for number in range(RING + 5):
        log.add(Event(float(number), Kind.MOVED, "101", Wording(f"to {number}")))
    assert [event.at for event in log.of("101")] == [float(number) for number in range(5, RING + 5)]


def test_of_too_many_events_the_account_that_was_quiet_for_the_longest_loses_its_own() -> None:
    log = EventLog(10)
    for number in range(12):
        log.add(Event(float(number), Kind.MOVED, str(number % 6), Wording(f"to {number}")))
    assert len(list(log)) <= 10 and log.of("0") == [] and len(log.of("5")) == 1


FLOW = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.11", 5060))


def incoming(at: int, account: str = "101", caller: str = "102", result: int = 0) -> Incoming:
    return Incoming(float(at), account, caller, account, FLOW, result=result)


def test_calls_stand_between_the_events_of_whoever_they_were_to_ring() -> None:
    log, published = EventLog(), list[Event]()
    log.subscribe(published.extend)
    log.add(registered(1))
    log.add_incoming(incoming(2, result=486))
    log.add(refused(3))
    log.publish()
    assert [each.text for each in log.of("101")] == [registered(1).text, "102 called: busy", refused(3).text]
    assert list(log) == list(log.since(0)) == published  # what is told of all has it from the caller's side alone


def test_calls_push_out_no_story_and_no_story_pushes_out_calls() -> None:
    log = EventLog()
    log.add(refused(0))
    for number in range(1, RING + 5):
        log.add_incoming(incoming(number))
    log.add(refused(RING + 5))
    assert [each.at for each in log.of("101")] == [*map(float, range(5, RING + 5)), RING + 5.0]
    for number in range(RING):
        log.add(Event(float(number), Kind.MOVED, "101", Wording(f"to {number}")))
    assert sum(isinstance(each, Incoming) for each in log.of("101")) == RING


@pytest.mark.parametrize(
    ("first", "caller", "kept"), [(407, "102", 1), (422, "102", 1), (486, "102", 2), (407, "103", 2)]
)
def test_call_that_answers_a_challenge_is_told_once(first: int, caller: str, kept: int) -> None:
    log = EventLog()
    log.add_incoming(incoming(1, result=first))
    log.add_incoming(incoming(2, caller=caller, result=486))
    assert [each.at for each in log.of("101")] == [1.0, 2.0][-kept:]


def test_of_too_much_what_was_quiet_for_the_longest_goes_first_be_it_calls_or_events() -> None:
    log = EventLog(4)
    for at, account in enumerate("abcda"):
        if account in "ac":
            log.add_incoming(incoming(at, account))
        else:
            log.add(Event(float(at), Kind.MOVED, account, Wording("moved")))
    kept = [[each.at for each in log.of(account)] for account in "abcd"]
    assert kept == [[0.0, 4.0], [], [2.0], [3.0]]
    for at, account in enumerate("efgh", 5):
        log.add_incoming(incoming(at, account))
    kept = [[each.at for each in log.of(account)] for account in "abcdefgh"]
    assert kept == [[], [], [], [], [5.0], [6.0], [7.0], [8.0]]
    log.forget()
    assert not any(log.of(account) for account in "abcdefgh")
