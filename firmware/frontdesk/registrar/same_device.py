"""Which binding a device had before: marks that survive another address or Contact (RFC 3261 leaves it open; asterisk
#1389)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

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


def told_apart(contact: Contact, bindings: Iterable[Binding], call_id: str) -> Contact:
    """It names no instance where another device has the same name: who comes back after somebody was taken for him is
    another one, and stays so. pjsip makes the name out of the host's, which is `localhost` on many an Android phone.

    RFC 5626 section 6 has them share one binding, but only where the registrar says that it goes by it (`Require:
    outbound`), which the box does not.
    """
    if contact.instance and any(_is_namesake(each, contact, call_id) for each in bindings):
        return replace(contact, instance=None, reg_id=None)
    return contact


def _is_namesake(binding: Binding, contact: Contact, call_id: str) -> bool:
    if binding.call_id == call_id:
        return binding.instance is None and binding.parameters == contact.parameters
    return binding.instance == contact.instance and call_id in binding.displaced


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
