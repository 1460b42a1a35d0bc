"""The box's own CA and its leaf, checked by OpenSSL's own program."""

from __future__ import annotations

import errno
import hashlib
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from frontdesk import RELEASED
from frontdesk.certificates import Certificates, Names, making, released, settle_apart
from frontdesk.certificates.names import is_private
from frontdesk.certificates.settled import Settled
from frontdesk.certificates.settling import settle

NAMES = Names(frozenset({"frontdesk", "frontdesk.local", "localhost"}), frozenset({"127.0.0.1", "192.168.1.5"}))
NOW = released() + timedelta(days=100)


class House:
    """Certificates whose names and clock can be moved."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "tls"
        self.names, self.now = NAMES, NOW
        self.make: Callable[[Path, Names, datetime, datetime], Settled] = settle
        self.certificates = self.restarted()

    def restarted(self) -> Certificates:
        """As after a restart."""
        return Certificates(self.directory, lambda: self.names, lambda: self.now.timestamp(), self.make)

    def leaf(self) -> x509.Certificate:
        """What a browser is shown now."""
        self.certificates.context()
        return x509.load_pem_x509_certificate((self.directory / "box.crt").read_bytes())

    def verify(self, *options: str) -> str:
        """What OpenSSL thinks of it at this time."""
        at = str(int(max(self.now, released()).timestamp()))
        command = ["openssl", "verify", "-x509_strict", "-attime", at, "-CAfile", "ca.crt", *options, "box.crt"]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=False, timeout=20)
        return (done.stdout + done.stderr).strip()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_openssl_accepts_the_leaf_for_each_of_the_boxs_names_and_no_other(house: House) -> None:
    house.leaf()
    for options in (("-verify_hostname", "frontdesk.local"), ("-verify_ip", "192.168.1.5"), ("-purpose", "sslserver")):
        assert house.verify(*options) == "box.crt: OK"
    assert "hostname mismatch" in house.verify("-verify_hostname", "example.com").lower()


@pytest.mark.parametrize("years", [0, 9, 30])
def test_ca_is_good_from_the_release_until_ten_years_from_now(house: House, years: int) -> None:
    house.now = NOW + timedelta(days=365 * years)
    house.leaf()
    authority = x509.load_pem_x509_certificate(house.certificates.authority)
    assert authority.not_valid_before_utc.timestamp() == RELEASED
    assert authority.not_valid_after_utc - house.now == timedelta(days=3653)


def test_ca_that_would_end_before_a_leaf_does_is_made_anew(house: House) -> None:
    house.leaf()
    shown = house.certificates.fingerprint
    last = NOW + timedelta(days=3653 - 397)
    house.now = last
    assert house.leaf().not_valid_after_utc > last + timedelta(days=390)
    assert house.certificates.fingerprint == shown and house.verify() == "box.crt: OK"
    house.now = last + timedelta(days=300)
    house.leaf()
    assert house.certificates.fingerprint != shown and house.verify() == "box.crt: OK"


def test_certificate_is_good_at_any_time_and_after_any_restart(house: House) -> None:
    for days in range(0, 30 * 365, 180):
        house.now = NOW + timedelta(days=days)
        house.certificates = house.restarted() if days % 360 else house.certificates
        house.leaf()
        assert house.verify() == "box.crt: OK"


def test_ca_of_a_clock_that_was_ahead_is_good_by_one_that_is_right(house: House) -> None:
    house.now = NOW + timedelta(days=20 * 365)
    house.leaf()
    shown = house.certificates.fingerprint
    house.now = NOW
    house.leaf()
    assert house.certificates.fingerprint == shown and house.verify() == "box.crt: OK"


def test_leaf_is_used_no_longer_than_it_is_good(house: House) -> None:
    """Whoever made it: one of a CA that ended soon, by an older release."""
    house.leaf()
    authority = making.load(house.directory / "ca.crt", house.directory / "ca.key")
    assert authority is not None
    until = authority.certificate.not_valid_after_utc
    short = making.leaf(authority, NAMES, until - timedelta(days=30)).certificate
    assert short.not_valid_after_utc == until == making.due(short)


def test_keys_are_for_the_box_alone(house: House) -> None:
    house.leaf()
    assert {oct(os.stat(house.directory / name).st_mode & 0o777) for name in ("ca.key", "box.key")} == {"0o600"}
    assert os.stat(house.directory).st_mode & 0o777 == 0o700


def test_ca_is_good_for_nothing_else_even_with_its_key(house: House) -> None:
    house.leaf()
    authority = making.load(house.directory / "ca.crt", house.directory / "ca.key")
    assert authority is not None
    stolen = making.leaf(authority, Names(frozenset({"bank.example"}), frozenset()), NOW)
    (house.directory / "box.crt").write_bytes(stolen.pem)
    assert "permitted subtree violation" in house.verify()


def test_nothing_in_the_ca_is_critical_that_mbedtls_does_not_know(house: House) -> None:
    """It takes basicConstraints and keyUsage; Linphone refuses all connections with any other."""
    house.leaf()
    authority = x509.load_pem_x509_certificate(house.certificates.authority)
    known = {x509.BasicConstraints.oid, x509.KeyUsage.oid}
    assert {each.oid for each in authority.extensions if each.critical} <= known


def test_public_address_is_left_out_of_the_leaf(house: House) -> None:
    house.names = Names(NAMES.hosts, NAMES.addresses | {"9.9.9.9"})
    said = house.leaf().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert sorted(map(str, said.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "192.168.1.5"]
    assert house.verify() == "box.crt: OK"


def test_leaf_is_made_anew_at_two_thirds_of_its_397_days(house: House) -> None:
    first = house.leaf()
    assert first.not_valid_after_utc - first.not_valid_before_utc == timedelta(days=397)
    house.now = first.not_valid_before_utc + timedelta(days=264)
    assert house.leaf().serial_number == first.serial_number
    house.now += timedelta(days=1)
    assert house.leaf().serial_number != first.serial_number
    assert house.verify() == "box.crt: OK"


def test_clock_of_1970_and_one_that_is_set_later_are_both_sane(house: House) -> None:
    house.now = datetime(1970, 1, 2, tzinfo=UTC)
    early = house.leaf()
    assert house.verify() == "box.crt: OK"
    house.now = released() + timedelta(days=3 * 365)
    assert house.leaf().not_valid_after_utc > house.now and house.leaf().serial_number != early.serial_number
    assert house.verify() == "box.crt: OK"


def test_all_of_it_stays_the_same_over_a_restart(house: House) -> None:
    first, shown = house.leaf().serial_number, house.certificates.fingerprint
    house.certificates = house.restarted()
    assert (house.leaf().serial_number, house.certificates.fingerprint) == (first, shown)


def test_what_is_noted_of_good_files_saves_looking_into_them(house: House) -> None:
    house.leaf()
    house.make = unwanted
    house.certificates = house.restarted()
    house.leaf()


def unwanted(*_: object) -> Settled:
    raise AssertionError("it is all there")


def test_library_that_makes_certificates_is_never_loaded_by_the_box_itself(house: House) -> None:
    program = (
        "import sys, time; from pathlib import Path; from frontdesk.certificates import Certificates, Names\n"
        "names = Names(frozenset({'frontdesk.local'}), frozenset({'127.0.0.1'}))\n"
        "made = Certificates(Path(sys.argv[1]), lambda: names, time.time)\n"
        "made.context(); print(made.fingerprint, 'cryptography' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(house.directory)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    assert said == [house.certificates.fingerprint, "False"]
    assert (house.directory / "box.key").stat().st_mode & 0o777 == 0o600


def test_certificate_that_cannot_be_written_is_one_sentence(house: House) -> None:
    house.directory /= "below nothing"
    house.make = settle_apart
    house.certificates = house.restarted()
    with pytest.raises(OSError, match=r"no certificate was made: .*No such file"):
        house.certificates.context()


def test_fault_is_told_until_there_is_a_certificate(house: House) -> None:
    house.directory.write_text("in the way")
    with pytest.raises(OSError, match="File exists"):
        house.certificates.context()
    assert "File exists" in house.certificates.fault
    house.directory.unlink()
    house.certificates.context()
    assert house.certificates.fault == ""


def test_folder_that_nobody_may_look_into_is_a_fault_and_stops_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where root has made it, to put a certificate there."""

    def refused(path: Path, *_: object, **__: object) -> object:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    for name in ("stat", "read_bytes", "mkdir"):
        monkeypatch.setattr(Path, name, refused)
    house.certificates.prepare(wait=True)
    assert not house.certificates.is_given and house.certificates.authority == b""
    assert "Permission denied" in house.certificates.fault


