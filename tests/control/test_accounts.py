"""Accounts: at once in the running box, on disk before the answer, bindings dropped where they have to be."""

from __future__ import annotations

import hashlib
from asyncio import CancelledError
from typing import Any

import pytest

from frontdesk.control import VerbError
from frontdesk.control import text as text_of
from frontdesk.control.passwords import LENGTH, LETTERS
from frontdesk.events import Kind
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk, phone
from tests.store.rows import NOW, REALM


def test_only_the_hashes_of_a_password_are_kept(desk: Desk) -> None:
    [secret] = desk.restart().box.account("101").secrets
    data = f"101:{REALM}:secret".encode()
    assert secret.ha1 == {
        "MD5": hashlib.md5(data).hexdigest(),
        "SHA-256": hashlib.sha256(data).hexdigest(),
        "SHA-512-256": hashlib.new("sha512_256", data).hexdigest(),
    }


def test_password_is_made_where_none_is_given_and_told_once(desk: Desk) -> None:
    password = desk.do("account add", user="102")["password"]
    assert len(password) == LENGTH and set(password) <= set(LETTERS)
    assert "password" not in desk.do("account add", user="103", password="given1")


def test_account_is_known_at_once_and_after_a_restart(desk: Desk) -> None:
    desk.do("account add", user="102", name="Büro")
    assert desk.box.account("102").name == "Büro"
    assert desk.restart().box.account("102").aor == f"sip:102@{REALM}"


@pytest.mark.parametrize("user", ["", "a b", "a@b", "a/b", "ä", "x" * 65, "a\n", '"'])
def test_name_that_no_phone_can_dial_is_refused(desk: Desk, user: str) -> None:
    with pytest.raises(VerbError, match="cannot be a name or number"):
        desk.do("account add", user=user)


@pytest.mark.parametrize("user", [".", ".."])
def test_name_that_would_have_no_page_is_refused_but_comes_back_from_an_export(desk: Desk, user: str) -> None:
    for verb, arguments in (
        ("account add", {"user": user}),
        ("alias add", {"user": "101", "alias": user}),
        ("account import", {"text": f"username,password\n{user},secret\n"}),
    ):
        with pytest.raises(VerbError, match="a browser cannot ask for its page"):
            desk.do(verb, **arguments)
    assert desk.do("import", text=f"frontdesk-export 1\naccount {user} Old\n")["added"] == 1
    desk.do("account remove", user=user)


@pytest.mark.parametrize("password", ["tabulator\t", "nul and \0", "x" * 129])
def test_password_that_cannot_be_typed_is_refused(desk: Desk, password: str) -> None:
    with pytest.raises(VerbError, match="password"):
        desk.do("account add", user="102", password=password)


def test_how_short_a_password_is_is_not_the_boxs_to_say(desk: Desk) -> None:
    """Phones of an office that moves here keep theirs."""
    desk.do("account passwd", user="101", password="1")
    desk.do("account import", text="username,password\n103,x\n")
    assert desk.box.directory.account("103") is not None


def test_account_that_is_there_is_not_replaced(desk: Desk) -> None:
    with pytest.raises(VerbError, match="already"):
        desk.do("account add", user="101")


@pytest.mark.parametrize("verb", ["account remove", "account disable"])
def test_remove_and_disable_drop_bindings_durably(desk: Desk, verb: str) -> None:
    phone(desk)
    phone(desk, "102")
    desk.do(verb, user="101")
    assert (desk.contacts("101"), len(desk.contacts("102"))) == ([], 1)
    again = desk.restart()
    assert (again.contacts("101"), len(again.contacts("102"))) == ([], 1)
    known = again.box.directory.account("101")
    assert known is None if verb == "account remove" else known is not None and not known.enabled


def test_enable_takes_a_disable_back(desk: Desk) -> None:
    """A phone registers again; a gateway for emergency calls, or the trunk, could not."""
    phone(desk)
    desk.do("binding add", user="101", contact="sip:112@192.0.2.40", static=True, q="0.5")
    desk.do("account disable", user="101")
    assert [each.q for each in desk.box.location] == [0.5] and desk.contacts() == ["sip:112@192.0.2.40"]
    desk = desk.restart()
    desk.do("account enable", user="101")
    assert desk.contacts() == ["sip:112@192.0.2.40"] and desk.restart().box.account("101").enabled


