"""The registrar: what a REGISTER does to the bindings of an address-of-record (RFC 3261 section 10)."""

from .extensions import SUPPORTED, unsupported
from .registrar import Registrar
from .registration import Registration

__all__ = ["SUPPORTED", "Registrar", "Registration", "unsupported"]