def test_only_a_start_waits_for_certificates(house: House) -> None:
    begun = threading.Event()

    def make(*words: Any) -> Settled:
        begun.wait(5.0)
        return settle(*words)

    house.make = make
    house.certificates = house.restarted()
    house.certificates.prepare(wait=False)
    before = house.certificates.authority
    begun.set()
    for thread in threading.enumerate():
        if thread.name == "certificates":
            thread.join(10)
    assert not before and house.certificates.authority


def test_new_address_or_mdns_name_gets_a_new_leaf_of_the_same_ca(house: House) -> None:
    house.leaf()
    shown = house.certificates.fingerprint
    house.names = Names(NAMES.hosts | {"lobby.local"}, NAMES.addresses | {"10.0.0.9"})
    house.leaf()
    assert house.verify("-verify_hostname", "lobby.local") == house.verify("-verify_ip", "10.0.0.9") == "box.crt: OK"
    assert house.certificates.fingerprint == shown


def test_ca_that_browsers_trust_stays_where_the_box_is_called_otherwise(house: House) -> None:
    """A domain, a host name or a network that has come later: the box's older names are still good."""
    house.leaf()
    shown = house.certificates.fingerprint
    house.names = Names(NAMES.hosts | {"office.example", "lobby", "lobby.local"}, NAMES.addresses)
    house.leaf()
    assert house.verify("-verify_hostname", "frontdesk.local") == "box.crt: OK"
    assert house.verify("-verify_hostname", "lobby.local") == "box.crt: OK"
    assert "hostname mismatch" in house.verify("-verify_hostname", "office.example").lower()
    assert house.certificates.fingerprint == shown


