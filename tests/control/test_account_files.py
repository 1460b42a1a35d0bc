"""Accounts as CSV files: every bad line is named, and what the box has is changed only as the file says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from frontdesk.control import VerbError
from frontdesk.control import text as text_of
from frontdesk.control.account_files import FORMULAS, MOST_TOLD, to_cell, write
from frontdesk.control.checks import JOINERS
from tests.control.desk import Desk, phone


def test_import_adds_all(desk: Desk) -> None:
    answer = desk.do("account import", text='\ufeffusername,password,name\r\n201,secret,"Two, zero"\r\n202,secret,\r\n')
    assert answer == {"added": 2, "changed": 0, "weak": ["201", "202"]}
    assert desk.restart().box.account("201").name == "Two, zero"


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("201,secret,\n101,secret,\n", 3),
        ("201,secret,\n201,secret,\n", 3),
        ("201,,\n", 2),
        ("201\n", 2),
        ("201,secret,x,y\n", 2),
        ("a b,secret,\n", 2),
        ('201,"pw\n', 2),
    ],
)
def test_import_is_all_or_nothing_and_names_the_line(desk: Desk, rows: str, line: int) -> None:
    with pytest.raises(VerbError, match=f"^Line {line}: .* Nothing was imported.$"):
        desk.do("account import", text=f"username,password,name\n{rows}")
    assert list(desk.restart().box.directory.accounts) == ["101"]


def test_import_tells_every_bad_line(desk: Desk) -> None:
    with pytest.raises(VerbError) as refused:
        desk.do("account import", text="username,password,enabled\n201,x,maybe\n202,x,yes\n202,x\n101,x\na b,x\n")
    told = [line.partition(": ")[0] for line in str(refused.value).splitlines()]
    assert told == ["Line 2", "Line 4", "Line 5", "Line 6"]
    with pytest.raises(VerbError, match=r"(?s)^Line 2: .*\nFurther lines that are wrong: 3\. Nothing was imported\.$"):
        desk.do("account import", text="username\n" + "a b\n" * (MOST_TOLD + 3))
    assert list(desk.restart().box.directory.accounts) == ["101"]


def test_quotation_mark_that_is_not_closed_is_told_where_it_begins(desk: Desk) -> None:
    with pytest.raises(VerbError, match=r"^Line 3: It is no CSV: each quotation mark is closed"):
        desk.do("account import", text='username,password\n201,secret\n202,"secret\n203,secret\n')


def test_import_obeys_the_columns_that_the_box_writes(desk: Desk) -> None:
    rows = "501,secretpw1,'=X,no,777 778\n502,secretpw1\n"
    desk.do("account import", text=f"username,password,name,enabled,aliases\n{rows}")
    account, other = desk.restart().box.account("501"), desk.box.account("502")
    assert (account.enabled, account.aliases, account.name) == (False, ("777", "778"), "=X")
    assert other.enabled and other.aliases == ()


@pytest.mark.parametrize("written", ["desk 9", '"desk,9"', '"desk, 9"'])
def test_import_takes_aliases_between_commas_or_spaces(desk: Desk, written: str) -> None:
    desk.do("account import", text=f"username,password,aliases\n501,secretpw1,{written}\n")
    assert desk.restart().box.account("501").aliases == ("desk", "9")


def test_import_takes_the_semicolons_of_a_german_spreadsheet(desk: Desk) -> None:
    desk.do("account import", text="\ufeffusername;password;name\r\n201;secretpw1;Zwei, null\r\n")
    assert desk.box.account("201").name == "Zwei, null"


@pytest.mark.parametrize(
    "text",
    [
        "Username, Password ,NAME\n201,secretpw1,Two\n",
        "username,password,name,,\n201,secretpw1,Two,,\n,,,,\n\n",
        ",username,password,name\n,201,secretpw1,Two\n  ,,,\n",
        "username,password,name\n201,secretpw1,Two,,\n",
    ],
)
def test_import_takes_what_a_spreadsheet_adds(desk: Desk, text: str) -> None:
    """Other letters in the first line, rows and columns that are empty."""
    assert desk.do("account import", text=text) == {"added": 1, "changed": 0}
    assert desk.box.account("201").name == "Two"


@pytest.mark.parametrize(("written", "enabled"), [("TRUE", True), ("FALSE", False), ("Ja", True), (" nein ", False)])
def test_import_takes_a_spreadsheets_yes_and_no(desk: Desk, written: str, enabled: bool) -> None:
    desk.do("account import", text=f"username,password,enabled\n201,secretpw1,{written}\n")
    assert desk.box.account("201").enabled == enabled


def test_import_makes_passwords_where_that_is_wanted_and_tells_them(desk: Desk) -> None:
    text = "username,password\n201,\n202,secretpw1\n"
    with pytest.raises(VerbError, match=r"^Line 2: The password is empty; .*--make-passwords"):
        desk.do("account import", text=text)
    answer = desk.do("account import", text=text, **{"make-passwords": True})
    assert answer["added"] == 2 and list(answer["passwords"]) == ["201"]
    assert answer["passwords"]["201"] in text_of.added(answer)


WORDS = st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" '=+-@;,\"" + JOINERS), max_size=20)
NAMES = st.builds("".join, st.tuples(st.text("'=+-@", max_size=4), WORDS))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES)
@example("'=Reception")
@example("''+1")
@example("'Reception'")
def test_every_name_comes_back_as_it_was_saved(desk: Desk, name: str) -> None:
    desk.do("account set", user="101", assignment=f"name={name}")
    before = desk.do("account list")
    saved = write(before)
    assert not to_cell(name).startswith(FORMULAS)
    desk.do("account set", user="101", assignment="name=another")
    desk.do("account import", text=saved)
    assert desk.do("account list") == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("username,password,colour\n201,secretpw1,red\n", "Line 1: There is no column 'colour': username,password,"),
        ("username,password,enabled\n201,secretpw1,maybe\n", "Line 2: The column enabled has yes or no, not 'maybe'"),
        ("username,password,aliases\n201,secretpw1,101\n", "Line 2: There is an account '101' already"),
        ("username,password,aliases\n201,secretpw1,7\n202,secretpw1,7\n", "Line 3: '7' was there before: leave one"),
    ],
)
def test_import_says_what_it_cannot_obey(desk: Desk, text: str, sentence: str) -> None:
    with pytest.raises(VerbError, match=sentence):
        desk.do("account import", text=text)


def test_value_with_commas_is_told_how_it_stands(desk: Desk) -> None:
    with pytest.raises(VerbError, match=r"^Line 2: There must be 2 values: one with commas .* in quotation marks"):
        desk.do("account import", text="username,name\n201,Smith, John\n")
    with pytest.raises(VerbError, match=r"^Line 2: There must be 2 values"):
        desk.do("account import", text="username,,name\n201,Smith,John\n")


@pytest.mark.parametrize("text", ["", "user,pass\n1,2\n"])
def test_import_needs_its_columns(desk: Desk, text: str) -> None:
    with pytest.raises(VerbError, match="Line 1: The first line must name the columns, username at least: username,"):
        desk.do("account import", text=text)


def test_column_that_stands_there_twice_is_no_guess(desk: Desk) -> None:
    with pytest.raises(VerbError, match=r"^Line 1: The column 'name' stands there twice"):
        desk.do("account import", text="username,name,password,Name\n201,Smith,pw123456,Jones\n")


# -- accounts that are there -------------------------------------------------------------------------------------------


def test_what_was_saved_can_be_imported_again_and_changes_nothing(desk: Desk) -> None:
    desk.do("account add", user="102", name="Workshop")
    desk.do("alias add", user="102", alias="door")
    desk.do("account disable", user="102")
    before = dict(desk.box.directory.accounts)
    assert desk.do("account import", text=write(desk.do("account list"))) == {"added": 0, "changed": 0}
    assert desk.restart().box.directory.accounts == before


def test_account_that_is_there_takes_what_the_file_says_and_keeps_its_passwords(desk: Desk) -> None:
    desk.do("device add", user="101", device="desk")
    desk.do("alias add", user="101", alias="777")
    before = desk.box.account("101")
    text = "username,name\n101,Reception\n102,Workshop\n"
    answer = desk.do("account import", text=text, **{"make-passwords": True})
    assert (answer["added"], answer["changed"], list(answer["passwords"])) == (1, 1, ["102"])
    after = desk.restart().box.account("101")
    assert (after.name, after.secrets, after.aliases) == ("Reception", before.secrets, ("777",))


def test_password_of_an_account_that_is_there_is_not_replaced(desk: Desk) -> None:
    with pytest.raises(VerbError, match="already: leave its password empty, and it keeps the one it has"):
        desk.do("account import", text="username,password\n101,another\n")


def test_account_that_is_there_without_a_password_takes_one(desk: Desk) -> None:
    desk.do("import", text="frontdesk-export 1\naccount 102 Two\naccount 103 Three\n")
    text = "username,password\n102,\n103,secret\n"
    answer = desk.do("account import", text=text, **{"make-passwords": True})
    assert (answer["added"], answer["changed"], list(answer["passwords"])) == (0, 2, ["102"])
    assert all(len(account.secrets) == 1 for account in desk.restart().box.directory.accounts.values())


def test_account_that_a_file_disables_loses_its_phones(desk: Desk) -> None:
    phone(desk)
    desk.do("account import", text="username,enabled\n101,no\n")
    assert (desk.contacts(), desk.restart().contacts()) == ([], [])


def test_alias_may_go_from_one_account_of_the_file_to_another(desk: Desk) -> None:
    desk.do("account add", user="102")
    desk.do("alias add", user="102", alias="door")
    desk.do("account import", text="username,aliases\n101,door\n102,\n")
    assert desk.do("alias list") == [{"alias": "door", "user": "101"}]
    with pytest.raises(VerbError, match=r"^Line 2: 'door' is an alias of the account '101' already: take it away"):
        desk.do("account import", text="username,aliases\n102,door\n")


def test_file_that_is_not_on_disk_is_not_there(desk: Desk) -> None:
    desk.do("alias add", user="101", alias="door")
    before = dict(desk.box.directory.accounts)
    desk.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("account import", text="username,password,aliases\n102,secret,door\n101,,\n")
    assert desk.box.directory.accounts == before and desk.box.directory.resolve("door") is before["101"]
