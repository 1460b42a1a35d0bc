"""Tokens of programs."""

from __future__ import annotations

import pytest

from frontdesk.control import Role, VerbError
from frontdesk.control.administration import recover
from frontdesk.control.tokens import LIFETIME, MOST, PREFIX
from tests.control.desk import Desk, finish
from tests.store.rows import WALL


def made(desk: Desk, name: str = "grafana", **arguments: str) -> str:
    return str(desk.do("token add", name=name, **arguments)["token"])


def test_token_opens_what_its_role_may_also_after_a_restart(desk: Desk) -> None:
    viewer, admin = made(desk), made(desk, "backup", role="admin")
    for tokens in (desk.box.admin.tokens, desk.restart().box.admin.tokens):
        assert (tokens.role(viewer, WALL), tokens.role(admin, WALL)) == (Role.VIEWER, Role.ADMIN)
        assert tokens.role(viewer[:-1], WALL) is tokens.role("", WALL) is None


def test_token_itself_is_not_on_the_disk(desk: Desk) -> None:
    token = made(desk)
    assert len(token) == 43
    assert token not in desk.restart().store.meta[PREFIX + "grafana"]


def test_token_ends_after_90_days(desk: Desk) -> None:
    token = made(desk)
    role = desk.box.admin.tokens.role
    assert role(token, WALL + LIFETIME - 1) is Role.VIEWER
    assert role(token, WALL + LIFETIME) is None


def test_revoked_token_opens_nothing(desk: Desk) -> None:
    token = made(desk)
    desk.do("token revoke", name="grafana")
    for box in (desk.box, desk.restart().box):
        assert box.admin.tokens.role(token, WALL) is None
    with pytest.raises(VerbError, match="no token 'grafana'"):
        desk.do("token revoke", name="grafana")


def test_recovery_of_the_admin_password_ends_all_tokens(desk: Desk) -> None:
    token = made(desk)
    desk.do("passwd admin", password="correct horse")
    finish(recover(desk.box))
    for box in (desk.box, desk.restart().box):
        assert box.admin.tokens.role(token, WALL) is None


def test_names_and_roles_that_cannot_be_are_refused(desk: Desk) -> None:
    made(desk)
    for arguments in ({"name": "grafana"}, {"name": "two words"}, {"name": ""}, {"name": "x", "role": "root"}):
        with pytest.raises(VerbError):
            desk.do("token add", **arguments)
    for number in range(MOST - 1):
        made(desk, f"t{number}")
    with pytest.raises(VerbError, match=f"{MOST} tokens"):
        made(desk, "more")


@pytest.mark.parametrize("row", ["", "[]", "{}", '{"digest": "x", "role": "root", "made": 0, "ends": 9e9}'])
def test_row_that_is_no_token_opens_nothing(desk: Desk, row: str) -> None:
    desk.box.admin.tokens.load({PREFIX + "odd": row})
    assert desk.do("token list") == []
