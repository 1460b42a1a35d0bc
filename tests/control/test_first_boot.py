"""What the answers of first boot lead to where the box has changed since they were given."""

from __future__ import annotations

import pytest

from frontdesk.control.first_boot import Answers, Done, apply
from tests.control.desk import Desk, finish


def applied(desk: Desk, answers: Answers) -> list[Done]:
    async def work() -> list[Done]:
        return [done async for done in apply(desk.box, answers)]

    found: list[Done] = finish(work())
    return found


@pytest.mark.parametrize(("accounts", "said"), [(["102"], "Added 1 account."), (["102", "103"], "Added 2 accounts.")])
def test_one_account_is_not_several(desk: Desk, accounts: list[str], said: str) -> None:
    *_, last = applied(desk, Answers(password="long enough, this", accounts=accounts))
    assert last.text == said and list(last.accounts) == accounts


def test_account_that_was_made_meanwhile_is_not_given_another_password(desk: Desk) -> None:
    before = desk.box.directory.account("101")
    *_, last = applied(desk, Answers(password="long enough, this", accounts=["100", "101"]))
    assert last.failed and "There is 101 already." in last.text and not last.accounts
    assert desk.box.directory.account("101") is before and desk.box.directory.account("100") is None


def test_alias_that_was_made_meanwhile_stays_where_it_is(desk: Desk) -> None:
    desk.do("alias add", user="101", alias="105")
    *_, last = applied(desk, Answers(password="long enough, this", accounts=["105"]))
    assert last.failed and "There is 105 already." in last.text
    assert [row["user"] for row in desk.do("account list")] == ["101"]
