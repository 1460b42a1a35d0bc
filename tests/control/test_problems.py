"""What is wrong, with its cure; who is reached how; the last day."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdesk.certificates import Certificates, Names, making, released
from frontdesk.certificates.settled import Settled
from frontdesk.control import alarms
from frontdesk.control.times import iso
from frontdesk.core.open_requests import Crowd
from frontdesk.events import Event, Kind, Wording
from frontdesk.model import Sentence
from frontdesk.overload import LATEST
from frontdesk.sip.wire import Flow
from frontdesk.site import Site
from tests.control.desk import Desk, phone
from tests.control.telling import refuse, told
from tests.store.rows import NOW, REALM, WALL, clock

REGISTERED = Wording("registered")


def test_box_in_order_has_no_problem(desk: Desk) -> None:
    assert told(desk) == []


def test_account_whose_phone_did_not_register_again_is_told_until_one_does(desk: Desk) -> None:
    desk.core.events.add(Event(NOW - 600, Kind.EXPIRED, "101", Wording("expired"), (), "192.0.2.23:5060/udp"))
    (problem,) = told(desk)
    assert "101" in problem["text"] and problem["since"] == iso(WALL - 600) and "power" in problem["cure"]
    assert list(alarms(desk.box)) == []
    there = phone(desk)
    assert told(desk) == []
    there.expires_at = NOW - 1
    assert len(told(desk)) == 1
    desk.do("account disable", user="101")
    assert told(desk) == []


def test_account_whose_only_connection_is_closed_is_told_until_it_has_a_way_again(desk: Desk) -> None:
    """Behind a router no other can be opened; beside it, where its Contact is what it comes from, one can."""
    behind = phone(desk, flow=Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.9", 40000), 7))
    assert told(desk) == [] and desk.do("who")["accounts"][0]["reached"]
    behind.connected = False
    (problem,) = told(desk)
    assert problem["account"] == "101" and "closed" in problem["text"] and problem["since"] is None
    assert not desk.do("who")["accounts"][0]["reached"] and list(alarms(desk.box)) == []
    beside = phone(desk, flow=Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.3", 40000), 8), contact="sip:101@192.0.2.3")
    beside.connected = False
    assert told(desk) == [] and desk.do("who")["accounts"][0]["reached"]


def test_account_is_told_once_of_which_one_phone_has_run_out_and_another_has_closed(desk: Desk) -> None:
    desk.core.events.add(Event(NOW - 600, Kind.EXPIRED, "101", Wording("expired"), ()))
    phone(desk, flow=Flow("tls", ("192.0.2.1", 5061), ("192.0.2.9", 40000), 7)).connected = False
    (problem,) = told(desk)
    assert "closed" in problem["text"] and problem["since"] is None, "the other's end is not this one's"


def test_account_of_a_box_that_does_not_run_is_not_reached(desk: Desk) -> None:
    phone(desk)
    desk.box.core = None
    assert not desk.do("who")["accounts"][0]["reached"]


def test_overload_is_told_until_whoever_got_a_503_has_come_again(desk: Desk) -> None:
    desk.box.refused_at = lambda: NOW - LATEST + 1
    (problem,) = told(desk)
    assert "503" in problem["text"] and list(alarms(desk.box)) == [problem]
    desk.box.refused_at = lambda: NOW - LATEST
    assert told(desk) == []


def test_who_has_too_much_open_is_told_by_name_until_that_is_over(desk: Desk) -> None:
    flow = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))
    desk.core.open.crowds |= {"101": Crowd(NOW - 600, NOW, "101", flow, 5), "pbx": Crowd(NOW, NOW, "", flow, 1)}
    first, second = told(desk)
    assert first["text"].startswith("101 ") and "503" in first["text"] and second["text"].startswith("pbx ")
    assert (first["account"], first["times"], first["since"]) == ("101", 5, iso(WALL - 600)) and second["account"] == ""
    assert list(alarms(desk.box)) == [first, second]
    desk.do("account remove", user="101")
    assert not any("101" in problem["text"] for problem in told(desk))
    desk.core.open.crowds.clear()
    assert not any("503" in problem["text"] for problem in told(desk))


def test_clock_disk_and_accounts_are_looked_at(desk: Desk) -> None:
    desk.do("account remove", user="101")
    desk.box.disk = lambda: (4, 100)
    texts = [problem["text"] for problem in told(desk)]
    assert texts == ["The disk is nearly full", "There is no account yet"]
    desk.box.clock = clock(NOW, 3600.0)
    assert told(desk)[0]["text"] == "The box does not know what time it is"


def test_trunk_that_leads_nowhere_is_told_until_it_has_a_place(desk: Desk) -> None:
    desk.do("config set", key="trunk", value="pbx")
    (problem,) = told(desk)
    assert "No call goes out" in problem["text"] and "pbx" in problem["text"]
    desk.do("account add", user="pbx")
    assert len(told(desk)) == 1
    desk.do("binding add", user="pbx", contact="sip:192.0.2.20", static=True)
    assert told(desk) == []
    desk.do("account disable", user="pbx")
    (problem,) = told(desk)
    assert "enabled" in problem["cure"]
    desk.do("config set", key="trunk", value="none")
    assert told(desk) == []


def test_box_that_does_not_run_is_told_with_how_it_starts(desk: Desk) -> None:
    desk.box.core = None
    [problem] = told(desk)
    assert problem["text"] == "The box does not run" and "systemctl start frontdesk" in problem["cure"]


def test_notice_is_told_with_its_own_cure(desk: Desk) -> None:
    notice = Sentence("Something was set aside as {name}.", name="x")
    notice.cure = "Remove it."
    desk.box.notices.append(notice)
    [problem] = told(desk)
    assert (problem["text"], problem["cure"]) == ("Something was set aside as x", "Remove it.")


def with_no_certificate(desk: Desk, directory: Path) -> Site:
    """A box that can make none."""

    def make(*_: object) -> Settled:
        raise OSError("no certificate was made: nobody knows how")

    site = desk.box.site = Site(lambda: desk.box.settings, lambda: REALM, desk.box.clock.now)
    site.certificates = Certificates(directory, site.names, desk.box.clock.wall, make)
    return site


def test_page_that_has_no_certificate_is_told_with_the_reason(desk: Desk, tmp_path: Path) -> None:
    site = with_no_certificate(desk, tmp_path)
    assert site.certificates and told(desk) == []
    with pytest.raises(OSError, match="nobody"):
        site.certificates.context()
    [problem] = told(desk)
    assert "no certificate was made: nobody knows how" in problem["text"] and problem["cure"].endswith(".")


def test_certificate_that_was_given_and_is_not_used_is_told_with_the_reason(desk: Desk, tmp_path: Path) -> None:
    site = with_no_certificate(desk, tmp_path)
    (tmp_path / "given.crt").write_text("nonsense")
    assert "(given.crt is there alone)" in told(desk)[0]["text"]
    (tmp_path / "given.key").write_text("nonsense")
    assert site.certificates and told(desk) == [], "nobody has tried it yet"
    with pytest.raises(OSError, match="nobody"):
        site.certificates.context()
    _, problem = told(desk)
    assert "PEM" in problem["text"] and "`given.key`" in problem["cure"]
    (tmp_path / "given.crt").unlink()
    (tmp_path / "given.key").unlink()
    assert len(told(desk)) == 1


def test_lights_tell_of_every_problem_but_that_the_box_is_new(desk: Desk) -> None:
    desk.do("account remove", user="101")
    assert list(alarms(desk.box)) == [] and len(told(desk)) == 1
    refuse(desk, "unknown-user", account="")
    desk.do("config stage", key="web", value="off")
    assert len(list(alarms(desk.box))) == 2 and len(told(desk)) == 3


def test_each_account_is_told_with_its_devices(desk: Desk) -> None:
    desk.do("account add", user="102", password="secret", name="Workshop")
    desk.do("alias add", user="102", alias="bench")
    phone(desk)
    answer = desk.do("who")
    first, second = answer["accounts"]
    assert (answer["found"], first["user"], second["name"], second["devices"]) == (2, "101", "Workshop", [])
    [device] = first["devices"]
    assert device["at"] and device["over"] == "UDP" and device["since"].endswith("Z")


@pytest.mark.parametrize("search", ["102", "WORK", "ben"])
def test_search_finds_numbers_names_and_aliases(desk: Desk, search: str) -> None:
    desk.do("account add", user="102", password="secret", name="Workshop")
    desk.do("alias add", user="102", alias="bench")
    assert [each["user"] for each in desk.do("who", search=search)["accounts"]] == ["102"]
    assert desk.do("who", search="", start=1, limit=1)["accounts"][0]["user"] == "102"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=15), []),
        (timedelta(days=13), ["The certificate that was given is good until 2027-01-28 only"]),
        (timedelta(0), [
            "The certificate that was given was good until 2027-01-15: browsers warn of the page, and phones refuse "
            "the box over TLS"
        ]),
    ],
)  # fmt: skip
def test_certificate_that_was_given_is_told_before_it_ends(
    desk: Desk, tmp_path: Path, left: timedelta, said: list[str]
) -> None:
    site, now = with_no_certificate(desk, tmp_path), datetime.fromtimestamp(desk.box.clock.wall(), UTC)
    issuer, names = making.authority(["given"], released(), now), Names(frozenset({"given"}), frozenset())
    for ends, expected in ((now + left, said), (now + timedelta(days=90), [])):  # the next pair puts it right
        pair = making.leaf(issuer, names, ends - making.LEAF + making.BACK)
        (tmp_path / "given.crt").write_bytes(pair.pem)
        (tmp_path / "given.key").write_bytes(pair.key_pem)
        os.utime(tmp_path / "given.crt", (ends.timestamp(), ends.timestamp()))
        assert site.certificates is not None and site.certificates.context()
        assert [problem["text"] for problem in told(desk)] == expected
