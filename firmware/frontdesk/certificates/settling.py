"""The box's own pairs on disk: looked at, and made where there are none that are good (RFC 5280)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..files import write_whole
from . import making
from .names import Names, fingerprint
from .settled import Settled, of_files

BEFORE = "ca-before"
"""Of the files of a CA that was set aside."""


def settle(directory: Path, names: Names, now: datetime, released: datetime) -> Settled:
    """There is a CA that lasts and is good for the names that are wanted, and a leaf of it for all that it is good for.
    Raises OSError."""
    directory.mkdir(mode=0o700, exist_ok=True)
    authority, new = _authority(directory, names, now, released)
    named = replace(names, hosts=making.covered(authority.certificate, names.hosts))
    leaf = making.load(directory / "box.crt", directory / "box.key")
    if leaf is None or not making.is_good(leaf.certificate, authority.certificate, named, now):
        leaf = making.leaf(authority, named, now)
        write(directory, "box", leaf.pem + authority.pem, leaf.key_pem)
    since, until = leaf.certificate.not_valid_before_utc, making.due(leaf.certificate)
    settled = Settled(of_files(directory), names, since, until)
    settled.write(directory)
    return replace(settled, new=new)


def _authority(directory: Path, names: Names, now: datetime, released: datetime) -> tuple[making.Pair, str]:
    """The CA, and its fingerprint where it was another one until now. One that would end too soon is set aside: where
    only the clock was ahead, it is the one that phones and browsers trust, and the CA again once the clock is right."""
    current = _good_for(directory, "ca", names)
    before = current and _good_for(directory, BEFORE, names)
    chosen = next((each for each in (before, current) if each and making.is_lasting(each.certificate, now)), None)
    if chosen and chosen is current:
        return chosen, ""
    if chosen is None:
        chosen = making.authority(names.hosts, released, now)
        if current and not before:
            write(directory, BEFORE, current.pem, current.key_pem)
    write(directory, "ca", chosen.pem, chosen.key_pem)
    if chosen is before or not current:
        for kind in ("crt", "key"):
            (directory / f"{BEFORE}.{kind}").unlink(missing_ok=True)
    return chosen, fingerprint(chosen.pem)


def _good_for(directory: Path, name: str, names: Names) -> making.Pair | None:
    """The CA of that name, where there is one that is good for the names that are wanted."""
    pair = making.load(directory / f"{name}.crt", directory / f"{name}.key")
    return pair if pair and names.wanted <= making.covered(pair.certificate, names.hosts) else None


def write(directory: Path, name: str, certificate: bytes, key: bytes) -> None:
    """The key first: a certificate that is there alone would be another key's."""
    write_whole(directory / f"{name}.key", key)
    write_whole(directory / f"{name}.crt", certificate, 0o644)