def test_name_that_somebody_wants_and_the_ca_is_not_good_for_gets_a_new_ca(house: House) -> None:
    house.leaf()
    shown = house.certificates.fingerprint
    house.names = Names(NAMES.hosts | {"box.office.example"}, NAMES.addresses, frozenset({"box.office.example"}))
    house.leaf()
    assert house.verify("-verify_hostname", "box.office.example") == "box.crt: OK"
    assert house.certificates.fingerprint != shown


def damage_key(directory: Path) -> None:
    (directory / "box.key").write_bytes((directory / "ca.key").read_bytes())


def cut_leaf(directory: Path) -> None:
    (directory / "box.crt").write_bytes((directory / "box.crt").read_bytes()[:100])


def empty_ca(directory: Path) -> None:
    (directory / "ca.key").write_bytes(b"")


def another_note(directory: Path) -> None:
    (directory / "box.json").write_text('{"files": ""}')
    (directory / "box.crt").unlink()


@pytest.mark.parametrize("damage", [damage_key, cut_leaf, empty_ca, another_note])
def test_files_that_are_damaged_are_made_anew(house: House, damage: Callable[[Path], None]) -> None:
    house.leaf()
    damage(house.directory)
    house.certificates = house.restarted()
    house.leaf()
    assert house.verify() == "box.crt: OK"


def test_nothing_of_it_is_left_once_it_is_forgotten(house: House) -> None:
    house.leaf()
    (house.directory / "given.crt").write_text("somebody's")
    before = house.certificates.fingerprint
    house.certificates.forget()
    assert not house.directory.exists() and house.certificates.fingerprint == ""
    house.leaf()
    assert house.certificates.fingerprint not in ("", before)


