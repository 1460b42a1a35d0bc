"""The box's own pairs on disk: looked at, and made where there are none that are good (RFC 5280)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..files import write_whole
from . import making
from .names import Names, fingerprint
from .settled import Settled, of_files


def settle(directory: Path, names: Names, now: datetime, released: datetime) -> Settled:
    """There is a CA that lasts and is good for the names that are wanted, and a leaf of it for all that it is good for.
    Raises OSError."""
    directory.mkdir(mode=0o700, exist_ok=True)
    new = ""
    authority = making.load(directory / "ca.crt", directory / "ca.key")
    if (
        authority is None
        or not making.is_lasting(authority.certificate, now)
        or not names.wanted <= making.covered(authority.certificate, names.hosts)
    ):
        authority = making.authority(names.hosts, released, now)
        write(directory, "ca", authority.pem, authority.key_pem)
        new = fingerprint(authority.pem)
    named = replace(names, hosts=making.covered(authority.certificate, names.hosts))
    leaf = making.load(directory / "box.crt", directory / "box.key")
    if leaf is None or not making.is_good(leaf.certificate, authority.certificate, named, now):
        leaf = making.leaf(authority, named, now)
        write(directory, "box", leaf.pem + authority.pem, leaf.key_pem)
    since, until = leaf.certificate.not_valid_before_utc, making.due(leaf.certificate)
    settled = Settled(of_files(directory), names, since, until)
    settled.write(directory)
    return replace(settled, new=new)


def write(directory: Path, name: str, certificate: bytes, key: bytes) -> None:
    """The key first: a certificate that is there alone would be another key's."""
    write_whole(directory / f"{name}.key", key)
    write_whole(directory / f"{name}.crt", certificate, 0o644)
