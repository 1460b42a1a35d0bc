"""Digest arithmetic and the two headers, against the examples of the RFCs."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.sip import digest
from frontdesk.sip.digest import HASHES, Credentials, challenge, h, ha1, kd
from frontdesk.sip.errors import ParseError
from frontdesk.sip.grammar import quote

RFC_2617 = """Digest username="Mufasa",
                 realm="testrealm@host.com",
                 nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
                 uri="/dir/index.html",
                 qop=auth,
                 nc=00000001,
                 cnonce="0a4f113b",
                 response="6629fae49393a05397450978507c4ef1",
                 opaque="5ccc069c403ebaf9f0171e9517f40e41\""""
RFC_7616_MD5 = """Digest username="Mufasa",
       realm="http-auth@example.org",
       uri="/dir/index.html",
       algorithm=MD5,
       nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
       nc=00000001,
       cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
       qop=auth,
       response="8ca523f5e9506fed4657c9700eebdbec",
       opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""""
RFC_7616_SHA256 = """Digest username="Mufasa",
       realm="http-auth@example.org",
       uri="/dir/index.html",
       algorithm=SHA-256,
       nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
       nc=00000001,
       cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
       qop=auth,
       response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
       opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""""
RFC_7616_SHA512 = """Digest
       username*=UTF-8''J%C3%A4s%C3%B8n%20Doe,
       realm="api@example.org",
       uri="/doe.json",
       algorithm=SHA-512-256,
       nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
       nc=00000001,
       cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
       qop=auth,
       response="ae66e67d6b427bd3f120414a82e4acff38e8ecd9101d6c861229025f607a79dd",
       opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
       userhash=false"""
RFC_3665_2_1 = """Digest username="bob", realm="atlanta.example.com"
    nonce="ea9c8e88df84f1cec4341ae6cbe5a359", opaque="",
    uri="sips:ss2.biloxi.example.com",
    response="dfe56131d1958046689d83306477ecc\""""
RFC_3665_2_2 = """Digest username="bob", realm="atlanta.example.com",
    qop="auth", nonce="1cec4341ae6cbe5a359ea9c8e88df84f", opaque="",
    uri="sips:ss2.biloxi.example.com",
    response="71ba27c64bd01de719686aa4590d5824\""""


def unfolded(text: str) -> str:
    return " ".join(text.split())


def expected(text: str, password: str) -> tuple[str, str]:
    """The response that the credentials carry, and the one that is right for a GET."""
    given = Credentials.parse(unfolded(text))
    secret = ha1(given.algorithm, given.username, given.realm, password)
    return given.response, kd(given.algorithm, secret, given.data(given.algorithm, "GET"))


# -- the examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "password"),
    [(RFC_2617, "Circle Of Life"), (RFC_7616_MD5, "Circle of Life"), (RFC_7616_SHA256, "Circle of Life")],
    ids=["rfc2617_3.5", "rfc7616_3.9.1_md5", "rfc7616_3.9.1_sha256"],
)
def test_response_of_the_rfcs_examples(text: str, password: str) -> None:
    response, right = expected(text, password)
    assert response == right


def test_sha_512_256_is_that_of_fips_180_4() -> None:
    # FIPS 180-4's own example for SHA-512/256 of "abc".
    assert h("SHA-512-256", "abc") == "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
    assert expected(RFC_7616_SHA512, "Secret, or not?")[1].startswith("3798d4131c277846293534c3edc11bd8")


def test_response_of_rfc7616_3_9_2_is_made_with_sha_512_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    # A known error of the RFC: its example is not SHA-512/256. With the hash that made it all the rest comes out.
    def cut_off(data: bytes) -> object:
        class Digest:
            def hexdigest(self) -> str:
                return hashlib.sha512(data).hexdigest()[:64]

        return Digest()

    monkeypatch.setitem(HASHES, "SHA-512-256", cut_off)
    response, right = expected(RFC_7616_SHA512, "Secret, or not?")
    assert response == right
    userhash = h("SHA-512-256", "J\u00e4s\u00f8n Doe:api@example.org")
    assert userhash == "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec"