def test_given_pair_is_used_and_a_newer_one_with_no_restart(house: House) -> None:
    house.leaf()
    for number in (1, 2):
        pair = making.authority(frozenset({f"given{number}"}), released(), NOW)
        (house.directory / "given.key").write_bytes(pair.key_pem)
        (house.directory / "given.crt").write_bytes(pair.pem)
        os.utime(house.directory / "given.crt", (number, number))
        house.certificates.context()
        assert house.certificates.authority == b""
        shown = ssl.PEM_cert_to_DER_cert(pair.pem.decode())
        assert house.certificates.fingerprint == hashlib.sha256(shown).digest().hex(":").upper()


def test_given_pair_that_is_broken_shuts_nobody_out(house: House) -> None:
    (house.directory).mkdir()
    (house.directory / "given.key").write_bytes(b"nonsense")
    (house.directory / "given.crt").write_bytes(b"nonsense")
    house.leaf()
    assert house.certificates.authority and len(house.certificates.fingerprint) == 95 and house.certificates.unused
    assert house.verify("-verify_hostname", "frontdesk.local") == "box.crt: OK"


def test_good_pair_in_place_of_a_broken_one_is_used(house: House) -> None:
    test_given_pair_that_is_broken_shuts_nobody_out(house)
    pair = making.authority(frozenset({"given"}), released(), NOW)
    (house.directory / "given.key").write_bytes(pair.key_pem)
    (house.directory / "given.crt").write_bytes(pair.pem)
    os.utime(house.directory / "given.crt", (1, 1))
    house.certificates.context()
    assert house.certificates.is_given and not house.certificates.authority and not house.certificates.unused


@pytest.mark.parametrize("is_trusted", [False, True])
def test_whom_the_box_calls_over_tls_shows_a_certificate_of_that_name_that_it_trusts(
    house: House, tmp_path: Path, *, is_trusted: bool
) -> None:
    now = datetime.now(UTC)  # by which OpenSSL judges
    names = Names(frozenset({"pbx.test", "*.pbx.test"}), frozenset())
    pair = making.leaf(making.authority(frozenset(), now - timedelta(days=9), now), names, now)
    (tmp_path / "pair.pem").write_bytes(pair.key_pem + pair.pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "pair.pem")
    client = house.certificates.outgoing()
    assert client.verify_mode is ssl.CERT_REQUIRED and client.check_hostname
    if is_trusted:  # the leaf alone, as of a PBX that has signed it itself
        (house.directory / "trusted.crt").write_bytes(pair.pem)
    # RFC 5922 section 7.2: no wildcard stands for a name.
    for name, is_good in (("pbx.test", is_trusted), ("elsewhere.example", False), ("sip.pbx.test", False)):
        assert shakes_hands(house.certificates.outgoing(), server, name) is is_good


def test_phones_get_no_tickets_of_tls_1_3_after_which_pjsip_on_gnutls_hears_nothing(house: House) -> None:
    assert house.certificates.context().num_tickets == 0


def shakes_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
    for end in (*ends, *ends):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return False
    return True


def test_certificate_to_trust_that_is_none_is_one_sentence(house: House) -> None:
    house.certificates.outgoing()
    (house.directory / "trusted.crt").write_text("nothing")
    with pytest.raises(ValueError, match=r"^trusted\.crt cannot be used: "):
        house.certificates.outgoing()


def test_context_of_outgoing_connections_is_made_once(house: House) -> None:
    assert house.certificates.outgoing() is house.certificates.outgoing()


def test_openssl_and_the_box_show_the_same_fingerprint(house: House) -> None:
    house.leaf()
    command = ["openssl", "x509", "-in", "ca.crt", "-noout", "-fingerprint", "-sha256"]
    done = subprocess.run(command, cwd=house.directory, capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip().partition("=")[2] == house.certificates.fingerprint


def test_private_addresses_are_those_of_the_rfcs() -> None:
    assert all(map(is_private, ("10.1.2.3", "192.168.0.1", "fe80::1", "fd00::1")))
    assert not any(map(is_private, ("8.8.8.8", "2001:db8::1")))
