"""Phones that register and call over TLS: real ones, which look at the box's certificate."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.baresip import Phone, held_and_resumed, hung_up, put_through
from tests.e2e.box import DOMAIN, Box, box_of_two, free_port

HERE = "127.0.0.1"
PBX = "127.77.0.1"
"""Where nobody else is: its usual ports are free."""
MakePhone = Callable[..., Phone]


@pytest.fixture
def port() -> int:
    """Where the box is heard over TLS."""
    return free_port((HERE,))


@pytest.fixture
def box(tmp_path: Path, port: int) -> Iterator[Box]:
    with box_of_two(tmp_path / "data", tls=port) as box:
        yield box


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A certificate that is of the PBX's address and of no CA, with its key in the same file."""
    made = tmp_path / "own.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=pbx"
    names = f"subjectAltName=IP:{PBX}"
    subprocess.run([*words.split(), "-addext", names, "-keyout", made, "-out", made.with_suffix(".crt")], check=True)
    made.write_bytes(made.with_suffix(".crt").read_bytes() + made.read_bytes())
    return made


@pytest.fixture
def secure(box: Box, port: int, phones: MakePhone) -> MakePhone:
    """Makes a phone of a user that speaks TLS."""
    return lambda user: phones(user, f"secret-{user}", f"{HERE}:{port}", DOMAIN, transport="tls", address=HERE)


def greeted(port: int, *options: str | Path, says: bytes = b"\r\n\r\n") -> bool:
    """Whether OpenSSL's client finds the box good, by these options; then it says that."""
    command = ["openssl", "s_client", "-connect", f"{HERE}:{port}", "-verify_return_error", *map(str, options)]
    done = subprocess.run(command, input=says, capture_output=True, timeout=30, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("other", ["tls", "udp"])
def test_phones_call_each_other_whatever_they_speak(
    box: Box, phones: MakePhone, secure: MakePhone, other: str
) -> None:
    first = secure("101")
    second = secure("102") if other == "tls" else phones("102", "secret-102", box.address(), DOMAIN)
    for phone in (first, second):
        phone.register()
    assert box.bindings("101")[0]["transport"] == "tls"
    for caller, callee in ((first, second), (second, first)):
        put_through(caller, callee)
        held_and_resumed(caller, callee)
        hung_up(callee, caller)
    first.unregister()
    assert box.bindings("101") == []
    assert "Nothing is wrong" in box.run("problems")


def test_box_shows_who_it_is_and_names_who_does_not_believe_it(
    box: Box, port: int, secure: MakePhone, own: Path
) -> None:
    ca = box.data / "tls" / "ca.crt"
    assert greeted(port, "-CAfile", ca, "-verify_ip", HERE) and greeted(port, "-CAfile", ca, "-tls1_2")
    assert greeted(port, "-CAfile", ca, "-servername", DOMAIN, "-verify_hostname", DOMAIN)
    assert "Nothing is wrong" in box.run("problems")
    assert not greeted(port, "-CAfile", own)
    assert f"{HERE} does not trust the box's certificate" in box.run("problems")
    assert not greeted(port, "-CAfile", ca, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    assert f"{HERE} speaks no TLS that is safe" in box.run("problems")
    assert greeted(port, "-CAfile", ca, says=b"")  # as pjsip, which says nothing where it does not believe
    assert f"{HERE} closes its TLS connection as soon as it has seen the box's certificate" in box.run("problems")
    secure("101").register()
    assert "Nothing is wrong" in box.run("problems")


def test_call_goes_out_over_tls_to_a_certificate_that_is_trusted(
    box: Box, secure: MakePhone, phones: MakePhone, own: Path
) -> None:
    """A phone stands in for a PBX that has a certificate of its own."""
    pbx = phones("pbx", "", f"{PBX}:5061", DOMAIN, address=PBX, certificate=(own, 5061))
    pbx.command("uanew", f"<sip:102@{DOMAIN}>;regint=0")
    box.run("binding", "add", "--static", "102", f"sip:102@{PBX};transport=tls")
    caller = secure("101")
    caller.register()
    caller.dial("102")
    assert caller.expect("CALL_CLOSED")["param"].startswith(("480", "503"))
    assert f"{PBX} shows a certificate that the box does not trust" in box.run("problems")
    (box.data / "tls" / "trusted.crt").write_bytes(own.read_bytes())
    caller.dial("102")
    pbx.expect("CALL_INCOMING")
    pbx.accept()
    caller.expect("CALL_ESTABLISHED")
    pbx.hang_up()
    caller.expect("CALL_CLOSED")