def test_passwd_changes_the_main_secret_alone_and_bindings_stay(desk: Desk) -> None:
    desk.do("device add", user="101", device="desk")
    before = desk.box.account("101")
    phone(desk)
    desk.do("account passwd", user="101", password="another")
    after = desk.restart().box.account("101")
    assert after.secrets[0].ha1 != before.secrets[0].ha1 and after.secrets[1] == before.secrets[1]
    assert len(desk.contacts()) == 1


def test_connection_of_a_disabled_account_is_closed(desk: Desk) -> None:
    flow = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.9", 1024), connection=5)
    phone(desk, flow=flow)
    desk.do("account disable", user="101")
    assert [close.flow for close in desk.closed] == [flow]


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("account add", {"user": "102"}),
        ("account remove", {"user": "101"}),
        ("account disable", {"user": "101"}),
        ("account import", {"text": "username,password,name\n102,secret,\n"}),
        ("device add", {"user": "101", "device": "desk"}),
        ("peer add", {"address": "192.0.2.3"}),
        ("config set", {"key": "flush", "value": "5m"}),
    ],
)
def test_full_disk_changes_nothing_and_says_so(desk: Desk, verb: str, arguments: dict[str, str]) -> None:
    phone(desk)
    before = dict(desk.box.directory.accounts), desk.contacts(), dict(desk.box.directory.peers), desk.box.settings
    desk.full = True
    with pytest.raises(VerbError, match=r"Nothing was changed.*full"):
        desk.do(verb, **arguments)
    after = dict(desk.box.directory.accounts), desk.contacts(), dict(desk.box.directory.peers), desk.box.settings
    assert after == before


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("account remove", {}),
        ("account disable", {}),
        ("device revoke", {"device": "desk"}),
        ("binding remove", {"contact": "sip:101@192.0.2.9:5061"}),
    ],
)
def test_change_that_alone_cannot_be_written_takes_no_binding_away_and_is_no_event(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: dict[str, str]
) -> None:
    """Whatever else reaches the disk meanwhile."""

    async def full(*_: object, **__: object) -> None:
        raise OSError("full")

    desk.do("device add", user="101", device="desk", password="another")
    phone(desk, contact="sip:101@192.0.2.9:5061", device="desk")
    monkeypatch.setattr(desk.records, "change", full)
    with pytest.raises(VerbError, match=r"Nothing was changed"):
        desk.do(verb, user="101", **arguments)
    for each in (desk, desk.restart()):
        assert each.contacts() == ["sip:101@192.0.2.9:5061"]
    assert list(desk.core.events) == []


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("account remove", {"user": "101"}),
        ("account disable", {"user": "101"}),
        ("import", {"text": "frontdesk-export 1\naccount 101 x off\n"}),
        ("factory-reset", {"yes": True}),
    ],
)
def test_binding_that_is_refreshed_while_its_account_goes_goes_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: dict[str, Any]
) -> None:
    there, change = phone(desk), desk.records.change

    async def meanwhile(**what: Any) -> None:
        await change(**what)
        desk.core.registrations.fold(there, NOW + 600.0, NOW)
        desk.core.flush(NOW)
        desk.box.settle()

    monkeypatch.setattr(desk.records, "change", meanwhile)
    desk.do(verb, **arguments)
    told = [] if verb == "factory-reset" else [Kind.UNREGISTERED]
    assert [event.kind for event in desk.core.events] == told
    for each in (desk, desk.restart()):
        assert len(each.box.location) == 0


PLACE = "sip:101@192.0.2.6:5060"
GOING: list[tuple[str, dict[str, Any]]] = [
    ("account remove", {"user": "101"}),
    ("account disable", {"user": "101"}),
    ("binding remove", {"user": "101", "contact": PLACE}),
    ("import", {"text": "frontdesk-export 1\naccount 101 x off\n"}),
    ("factory-reset", {"yes": True}),
]
"""What takes the phone of 101 away."""


@pytest.mark.parametrize(("verb", "arguments"), GOING)
def test_binding_whose_phone_moves_at_that_moment_goes_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: dict[str, Any]
) -> None:
    move_meanwhile(desk, monkeypatch)
    desk.do(verb, **arguments)
    for each in (desk, desk.restart()):
        assert len(each.box.location) == 0


@pytest.mark.parametrize(("verb", "arguments"), GOING)
def test_phone_that_moves_at_that_moment_has_moved_where_nothing_can_be_taken_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: dict[str, Any]
) -> None:
    """It waited for that, and would wait forever."""
    move_meanwhile(desk, monkeypatch, error=OSError("full"))
    with pytest.raises(VerbError, match=r"Nothing was changed"):
        desk.do(verb, **arguments)
    for each in (desk, desk.restart()):
        assert each.contacts() == ["sip:101@192.0.2.7"]


