"""Exports: written, pasted, read back, all or nothing."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.control import VerbError, configuration, reading
from frontdesk.control.administration import recover
from frontdesk.control.configuration import Configuration
from frontdesk.control.role import Role
from frontdesk.model import Account, Secret
from tests.control.desk import Desk, phone
from tests.control.test_admin import PASSWORD, done
from tests.store.rows import REALM

HEXES = {"MD5": "a" * 32, "SHA-256": "b" * 64, "SHA-512-256": "c" * 64}


def filled(desk: Desk) -> Desk:
    """With something of everything."""
    desk.do("account add", user="102", name='B\u00fcro "2"', password="secret")
    desk.do("account disable", user="102")
    desk.do("alias add", user="101", alias="reception")
    desk.do("device add", user="101", device="mobile", password="another")
    desk.do("binding add", user="101", contact="sip:door@192.0.2.7", static=True)
    desk.do("binding add", user="101", contact="sip:gsm@192.0.2.8", static=True, q="0.5")
    desk.do("peer add", address="2001:db8::1", name="the exchange")
    desk.do("config set", key="flush", value="5m")
    desk.do("config set", key="net.dns", value="192.0.2.1, 192.0.2.2")
    desk.do("passwd admin", password=PASSWORD)
    desk.do("passwd viewer", password="only looking")
    return desk


def edited(text: str, old: str, new: str) -> str:
    """An export with other words in it, whole again."""
    lines = text.replace(old, new).splitlines()[:-1]
    return "\n".join([*lines, f". {configuration.checksum(lines)}"]) + "\n"


def elsewhere(path: Path) -> Desk:
    """A new box."""
    path.mkdir()
    return Desk(path)


# -- writing -----------------------------------------------------------------------------------------------------------


def test_plain_export_is_what_people_would_write(desk: Desk) -> None:
    text = filled(desk).do("export")
    assert text.isascii()
    assert text.splitlines()[:-1] == [
        "frontdesk-export 1",
        "1 domain example.com",
        "2 set flush 5m",
        '3 set net.dns "192.0.2.1, 192.0.2.2"',
        '4 peer 2001:db8::1 "the exchange"',
        '5 account 101 ""',
        "6 alias 101 reception",
        '7 account 102 "B\\u00fcro \\"2\\"" off',
        "8 binding 101 sip:door@192.0.2.7",
        "9 binding 101 sip:gsm@192.0.2.8 0.5",
    ]
    assert re.fullmatch(r"\. [0-9A-F]{8}", text.splitlines()[-1])


def test_setting_of_an_older_box_is_passed_over_with_a_note(desk: Desk) -> None:
    answer = desk.do("import", text="frontdesk-export 1\nset guard off\nset flush 5m\n")
    assert answer["notes"] == ["There is no setting guard any more: its line was passed over."]
    assert desk.box.settings.flush == 300


def test_value_that_an_older_box_took_is_passed_over_with_a_note_and_one_by_hand_is_refused(desk: Desk) -> None:
    """What a box has written down comes back, though a bound is another by now."""
    lines = ["frontdesk-export 1", "set flush 5m", "set min-expires 2d", "set default-expires 3h"]
    with pytest.raises(VerbError, match="Line 3: min-expires is at least 1s and at most 1d, not '2d'"):
        desk.do("import", text="\n".join(lines))
    answer = desk.do("import", text=configuration.numbered(lines[0], lines[1:]))
    assert answer["notes"] == ["min-expires is at least 1s and at most 1d, not '2d'. Its line was passed over."]
    assert [desk.do("config get", key=key) for key in ("flush", "min-expires", "default-expires")] == ["5m", "1m", "3h"]


def test_only_an_export_with_secrets_has_any(desk: Desk) -> None:
    filled(desk)
    secrets = [value for secret in desk.box.account("101").secrets for value in secret.ha1.values()]
    secrets += [desk.box.admin.kept or "", desk.box.admin.viewer or ""]
    secrets += [desk.store.meta[name] for name in configuration.KEYS]
    plain, full = desk.do("export"), desk.do("export", secrets=True)
    assert [secret for secret in secrets if secret in plain] == []
    assert [secret for secret in secrets if secret not in full] == []


def test_no_secret_is_exported_after_a_recovery(desk: Desk) -> None:
    done(recover(filled(desk).box))
    with pytest.raises(VerbError, match="72 h"):
        desk.do("export", secrets=True)
    assert desk.do("export")


# -- round trips -------------------------------------------------------------------------------------------------------


def test_export_with_secrets_comes_back_byte_for_byte(desk: Desk, tmp_path: Path) -> None:
    text = filled(desk).do("export", secrets=True)
    other = elsewhere(tmp_path / "other")
    other.do("import", text=text)
    assert other.do("export", secrets=True) == text
    again = other.restart()
    assert again.do("export", secrets=True) == text
    assert again.contacts() == ["sip:door@192.0.2.7", "sip:gsm@192.0.2.8"]
    assert done(again.box.admin.check(PASSWORD, "console"))
    assert done(again.box.admin.check("only looking", "console", Role.VIEWER))
    again.store.close()


def test_import_of_one_password_leaves_the_other(desk: Desk, tmp_path: Path) -> None:
    text = configuration.write(configuration.Configuration(REALM, viewer=filled(desk).box.admin.viewer))
    other = elsewhere(tmp_path / "other")
    other.do("passwd admin", password=PASSWORD)
    other.do("import", text=text)
    for each in (other, other.restart()):
        assert done(each.box.admin.check(PASSWORD, "console"))
        assert done(each.box.admin.check("only looking", "console", Role.VIEWER))


def test_setting_that_is_kept_is_exported_though_it_is_the_default_by_now(desk: Desk) -> None:
    """The name that the box has given its computer is that computer's own after a restart."""
    desk.do("config set", key="hostname", value="lobby")
    desk.box.defaults = desk.box.settings
    assert "1 domain example.com\n2 set hostname lobby\n" in desk.do("export")
    desk.do("config set", key="hostname", value="default")
    assert "hostname" not in desk.do("export")