def test_hash_of_nothing_is_that_of_rfc8760_and_rfc3261() -> None:
    assert h("SHA-256", "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert h("MD5", "") == "d41d8cd98f00b204e9800998ecf8427e"


def test_response_without_qop_is_that_of_rfc2069() -> None:
    # RFC 2069's example with the response that its erratum gives.
    text = (
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea"'
    )
    response, right = expected(text, "CircleOfLife")
    assert response == right


def test_credentials_of_rfc3665_are_read_although_a_comma_is_missing() -> None:
    given = Credentials.parse(unfolded(RFC_3665_2_1))
    assert (given.username, given.realm, given.uri) == ("bob", "atlanta.example.com", "sips:ss2.biloxi.example.com")
    assert (given.nonce, given.response) == ("ea9c8e88df84f1cec4341ae6cbe5a359", "dfe56131d1958046689d83306477ecc")
    assert given.defect() is None


def test_credentials_of_rfc3665_with_qop_but_no_count_are_defective() -> None:
    given = Credentials.parse(unfolded(RFC_3665_2_2))
    assert given.qop == "auth"
    assert given.defect() == "Digest qop without cnonce or nc"


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'Digest username="1001",realm="box",nonce="n",uri="sip:box",response="r",qop=auth,nc=0000001f,cnonce="c"',
        "Digest username=1001, realm=box, nonce=n, uri=sip:box, response=r, qop=auth, nc=0000001f, cnonce=c",
        'Digest username="1001",realm="box",nonce="n",uri="sip:box",response="r",qop="auth",nc="0000001f",cnonce=c',
        'DIGEST\tUserName = "1001" ,REALM ="box",  Nonce= "n",uri="sip:box" ,response="r",QOP=auth,NC= 1f ,cnonce="c",',
        'digest , username="1001" realm="box" nonce="n" uri="sip:box" response="r",qop=auth,nc=0000001f,,cnonce="c", x',
        'Digest nc=1F,cnonce="c",qop=auth,x="a, b",response="r",uri="sip:box",nonce="n",realm="box",username="1001"',
    ],
    ids=["tight", "unquoted", "all quoted", "odd spacing and case", "missing and spare commas", "another order"],
)
def test_credentials_are_read_however_they_are_written(text: str) -> None:
    given = Credentials.parse(text)
    assert (given.username, given.realm, given.nonce, given.uri) == ("1001", "box", "n", "sip:box")
    assert (given.response, given.algorithm, given.cnonce, given.qop, given.count) == ("r", "MD5", "c", "auth", 31)


def test_quoted_values_keep_commas_equals_signs_and_spaces() -> None:
    given = Credentials.parse('Digest username=" a, realm=\'x\' ", realm="b=c, d", uri="sip:a;x=1,2"')
    assert (given.username, given.realm, given.uri) == (" a, realm='x' ", "b=c, d", "sip:a;x=1,2")


PIECES = (
    'username="1001"', 'username = "a, nc=7"', "username*=UTF-8\'\'J%C3%A4s", 'realm="box"', "realm=box", 'nonce="n="',
    'uri="sip:box"', "response=r", "algorithm=md5", 'algorithm="SHA-256"', "qop=auth", 'qop="auth"', 'cnonce="c"',
    "username*=\"UTF-8''J\"", "qop=anc=5", "qop=anc=6", 'realm="b\\ox"',
    "nc=00000001", "NC=2", "nc= 3", "nc = 4", 'nc="5"', "nc=", "nc=6 7", "sync=8", "nc", 'x="nc=9"', 'opaque=""', '"',
    '"q"', "", 'opaque="\\"o"', "\\",
)  # fmt: skip


BEGINS = ("", 'username="a",nc=1,', 'username="b",nc=2,', "nc=3,")
MORE = st.tuples(st.sampled_from(PIECES), st.sampled_from((",", ", ", " ", "")))
TEXTS = st.tuples(st.sampled_from(BEGINS), st.lists(MORE, max_size=3))


@settings(max_examples=1000)
@given(st.lists(TEXTS, max_size=4))
def test_credentials_are_read_alike_whatever_came_before(many: list[tuple[str, list[tuple[str, str]]]]) -> None:
    for begin, pieces in many:
        text = begin + "".join(piece + between for piece, between in pieces)
        try:
            values = digest._picked(digest._parameters(text))
        except ParseError:
            with pytest.raises(ParseError):
                digest._values(text)
            continue
        assert digest._values(text) == values


def test_credentials_of_a_form_that_was_seen_are_read_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        'Digest username="{0}", nonce="{1}", uri="sip:x", response="{2}", algorithm=MD5, qop=auth, nc={3}, cnonce="c"'
    )
    Credentials.parse(text.format("a", "n", "r", "00000001"))
    monkeypatch.setattr(digest, "_parameters", lambda text: pytest.fail("read anew"))
    given = Credentials.parse(text.format("b", "m", "s", "0000001f"))
    assert (given.username, given.nonce, given.response, given.count) == ("b", "m", "s", 31)
    assert (given.uri, given.algorithm, given.qop, given.cnonce, given.opaque) == ("sip:x", "MD5", "auth", "c", "")