@pytest.mark.parametrize(("verb", "arguments"), GOING)
def test_nothing_comes_back_behind_a_change_during_which_the_box_stops(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str, arguments: dict[str, Any]
) -> None:
    """Its journal takes nothing any more, either."""
    move_meanwhile(desk, monkeypatch, error=CancelledError())
    with pytest.raises(CancelledError):
        desk.do(verb, **arguments)
    assert desk.restart().contacts() == [PLACE]


def move_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: BaseException | None = None) -> None:
    """The phone of 101 moves while the next change is written, or cannot be."""
    there, change = phone(desk, contact=PLACE), desk.records.change

    async def meanwhile(**what: Any) -> None:
        if error is None:
            await change(**what)
        moved = there.copy()
        moved.contact = "sip:101@192.0.2.7"
        desk.core.location.stage(there.aor, 77, [moved])
        if error is not None:
            raise error

    monkeypatch.setattr(desk.records, "change", meanwhile)


@pytest.mark.parametrize(("verb", "arguments"), GOING)
def test_binding_whose_phone_takes_it_away_at_that_moment_goes_though_that_fails(
    desk: Desk, verb: str, arguments: dict[str, Any]
) -> None:
    there = phone(desk, contact=PLACE)
    desk.core.location.stage(there.aor, 77, [])
    desk.do(verb, **arguments)
    desk.core.commit_failed(77, OSError("no space left"), NOW)
    for each in (desk, desk.restart()):
        assert len(each.box.location) == 0


def test_set_changes_the_name_and_nothing_unknown(desk: Desk) -> None:
    desk.do("account set", user="101", assignment="name=Front desk")
    assert desk.restart().box.account("101").name == "Front desk"
    with pytest.raises(VerbError, match="name=TEXT"):
        desk.do("account set", user="101", assignment="colour=red")


def test_list_shows_no_secret(desk: Desk) -> None:
    phone(desk)
    desk.do("device add", user="101", device="desk")
    desk.do("alias add", user="101", alias="front")
    assert desk.do("account list") == [
        {"user": "101", "name": "", "enabled": True, "aliases": ["front"], "devices": ["desk"], "bindings": 1}
    ]


def test_name_may_have_joiners_and_nothing_else_that_is_invisible(desk: Desk) -> None:
    family, word = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    for name in (family, word):
        desk.do("account set", user="101", assignment=f"name={name}")
        assert desk.restart().box.account("101").name == name == text_of.cell(name)
    for name in ("tab\tulator", "\u200fright to left", "zero\u200bwidth"):
        with pytest.raises(VerbError, match="no tabs and other invisible ones"):
            desk.do("account set", user="101", assignment=f"name={name}")


# -- aliases -----------------------------------------------------------------------------------------------------------


def test_alias_reaches_the_account(desk: Desk) -> None:
    desk.do("alias add", user="101", alias="front")
    account = desk.restart().box.directory.resolve("front")
    assert account is not None and account.username == "101"
    assert desk.do("alias list") == [{"alias": "front", "user": "101"}]
    desk.do("alias remove", alias="front")
    assert desk.box.directory.resolve("front") is None


@pytest.mark.parametrize("alias", ["101", "102", "front"])
def test_alias_is_free_or_refused(desk: Desk, alias: str) -> None:
    desk.do("account add", user="102")
    desk.do("alias add", user="102", alias="front")
    with pytest.raises(VerbError, match="already"):
        desk.do("alias add", user="101", alias=alias)


def test_account_may_not_take_the_name_of_an_alias(desk: Desk) -> None:
    desk.do("alias add", user="101", alias="front")
    with pytest.raises(VerbError, match="alias of the account '101'"):
        desk.do("account add", user="front")
    with pytest.raises(VerbError, match="no alias"):
        desk.do("alias remove", alias="101")


def test_no_more_accounts_than_the_box_may_have(desk: Desk) -> None:
    desk.do("config set", key="max-accounts", value="2")
    desk.do("account add", user="102")
    with pytest.raises(VerbError, match="That would be 3 accounts, and max-accounts is 2: remove some"):
        desk.do("account add", user="103")
    with pytest.raises(VerbError, match="max-accounts"):
        desk.do("account import", text="username,password\n103,secret\n")
    with pytest.raises(VerbError, match="max-accounts"):
        desk.do("import", text="frontdesk-export 1\naccount 103 on\n")