def test_account_that_an_import_disables_has_no_phone_left_on_disk(desk: Desk) -> None:
    """A place stays, and may get another preference by the same import."""
    phone(desk)
    desk.do("binding add", user="101", contact="sip:door@192.0.2.7", static=True)
    desk.box.core = None  # no box runs
    desk.do("import", text='frontdesk-export 1\naccount 101 "" off\nbinding 101 sip:door@192.0.2.7 0.5\n')
    assert [(each.contact, each.q) for each in desk.restart().box.location] == [("sip:door@192.0.2.7", 0.5)]


def test_plain_export_makes_accounts_without_password_and_lists_them(desk: Desk, tmp_path: Path) -> None:
    text = filled(desk).do("export")
    other = elsewhere(tmp_path / "other")
    answer = other.do("import", text=text)
    assert (answer["added"], answer["changed"], answer["without_password"]) == (2, 0, ["101", "102"])
    assert other.do("export") == text
    assert not other.box.admin.is_set
    other.store.close()


def test_import_again_keeps_passwords_devices_and_phones(desk: Desk) -> None:
    text = filled(desk).do("export")
    phone(desk)
    secrets = desk.box.account("101").secrets
    assert desk.do("import", text=text)["changed"] == 0
    assert desk.box.account("101").secrets == secrets and len(desk.contacts()) == 3
    assert desk.do("import", text=edited(text, '" off', '" on'))["changed"] == 1
    assert desk.box.account("101").secrets == secrets and desk.box.account("102").enabled
    desk.do("import", text=text)
    assert desk.do("export") == text


@pytest.mark.parametrize("way", [("101", "102"), ("102", "101")])
def test_import_may_give_an_alias_to_another_account(desk: Desk, way: tuple[str, str]) -> None:
    for user in way:
        desk.do("import", text=f"frontdesk-export 1\naccount 101 One\naccount 102 Two\nalias {user} reception\n")
    for box in (desk.box, desk.restart().box):
        assert [box.account(user).aliases for user in way] == [(), ("reception",)]
        assert box.directory.resolve("reception") == box.account(way[1])


NAMES = st.from_regex(r"[A-Za-z0-9_.+*!~-]{1,12}", fullmatch=True)
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    names = draw(st.lists(NAMES, unique=True, max_size=8))
    users, aliases = names[::2], names[1::2]
    accounts = {user: Account(user, "", draw(TEXTS), draw(st.booleans())) for user in users}
    for user, alias in zip(users, aliases, strict=False):
        accounts[user].aliases = (alias,)
        names = draw(st.lists(NAMES, unique=True, max_size=3))
        accounts[user].secrets = tuple(Secret(name, HEXES) for name in names)
        accounts[user].settings = draw(st.dictionaries(NAMES, TEXTS, max_size=2))
    return Configuration(
        "example.com", {"max-bindings": str(draw(st.integers(1, 100)))}, {"192.0.2.7": draw(TEXTS)}, accounts,
        {(user, "sip:door@192.0.2.7"): draw(st.sampled_from([None, 0.0, 0.125, 1.0])) for user in users[:1]},
    )  # fmt: skip


