"""Which binding a device had before: marks that survive another address or Contact (RFC 3261 leaves it open; asterisk
#1389)."""

from __future__ import annotations

import re

from ..model import Binding, BindingState
from ..sip.wire import Flow
from .contact import Contact

# Twelve digits without a letter are a telephone number or a date more often than a MAC address.
_MAC = re.compile(
    r"(?<![0-9a-z])(?:(?![0-9]{12})[0-9a-f][048c][0-9a-f]{10}|[0-9a-f][048c](?:[:-][0-9a-f]{2}){5})(?![0-9a-z])",
    re.IGNORECASE,
)


def same_device(binding: Binding, contact: Contact, call_id: str, device: str) -> bool:
    """Whether a REGISTER with these marks certainly comes from the device that holds `binding`: by its own secret, or
    its Call-ID. Where both name an instance that alone decides."""
    if binding.state is BindingState.STATIC or (binding.instance and contact.instance):
        return False  # equal ones were found by the instance before; reg-id may set them apart
    return bool(device and device == binding.device) or call_id == binding.call_id


def looks_alike(binding: Binding, contact: Contact, flow: Flow | None, user_agent: str) -> bool:
    """Whether it seems so, by its MAC or the live flow; by equal User-Agent and source address only when its old
    connection is closed, since two equal phones behind one router are two. `flow` is None where it is that of a proxy.
    """
    if binding.state is BindingState.STATIC or (binding.instance and contact.instance):
        return False
    mac = mac_address(user_agent, contact.text, contact.parameters)
    if mac is not None and mac == mac_address(binding.user_agent, binding.contact, binding.parameters):
        return True
    if binding.flow is None or flow is None:
        return False
    if binding.connected:
        return flow == binding.flow
    return bool(user_agent) and user_agent == binding.user_agent and flow.remote[0] == binding.flow.remote[0]


def mac_address(user_agent: str, contact: str, parameters: str) -> str | None:
    """The first MAC address as 12 lower-case digits: Yealink, Snom and others put theirs into User-Agent or Contact.
    The user part is a name or number, whatever it looks like. A maker gives addresses of one station that are the same
    everywhere (the two lowest bits of the first octet are 0, IEEE 802)."""
    for text in (user_agent, contact.rpartition("@")[2], parameters):
        found = _MAC.search(text)
        if found:
            return found[0].replace(":", "").replace("-", "").lower()
    return None