def test_first_of_a_name_counts() -> None:
    assert Credentials.parse('Digest username="a", username="b"').username == "a"


@pytest.mark.parametrize("text", ["", "Digest", "Digest ", "Basic QWxhZGRpbg==", 'Digestusername="a"'])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="not Digest"):
        Credentials.parse(text)


@pytest.mark.parametrize(
    "text", ['Digest username="a', 'Digest username="a\\"', 'Digest "a", realm="b"', 'Digest a=b"c"']
)
def test_quotes_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(ParseError, match="quoted string"):
        Credentials.parse(text)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text("\\\" ,=a'%"))
def test_parse_reads_what_quote_writes(username: str, realm: str) -> None:
    given = Credentials.parse(f"Digest username={quote(username)}, nonce=x, realm={quote(realm)},qop=auth")
    assert (given.username, given.realm, given.nonce, given.qop) == (username, realm, "x", "auth")


@given(st.text("Digest \\\",=aunrealmnc*'%09\udcff\x00") | st.text())
def test_no_text_raises_anything_but_parse_error(text: str) -> None:
    for value in (text, f"Digest {text}"):
        try:
            credentials = Credentials.parse(value)
        except ParseError:
            continue
        credentials.defect()
        assert credentials.data("MD5", "REGISTER")


@pytest.mark.parametrize(
    ("nc", "count"), [("00000001", 1), ("1", 1), ("FFFFFFFF", 2**32 - 1), ("000000000", -1), ("", -1)]
)
def test_nonce_count_is_at_most_eight_hexadecimal_digits(nc: str, count: int) -> None:
    assert Credentials.parse(f'Digest nc={nc}, realm="x"').count == count


@pytest.mark.parametrize("nc", ["-1", "+1", "0x1", "1_0", "\u0661", "1 1", "g"])
def test_nonce_count_that_is_no_number_is_none(nc: str) -> None:
    assert Credentials.parse(f'Digest nc={nc}, realm="x"').count == -1


def test_extended_user_name_is_percent_encoded_utf_8() -> None:
    assert Credentials.parse(unfolded(RFC_7616_SHA512)).username == "J\u00e4s\u00f8n Doe"
    assert Credentials.parse("Digest username*=ISO-8859-1''J%E4").username == ""


# -- defects (RFC 7616 section 3.4: 400) ------------------------------------------------------------------------------

GOOD = 'username="a", realm="b", nonce="n", uri="sip:b", response="r"'


@pytest.mark.parametrize(
    "more", ["", ", qop=auth, nc=00000001, cnonce=x", ', QOP="AUTH", nc=1, cnonce=x', ", nc=7, cnonce=x"]
)
def test_whole_credentials_have_no_defect(more: str) -> None:
    assert Credentials.parse(f"Digest {GOOD}{more}").defect() is None


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ('realm="b", nonce="n", uri="sip:b", response="r"', "without username, uri or response"),
        ('username="a", realm="b", nonce="n", response="r"', "without username, uri or response"),
        ('username="a", realm="b", nonce="n", uri="sip:b", response=""', "without username, uri or response"),
        (f"{GOOD}, algorithm=MD5-sess", "-sess"),
        (f'{GOOD}, algorithm="sha-256-SESS", qop=auth, nc=00000001, cnonce=x', "-sess"),
        (f"{GOOD}, qop=auth-int, nc=00000001, cnonce=x", "qop is not auth"),
        (f'{GOOD}, qop="auth,auth-int", nc=00000001, cnonce=x', "qop is not auth"),
        (f"{GOOD}, qop=auth", "without cnonce or nc"),
        (f"{GOOD}, qop=auth, nc=00000001", "without cnonce or nc"),
        (f"{GOOD}, qop=auth, nc=one, cnonce=x", "nc is not a number"),
    ],
)
def test_defect_is_named(text: str, defect: str) -> None:
    assert defect in (Credentials.parse(f"Digest {text}").defect() or "")


# -- challenges -------------------------------------------------------------------------------------------------------


def test_challenge_quotes_realm_nonce_and_qop_and_no_more() -> None:
    assert (
        challenge('my "box"', "n", "SHA-256")
        == 'Digest realm="my \\"box\\"", nonce="n", algorithm=SHA-256, qop="auth"'
    )
    assert challenge("b", "n", "MD5", True) == 'Digest realm="b", nonce="n", algorithm=MD5, qop="auth", stale=true'


def test_algorithm_that_openssl_lacks_is_left_out() -> None:
    def lacking(data: bytes) -> object:
        raise ValueError("unsupported hash type")

    assert digest._present({"MD5": hashlib.md5, "SHA-512-256": lacking}) == {"MD5": hashlib.md5}