@given(configurations())
def test_what_is_written_is_read(written: Configuration) -> None:
    text = configuration.write(written)
    read = reading.read(text)
    assert configuration.write(read) == text
    assert read.accounts == dict(sorted(written.accounts.items()))


@given(configurations(), st.data())
def test_no_damage_goes_unnoticed(written: Configuration, data: st.DataObject) -> None:
    text = configuration.write(written)
    at = data.draw(st.integers(0, len(text) - 2))
    damaged = text[:at] + data.draw(st.sampled_from(["", "x", "\n", "é", text[at : at + 2] * 2])) + text[at + 1 :]
    if damaged.split() == text.split():
        return
    with pytest.raises(VerbError):
        reading.read(damaged)


@given(configurations(), st.data())
def test_export_that_was_cut_is_refused(written: Configuration, data: st.DataObject) -> None:
    text = configuration.write(written)
    with pytest.raises(VerbError, match=r"^[^\n]+\.$"):
        reading.read(text[: data.draw(st.integers(0, len(text) - 2))])


@given(st.text())
def test_anything_else_is_refused_in_one_sentence(text: str) -> None:
    for pasted in (text, f"frontdesk-export 1\nset {text}\n.", f"frontdesk-export 1\n{text}"):
        try:
            reading.read(pasted)
        except VerbError as error:
            assert "\n" not in str(error)


@settings(max_examples=20)
@given(configurations())
def test_box_takes_what_is_written(written: Configuration) -> None:
    text = configuration.write(written)
    with TemporaryDirectory() as path:
        desk = Desk(Path(path))
        try:
            desk.do("import", text=text)
            assert desk.restart().do("export", secrets=True).splitlines()[1:-2] == text.splitlines()[1:-1]
        finally:
            desk.close()


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_lost_line_is_named(desk: Desk) -> None:
    lines = filled(desk).do("export").splitlines(keepends=True)
    with pytest.raises(VerbError, match="Line 4 is missing, line 5 came in its place: copy all of it once more"):
        desk.do("import", text="".join([*lines[:4], *lines[5:]]))
    with pytest.raises(VerbError, match="ends after line 9"):
        desk.do("import", text="".join(lines[:-1]))


def test_line_ends_of_a_terminal_do_no_harm(desk: Desk) -> None:
    text = filled(desk).do("export")
    for end in ("\r", "\r\n", "\r\n\r\n", " \r\n"):
        desk.do("account set", user="101", assignment="name=Another")
        assert desk.do("import", text=text.replace("\n", end))["changed"] == 1


