"""Tokens, quoted strings, lists, numbers and header names: RFC 3261 sections 7.3 and 25.1."""

import pytest

from frontdesk.sip.errors import ParseError
from frontdesk.sip.grammar import (
    end_of_quoted,
    has_broken_escape,
    is_token,
    parse_number,
    parse_parameters,
    phrase,
    quote,
    split_unquoted,
    unquote,
    write_parameters,
)
from frontdesk.sip.headers import COMPACT, canonical_name, header_key


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        (" a , b ", ["a", "b"]),
        ("a,,b,", ["a", "", "b", ""]),
        ('"a,b", c', ['"a,b"', "c"]),
        ('"a\\",b",c', ['"a\\",b"', "c"]),
        ('"\\\\",c', ['"\\\\"', "c"]),
        ("<a,b>;x=1,c", ["<a,b>;x=1", "c"]),
        ('"<",">"', ['"<"', '">"']),
        ('<">,a', ['<">', "a"]),
    ],
)
def test_lists_are_cut_outside_quotes_and_brackets(text: str, parts: list[str]) -> None:
    assert split_unquoted(text, ",") == parts


@pytest.mark.parametrize("text", ['"', 'a,"b', '"a\\"', "<a,b", "a,<", '"\\'])
def test_what_is_never_closed_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        split_unquoted(text, ",")


@pytest.mark.parametrize("text", ["", 'a"b', "a\\b", '\\"', "é", "a\\"])
def test_quoting_can_be_undone(text: str) -> None:
    quoted = quote(text)
    assert unquote(quoted) == text
    assert end_of_quoted(quoted + '"x', 0) == len(quoted)


@pytest.mark.parametrize(
    ("text", "most", "number"),
    [("0", 9, 0), ("007", 9, 7), ("9", 9, 9), ("10", 9, None), ("", 9, None), ("-1", 9, None), ("+1", 9, None),
     (" 1", 9, None), ("1_0", 99, None), ("²", 9, None), ("\u0661", 9, None), ("9" * 9999, 9, None),
     ("0" * 9999 + "9", 9, 9), ("4294967295", 2**32 - 1, 4294967295), ("4294967296", 2**32 - 1, None)],
)  # fmt: skip
def test_numbers_are_digits_within_bounds(text: str, most: int, number: int | None) -> None:
    assert parse_number(text, most) == number


def test_parameters_keep_values_as_they_came() -> None:
    text = ' a ; B = "x;\\"y" ;;c=; a=2'
    parameters = parse_parameters(text)
    assert parameters == {"a": None, "b": '"x;\\"y"', "c": ""}
    assert parse_parameters(write_parameters(parameters)) == parameters


def test_tokens_hold_no_separators_and_only_ascii() -> None:
    assert is_token("a-.!%*_+`'~9") and is_token("INVITE")
    assert not any(is_token(text) for text in ("", "a b", "a:b", "é", "²", "a\0", '"a"', "a/b", "\udc80"))


def test_a_percent_sign_begins_two_hexadecimal_digits() -> None:
    assert not has_broken_escape("%41%aF")
    assert all(has_broken_escape(text) for text in ("%", "%4", "%4g", "%%41", "a%é1"))


def test_every_compact_form_is_its_long_name_in_any_case() -> None:
    for short, name in COMPACT.items():
        for written in (short, short.upper(), name, name.upper(), canonical_name(name), f"{name} \t"):
            assert header_key(written) == name


def test_names_are_written_as_the_rfcs_write_them() -> None:
    names = ("Call-ID", "CSeq", "WWW-Authenticate", "Max-Forwards", "Via", "Record-Route", "MIME-Version", "SIP-ETag")
    for name in names:
        assert canonical_name(name.lower()) == name


def test_what_is_no_header_name_has_no_key() -> None:
    assert [header_key(name) for name in ("", " via", "a b", "a\0", "é", "\N{KELVIN SIGN}")] == [""] * 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Sequence Number Lower Than Before", "Sequence Number Lower Than Before"),
        ("not a URI: '<sip:a@[::1]>'", "not a URI: '%3Csip:a@%5B::1%5D%3E'"),
        ('50%, "x\\y"', "50%25, %22x%5Cy%22"),
        ("one\r\nVia: two\0", "one%0D%0AVia: two%00"),
        ("caf\u00e9 \udcff", "caf\u00e9 %FF"),
    ],
)
def test_a_reason_phrase_holds_what_it_may(text: str, said: str) -> None:
    assert phrase(text) == said
