"""Every message of RFC 4475 and RFC 5118 as its archive holds it, and what must happen to each, as its section says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Torture:
    """One message.

    `answer`: None where it is to be worked on like any other, 0 where silence is right, else the status. `level`: "sip"
    where parser and checks say so; "core" where only later rooms can, so that parser and checks accept it. The core's
    answer holds for a sender without credentials; `trusted` is what it is once authentication has nothing to ask.
    """

    rfc: int
    name: str
    section: str
    answer: int | None
    level: str = "sip"
    trusted: int | None = None
    note: str = ""

    @property
    def data(self) -> bytes:
        """The bytes of a datagram. The archive of RFC 5118 has lost its carriage returns, which are put back."""
        data = self.archived
        return data.replace(b"\n", b"\r\n") if self.rfc == 5118 else data

    @property
    def archived(self) -> bytes:
        """Byte for byte as the RFC's appendix holds it."""
        return (HERE / f"rfc{self.rfc}" / f"{self.name}.dat").read_bytes()

    def __str__(self) -> str:
        return self.name


def _core(name: str, section: str, trusted: int | None, answer: int | None = None, note: str = "") -> Torture:
    return Torture(4475, name, section, answer if answer is not None else trusted, "core", trusted, note)


def _v6(name: str, section: str, answer: int | None = None, note: str = "") -> Torture:
    return Torture(5118, name, section, answer, note=note)


MESSAGES = (
    # Valid messages: 3.1.1
    Torture(4475, "wsinv", "3.1.1.1", None),
    Torture(4475, "intmeth", "3.1.1.2", None),
    Torture(4475, "esc01", "3.1.1.3", None),
    Torture(4475, "escnull", "3.1.1.4", None),
    Torture(4475, "esc02", "3.1.1.5", None),
    Torture(4475, "lwsdisp", "3.1.1.6", None),
    Torture(4475, "longreq", "3.1.1.7", None),
    Torture(4475, "dblreq", "3.1.1.8", None),
    Torture(4475, "semiuri", "3.1.1.9", None),
    Torture(4475, "transports", "3.1.1.10", None),
    Torture(4475, "mpart01", "3.1.1.11", None),
    Torture(4475, "unreason", "3.1.1.12", None),
    Torture(4475, "noreason", "3.1.1.13", None),
    # Invalid messages: 3.1.2
    Torture(4475, "badinv01", "3.1.2.1", 400),
    Torture(4475, "clerr", "3.1.2.2", 400),
    Torture(4475, "ncl", "3.1.2.3", 400),
    Torture(4475, "scalar02", "3.1.2.4", 400),
    Torture(4475, "scalarlg", "3.1.2.5", 0),
    Torture(4475, "quotbal", "3.1.2.6", 400),
    Torture(4475, "ltgtruri", "3.1.2.7", 400),
    Torture(4475, "lwsruri", "3.1.2.8", 400),
    Torture(4475, "lwsstart", "3.1.2.9", None, note="liberal: goes on with single spaces"),
    Torture(4475, "trws", "3.1.2.10", None, note="liberal: goes on without the spaces"),
    Torture(4475, "escruri", "3.1.2.11", 400),
    Torture(4475, "baddate", "3.1.2.12", None, note="Date is not looked at"),
    _core("regbadct", "3.1.2.13", 400, 401, note="only a registrar reads Contact"),
    Torture(4475, "badaspec", "3.1.2.14", None, note="liberal: spaces inside the brackets"),
    Torture(4475, "baddn", "3.1.2.15", 400),
    Torture(4475, "badvers", "3.1.2.16", 505),
    Torture(4475, "mismatch01", "3.1.2.17", 400),
    Torture(4475, "mismatch02", "3.1.2.18", 501),
    Torture(4475, "bigcode", "3.1.2.19", 0),
    # Transactions and what is above them: 3.2 to 3.4
    Torture(4475, "badbranch", "3.2.1", None, note="matched as RFC 2543 would"),
    Torture(4475, "insuf", "3.3.1", 400),
    _core("unkscm", "3.3.2", 416),
    _core("novelsc", "3.3.3", 416),
    _core("unksm2", "3.3.4", 400, 401),
    _core("bext01", "3.3.5", 420),
    _core("invut", "3.3.6", None, 407, note="a proxy passes any body on"),
    _core("regaut01", "3.3.7", 401),
    Torture(4475, "multi01", "3.3.8", 400),
    Torture(4475, "mcl01", "3.3.9", 400),
    _core("bcast", "3.3.10", 0, note="no transaction is waiting for it"),
    _core("zeromf", "3.3.11", 483),
    _core("cparam01", "3.3.12", 200, 401, note="unknownparam belongs to the header, not to the URI"),
    _core("cparam02", "3.3.13", 200, 401, note="unknownparam belongs to the URI"),
    _core("regescrt", "3.3.14", 200, 401, note="the escaped Route stays in the binding's URI"),
    _core("sdp01", "3.3.15", None, 407, note="a proxy does not read Accept"),
    Torture(4475, "inv2543", "3.4.1", None),
    Torture(4475, "test", "A.1", 0, note="in the archive alone; it has no Via, so that nobody can be answered"),
    # IPv6: RFC 5118
    _v6("ipv6-good", "4.1"),
    _v6("ipv6-bad", "4.2", 400),
    _v6("port-ambiguous", "4.3"),
    _v6("port-unambiguous", "4.4"),
    _v6("via-received-param-with-delim", "4.5"),
    _v6("via-received-param-no-delim", "4.5"),
    _v6("ipv6-in-sdp", "4.6", 400, note="meant to be valid, but its body has 251 bytes, not 268"),
    _v6("mult-ip-in-header", "4.7"),
    _v6("mult-ip-in-sdp", "4.8"),
    _v6("ipv4-mapped-ipv6", "4.9"),
    _v6("ipv6-bug-abnf-3-colons", "4.10"),
    _v6("ipv6-correct-abnf-2-colons", "4.10"),
)