def test_written_by_hand_it_needs_no_numbers(desk: Desk) -> None:
    text = "frontdesk-export 1\n# a new one\n\nset   flush 7m\naccount 110 \"Caf\u00e9\"\nalias 110 bar\n"
    for end in ("", ".", ".\n"):
        desk.do("import", text=text + end)
        assert desk.box.directory.resolve("bar") is desk.box.account("110")
        desk.do("account remove", user="110")


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("colour red", "Line 3: There is no statement 'colour': domain, set, .* can be"),
        ("set colour red", "no setting"),
        ("set flush soon", "duration"),
        ("set flush", "takes 2 words"),
        ("set default-expires 2d", "order"),
        ("alias 101 x", "no account '101' above it: its line `account` comes first"),
        ("account 1@1 x", "cannot be a name or number: 1 to 64 letters"),
        ("account 101 a b c", "takes 2 or 3 words"),
        ('account 101 "a', "cannot be read .*: what is more than one plain word stands in quotation marks"),
        ('account 101 "\\x"', "no string: quotation marks and backslashes in it have a backslash"),
        ("account 101 x off\naccount 101 x", "Line 4: '101' was there before: leave one of the two out"),
        ("account 101 x maybe", "on or off"),
        ("account 101 x\nbinding 101 http://x", "no SIP URI"),
        ("account 101 x\nsecret 101 \"\" abc \"\" \"\"", "no hash: copy this line once more"),
        ("key color 00", "no key of the box: copy this line once more, or leave it out"),
        ("admin hunter2", "no hash of a password: copy this line once more"),
        ("peer localhost x", "no IP address"),
        ("domain a/b", "no name such as"),
        ("account reception x", "belongs to the account '101' of this box: take it away there"),
        ("account 103 x\nalias 103 102", "belongs to the account '102'"),
        ("domain other.example", "example.com.*other|other.example.*example.com"),
        ("set net.address 192.0.2.1/24\nset net.gateway 198.51.100.1", "not in the network"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_is_imported(desk: Desk, statement: str, complaint: str) -> None:
    before = filled(desk).do("export", secrets=True)
    text = f"frontdesk-export 1\naccount 200 good\n{statement}\n"
    with pytest.raises(VerbError, match=complaint):
        desk.do("import", text=text)
    assert desk.do("export", secrets=True) == before == desk.restart().do("export", secrets=True)


@pytest.mark.parametrize("text", ["", "\n\n", "username,password\n", "frontdesk-export\n", "frontdesk-export 2\n"])
def test_what_is_no_export_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(VerbError):
        desk.do("import", text=text)


def test_whoever_gives_a_backup_is_told_what_reads_it(desk: Desk) -> None:
    with pytest.raises(VerbError, match="`frontdesk restore` reads it"):
        desk.do("import", text=desk.do("backup", passphrase=PASSWORD))


def test_import_that_is_not_on_disk_is_not_there(desk: Desk) -> None:
    text = filled(desk).do("export").replace("102", "103")
    lines = [re.sub(r"^\d+ ", "", line) for line in text.splitlines()[:-1]]
    before = desk.do("export", secrets=True)
    desk.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("import", text="\n".join(lines))
    desk.full = False
    assert desk.do("export", secrets=True) == before


def test_import_sets_the_domain_of_a_box_without_accounts(desk: Desk) -> None:
    desk.do("account remove", user="101")
    desk.do("import", text="frontdesk-export 1\ndomain Other.Example\naccount 101 x\n")
    assert desk.do("domain get") == "other.example"
    assert desk.do("account add", user="102")["aor"] == "sip:102@other.example"
    assert desk.restart().box.account("101").aor == "sip:101@other.example"


def test_domain_is_changed_only_where_there_is_no_account(desk: Desk) -> None:
    with pytest.raises(VerbError, match=rf"{REALM}.*Remove them first"):
        desk.do("domain set", domain="other.example")
    export = "frontdesk-export 1\ndomain other.example\n"
    with pytest.raises(VerbError, match=rf"{REALM}.*Remove these accounts first"):
        desk.do("import", text=export)
    desk.do("account remove", user="101")
    desk.do("import", text=export)
    assert desk.do("domain set", domain="Other.Example") == {"domain": "other.example"}
    again = desk.restart()
    assert again.do("domain get") == "other.example"
    assert again.box.directory.serves("other.example") and desk.box.directory.serves("other.example")


def test_account_that_comes_disabled_loses_its_phones_and_keeps_its_places(desk: Desk) -> None:
    phone(desk)
    desk.do("binding add", user="101", contact="sip:gsm@192.0.2.8", static=True)
    desk.do("import", text="frontdesk-export 1\naccount 101 x off\n")
    assert desk.contacts() == desk.restart().contacts() == ["sip:gsm@192.0.2.8"]


def test_settings_of_the_machine_are_kept_with_a_note(desk: Desk) -> None:
    answer = desk.do("import", text="frontdesk-export 1\nset hostname lobby\n")
    assert answer["notes"] == ["hostname: kept, but not used here: managed by this computer."]
    assert desk.restart().do("config get", key="hostname") == "lobby"


EVERY_VERSION = {
    1: """\
frontdesk-export 1
1 domain example.com
2 set flush 5m
3 peer 192.0.2.7 door
4 account 101 "Front desk"
5 option 101 colour red
6 alias 101 reception
7 binding 101 sip:door@192.0.2.8
8 secret 101 "" aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "" ""
""",
}
"""One export of each version that there was: they stay as they are."""


@pytest.mark.parametrize("version", range(1, configuration.VERSION + 1))
def test_every_older_version_stays_importable(desk: Desk, version: int) -> None:
    text = EVERY_VERSION[version]
    text += f". {configuration.checksum(text.splitlines())}\n"
    desk.do("account remove", user="101")
    assert desk.do("import", text=text)["added"] == 1
    account = desk.box.account("101")
    assert (account.name, account.aliases, account.settings) == ("Front desk", ("reception",), {"colour": "red"})
    assert account.secrets == (Secret("", {"MD5": "a" * 32}),)
