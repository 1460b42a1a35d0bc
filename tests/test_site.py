"""Under which names the box is asked for its page."""

from __future__ import annotations

import pytest

from frontdesk.model import Settings
from frontdesk.site import Site


@pytest.mark.parametrize("name", ["box.example", "192.0.2.7", "[fd00::7]", "[fd00:0::7]"])
def test_each_name_that_the_settings_can_have_is_known_and_in_the_certificate(name: str) -> None:
    host = {"[fd00:0::7]": "fd00::7"}.get(name, name.strip("[]"))
    for settings in (Settings(web_names=(name,)), Settings(domains=(name,))):
        site = Site(lambda settings=settings: settings, lambda: "office.test", lambda: 0.0)  # type: ignore[misc]
        assert site.knows(host) and not site.knows("evil.example")
        assert host in site.names().hosts | site.names().addresses


def test_domain_that_is_an_address_is_known() -> None:
    assert Site(Settings, lambda: "[fd00::7]", lambda: 0.0).knows("fd00::7")


def test_host_name_of_before_is_known_and_in_the_certificate() -> None:
    settings = Settings(hostname="frontdesk")
    site = Site(lambda: settings, lambda: "office.test", lambda: 0.0)
    assert site.knows("frontdesk.local") and not site.knows("lobby.local")
    settings = Settings(hostname="lobby")
    assert site.knows("lobby.local") and site.knows("frontdesk.local") and site.knows("frontdesk")
    assert {"lobby.local", "frontdesk.local"} <= site.names().hosts


def test_host_name_that_another_host_has_is_not_known() -> None:
    site = Site(lambda: Settings(hostname="frontdesk"), lambda: "office.test", lambda: 0.0)
    assert site.knows("frontdesk.local")
    site.taken = "frontdesk-2"
    assert site.knows("frontdesk-2.local") and not site.knows("frontdesk.local")
    site.taken = "frontdesk-3"
    assert site.knows("frontdesk-3.local") and site.knows("frontdesk-2.local") and not site.knows("frontdesk.local")
