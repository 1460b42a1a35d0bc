"""Settings as people type them."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.config import (
    DEFAULTS,
    DIGITS,
    SETTINGS,
    Setting,
    SettingError,
    combined,
    find,
    load,
    parse,
    read_count,
    read_duration,
    text_of,
    write_duration,
)
from frontdesk.model import Settings


def test_every_setting_has_a_row_and_every_row_a_sentence() -> None:
    assert {setting.field for setting in SETTINGS} == {field.name for field in fields(Settings)}
    assert all(setting.meaning.endswith(".") for setting in SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_default_is_read_as_it_is_written(setting: Setting) -> None:
    assert parse(setting.key, text_of(Settings(), setting.key)) == getattr(Settings(), setting.field)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("60s", 60), ("10m", 600), ("1.5h", 5400), ("1d", 86_400), ("0", 0), ("0.5s", 0.5)],
)
def test_durations_carry_their_unit(text: str, seconds: float) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1w", "1 h", "1.2.3", "1e3", "inf", "nan", "٣s", "."])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"^flush is a duration such as .*\.$"):
        parse("flush", text)


@given(st.integers(0, 10**7))
def test_duration_is_read_as_it_is_written(seconds: int) -> None:
    assert read_duration(write_duration(seconds)) == seconds


def test_number_is_no_longer_than_the_database_takes_it() -> None:
    assert read_count("9" * DIGITS) == 10**DIGITS - 1
    for digits in (DIGITS + 1, 5000):
        with pytest.raises(ValueError, match=f"^has at most {DIGITS} digits$"):
            read_count("9" * digits)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("max-bindings", "0"),
        ("max-bindings", "-1"),
        ("max-bindings", "1.5"),
        ("web", "yes"),
        ("algorithms", "MD5, SHA-1"),
        ("algorithms", ""),
        ("min-expires", "0"),
        ("min-expires", "2h"),
        ("default-expires", "10s"),
        ("max-expires", "10m"),
        ("listen", "udp:0.0.0.0:٥٠٦٠"),
        ("web.listen", "http:0.0.0.0:٨٠"),
        ("domains", "sip:a.example"),
        ("domains", "a.example:5060"),
        ("domains", "a.example, b!"),
        ("domains", "fd00::10"),
        ("web.names", "https://box.example"),
        ("domains", "\u212aelvin.example"),
        ("hostname", "\u212aelvin"),
        ("no-such", "1"),
    ],
)
def test_value_that_cannot_be_is_one_sentence(key: str, text: str) -> None:
    with pytest.raises(SettingError, match=r"^[^\n]+\.$"):
        combined(Settings(), {key: text})


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("listen", "is all, or a list such as udp, tcp, tls, wss or udp:192.0.2.1:5060"),
        ("web.listen", "is default, or a list such as https:0.0.0.0:443"),
    ],
)
@pytest.mark.parametrize("text", ["", " ", ","])
def test_listeners_that_are_none_are_refused(key: str, rule: str, text: str) -> None:
    """Whoever wants those that are there by default says so."""
    with pytest.raises(SettingError, match=f"^{re.escape(key)} {re.escape(rule)}, not "):
        parse(key, text)


def test_lists_are_read_with_commas_or_spaces_in_order() -> None:
    assert parse("algorithms", "sha-256, MD5 sha-256") == ("SHA-256", "MD5")
    assert parse("domains", "B.example,a.example") == ("b.example", "a.example")
    assert parse("domains", "my_box 192.0.2.10 [fd00::10]") == ("my_box", "192.0.2.10", "[fd00::10]")
    assert parse("domains", "") == ()


@pytest.mark.parametrize("key", ["domains", "trunk", "net.gateway", "net.dns", "web.names"])
def test_nothing_is_read_as_it_is_written(key: str) -> None:
    assert text_of(Settings(), key) == "none"
    assert combined(Settings(), {key: "None"}) == Settings()


def test_underscores_do_for_dashes() -> None:
    assert find("max_bindings") is find("max-bindings")


def test_kept_settings_are_taken_in_an_order_in_which_they_can_be() -> None:
    texts = {"default-expires": "2d", "max-expires": "3d", "min-expires": "1d"}
    settings, complaints = load(texts)
    assert (settings.min_expires, settings.default_expires, settings.max_expires) == (86_400, 172_800, 259_200)
    assert complaints == []


def test_kept_limits_in_the_wrong_order_are_left_at_their_defaults() -> None:
    settings, complaints = load({"min-expires": "2d", "flush": "5m"})
    assert (settings, len(complaints)) == (Settings(flush=300), 1)


def test_kept_setting_that_cannot_be_is_told_and_the_others_are_taken() -> None:
    settings, complaints = load({"flush": "5m", "web": "perhaps", "from-the-future": "1"})
    assert settings.flush == 300 and len(complaints) == 2


def test_kept_setting_of_an_older_box_is_passed_over() -> None:
    assert load({"flush": "5m", "guard": "off"}) == (Settings(flush=300), [])


@pytest.mark.parametrize("text", ["192.0.2.0/24", "192.0.2.255/24", "fd00::/64"])
def test_address_of_a_network_is_no_host_s(text: str) -> None:
    with pytest.raises(SettingError, match="a host of its network can have"):
        parse("net.address", text)


@pytest.mark.parametrize("text", ["192.0.2.1/24", "192.0.2.0/31", "192.0.2.0/32", "fd00::/127", "fd00::ffff/112"])
def test_both_addresses_of_a_network_of_two_are_hosts(text: str) -> None:
    assert parse("net.address", text) == text


@pytest.mark.parametrize("text", ["100", "localhost", "a.b", "-a"])
def test_host_name_is_one_label_with_a_letter(text: str) -> None:
    with pytest.raises(SettingError, match="with a letter"):
        parse("hostname", text)


def test_gateway_is_another_host() -> None:
    texts = {"net.address": "192.0.2.10/24", "net.gateway": "192.0.2.10"}
    with pytest.raises(SettingError, match="own address"):
        combined(DEFAULTS, texts)
