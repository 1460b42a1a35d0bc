"""The verbs: exactly these, and what each may be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import arguments
from .arguments import Wanted
from .host import Refused
from .machine import Answer, Machine

Check = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """What it is told, each argument with its check, and what is done then."""

    arguments: Mapping[str, Check]
    run: Callable[..., Answer]


def _network(machine: Machine, interface: str, **wanted: Any) -> Answer:
    """Of the interface alone it only tells who keeps it."""
    return machine.network(Wanted(interface, **wanted)) if wanted else machine.look(interface)


LOOK = {"interface": arguments.interface}
CHANGE = LOOK | {"address": arguments.address, "gateway": arguments.gateway, "servers": arguments.servers}
NAME = {"name": arguments.host_name, "http": arguments.port, "https": arguments.port}
VERBS: Mapping[str, tuple[Verb, ...]] = {
    "network": (Verb(LOOK, _network), Verb(CHANGE, _network)),
    "hostname": (Verb(NAME, Machine.hostname),),
    "timezone": (Verb({"zone": arguments.zone}, Machine.timezone),),
    "set-clock": (Verb({"wall": arguments.wall}, Machine.set_clock),),
    "reboot": (Verb({}, Machine.reboot),),
    "poweroff": (Verb({}, Machine.poweroff),),
    "factory-reset": (Verb({}, Machine.factory_reset),),
}
"""Each with the sets of arguments that it takes."""


def answer(machine: Machine, request: Any) -> Answer:
    """Does what is asked for: {"verb": NAME, ...its arguments}. Raises Refused, and then has changed nothing that a
    check could see."""
    if not isinstance(request, dict) or not isinstance(request.get("verb"), str):
        raise Refused('A request is an object with a "verb".')
    told = {key: value for key, value in request.items() if key != "verb"}
    forms = VERBS.get(request["verb"])
    if forms is None:
        raise Refused("There is no such verb; there are {verbs}.", verbs=", ".join(VERBS))
    verb = next((form for form in forms if set(form.arguments) == set(told)), None)
    if verb is None:
        takes = " or ".join(", ".join(form.arguments) or "nothing" for form in forms)
        raise Refused("{verb} takes {arguments}.", verb=request["verb"], arguments=takes)
    return verb.run(machine, **{key: check(told[key]) for key, check in verb.arguments.items()})
