"""How a CA and its leaves are made, with what browsers ask for (RFC 5280 section 4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .names import LOCAL, PRIVATE, Names, is_private

LIFE = timedelta(days=3653)
"""Of a CA: ten years."""
LEAF = timedelta(days=397)
BACK = timedelta(days=1)
"""A leaf is good from this long before it was made: a browser's clock may be behind the box's."""
RENEW = LEAF * 2 / 3
"""The age at which a leaf is made anew."""
ORGANIZATION = "Frontdesk"


@dataclass(slots=True, frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, in the clear: the file's mode protects it."""
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def authority(hosts: Iterable[str], since: datetime, now: datetime) -> Pair:
    """A CA that is good for these names, for those of multicast DNS, and for private addresses, and for nothing else
    (RFC 5280 section 4.2.1.10), until ten years from now. `since`: when no clock was earlier, so that a CA that was
    made by a clock that was wrong is good by one that is right."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = _name(f"Frontdesk CA {serial % 16**6:06X}")
    permitted: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted({LOCAL, *hosts})]
    permitted += [x509.IPAddress(ip_network(network)) for network in PRIVATE]
    # Its names are not critical, though RFC 5280 wants that: browsers and OpenSSL keep to them all the same, and
    # mbedTLS, which many phones have (Linphone), refuses a CA with anything critical that it does not know.
    certificate = (
        _builder(name, name, key, serial, since, now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=False)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


def leaf(issuer: Pair, names: Names, now: datetime) -> Pair:
    """A certificate of a TLS server for these hosts, and for what the CA is good for among these addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    issued_by = issuer.certificate.subject
    shown = sorted(names.hosts, key=lambda host: (not host.endswith(f".{LOCAL}"), host))
    subject = _name((shown or ["frontdesk"])[0][:64])
    alternatives: list[x509.GeneralName] = [x509.DNSName(host) for host in sorted(names.hosts)]
    alternatives += [x509.IPAddress(ip_address(each)) for each in sorted(names.addresses) if is_private(each)]
    until = min(now - BACK + LEAF, issuer.certificate.not_valid_after_utc)
    since = max(now - BACK, issuer.certificate.not_valid_before_utc)
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]  # the second where the box calls
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    certificate = (
        _builder(subject, issued_by, key, x509.random_serial_number(), since, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(known, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
    return Pair(certificate, key)


def covered(certificate: x509.Certificate, hosts: Iterable[str]) -> frozenset[str]:
    """Those of these names that the CA is good for."""
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = [name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)]
    return frozenset(host for host in hosts if any(host == each or host.endswith(f".{each}") for each in permitted))


def is_lasting(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether the CA is good for the whole life of a leaf that is made now."""
    return certificate.not_valid_after_utc >= now + LEAF


def due(certificate: x509.Certificate) -> datetime:
    """When a leaf is to be made anew."""
    return min(certificate.not_valid_before_utc + RENEW, certificate.not_valid_after_utc)


def is_good(certificate: x509.Certificate, issuer: x509.Certificate, names: Names, now: datetime) -> bool:
    """Whether a leaf is this CA's, for these names, and not yet to be made anew."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # Each algorithm has an error of its own.
        return False
    said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = set(said.get_values_for_type(x509.DNSName))
    addresses = {str(address) for address in said.get_values_for_type(x509.IPAddress)}
    fresh = certificate.not_valid_before_utc <= now < due(certificate)
    return fresh and hosts == names.hosts and addresses == {each for each in names.addresses if is_private(each)}


def load(certificate: Path, key: Path) -> Pair | None:
    """What is there; None: nothing that can be read, or a key that is another's."""
    try:
        read = serialization.load_pem_private_key(key.read_bytes(), None)
        if not isinstance(read, ec.EllipticCurvePrivateKey):
            return None
        loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
        return Pair(loaded, read) if loaded.public_key() == read.public_key() else None
    except (OSError, ValueError, TypeError):
        return None


def _name(text: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION), x509.NameAttribute(NameOID.COMMON_NAME, text),
    ])  # fmt: skip


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    since: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
