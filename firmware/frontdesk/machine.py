"""The computer as the box's own: what needs root goes through frontdesk-helper, a line of JSON each way."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from .config import NETWORK, read_host_name
from .control import VerbError
from .control.errors import Sentence
from .control.host import INTERFACES, ManagedElsewhere, System, read_gateways
from .control.owed import RESET, owe
from .control.parts import Records
from .model import Settings

HELPER = Path("/run/frontdesk-helper/helper.sock")
PATIENCE = 90.0
"""Seconds: NetworkManager takes its time to bring an interface up."""
LONGEST = 1 << 16
"""Bytes of an answer."""


class Foreign(VerbError):
    """Another one keeps that part of the computer; the helper says who."""


class Machine(ManagedElsewhere):
    """A computer with a helper."""

    def __init__(self, helper: Path = HELPER, interface: str = "") -> None:
        """`interface`: the board's, if it is known."""
        self._helper = helper
        self._interface = interface
        self._ports = (0, 0)
        self.read_only = ""

    def defaults(self, settings: Settings) -> Settings:
        """Name and time zone are the computer's own, until others are set."""
        with suppress(ValueError):
            settings = replace(settings, hostname=read_host_name(os.uname().nodename.partition(".")[0]))
        return super().defaults(settings)

    @property
    def interface(self) -> str:
        """The one that the settings are for: the board's, else that which leads to other networks, else the first."""
        found = sorted(path for path in INTERFACES.iterdir() if path.name != "lo")
        wanted = [self._interface, *read_gateways(), *(path.name for path in found if (path / "device").exists())]
        return next((name for name in wanted if any(path.name == name for path in found)), "")

    async def apply(self, settings: Settings, keys: Sequence[str]) -> list[str]:
        """The settings of these keys; the network comes last, since it may take the way back with it."""
        notes: list[str] = []
        if "timezone" in keys:
            await self._ask("timezone", zone=settings.timezone)
        if "hostname" in keys:
            await self._name(settings.hostname)
        network = [key for key in NETWORK if key in keys]
        if network:
            try:
                notes += await self._network(settings)
            except Foreign as error:
                why = Sentence.of(error)
                notes.append(Sentence("{keys}: kept, but not used here. {why}", keys=", ".join(network), why=why))
        return notes

    async def announce(self, hostname: str, http_port: int, https_port: int) -> None:
        """Asks avahi for it; who keeps the network is looked at, too."""
        self._ports = (http_port, https_port)
        try:
            await self._ask("network", interface=self.interface)
            self.read_only = ""
        except VerbError as error:
            self.read_only = Sentence.of(error)
        await self._name(hostname)

    async def set_clock(self, wall: float) -> None:
        """Unless a time server does."""
        await self._ask("set-clock", wall=wall)

    async def reboot(self) -> None:
        """systemd ends the box first."""
        await self._ask("reboot")

    async def poweroff(self) -> None:
        """systemd ends the box first."""
        await self._ask("poweroff")

    async def reset(self) -> None:
        """Network, name and time zone as they were before the box."""
        await self._ask("factory-reset")

    async def _network(self, settings: Settings) -> list[str]:
        answer = await self._ask(
            "network", interface=self.interface, address=settings.net_address, gateway=settings.net_gateway,
            servers=list(settings.net_dns),
        )  # fmt: skip
        return [Sentence(template) for template in answer.get("notes", ())]

    async def _name(self, hostname: str) -> None:
        http, https = self._ports
        await self._ask("hostname", name=hostname, http=http, https=https)

    async def _ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """The helper's answer. Raises VerbError."""
        import asyncio  # A command where no box runs does without it, and starts sooner.

        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._converse({"verb": verb, **arguments})
        except (OSError, ValueError):  # TimeoutError is one, and what is no JSON.
            raise VerbError(
                "frontdesk-helper, which does for the box what needs root, does not answer ({verb}).", verb=verb
            ) from None
        if "error" in answer:
            refusal = Foreign if answer.get("foreign") else VerbError
            raise refusal(str(answer.get("template", answer["error"])), **answer.get("words", {}))
        found: dict[str, Any] = answer["answer"]
        return found

    async def _converse(self, request: dict[str, Any]) -> dict[str, Any]:
        import asyncio

        reader, writer = await asyncio.open_unix_connection(self._helper, limit=LONGEST)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            answer = json.loads(await reader.readline())
        finally:
            writer.close()
        if not isinstance(answer, dict) or not ("error" in answer or isinstance(answer.get("answer"), dict)):
            raise ValueError(answer)
        return answer


class NextStart(ManagedElsewhere):
    """The same computer while no box serves: it is changed when the box starts."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def apply(self, settings: Settings, keys: Sequence[str]) -> list[str]:
        """Writes down that these are owed, and says so."""
        await owe(self._records, dict.fromkeys(keys))
        return [Sentence("{keys}: kept, and used when the box starts.", keys=", ".join(keys))]

    async def reset(self) -> None:
        """Writes down that it is owed."""
        await owe(self._records, {RESET: None})


def machine(interface: str, helper: Path = HELPER) -> System:
    """The computer under a box that serves."""
    return Machine(helper, interface) if _is_there(helper) else ManagedElsewhere()


def asleep(records: Records) -> System:
    """The computer under a box that does not."""
    return NextStart(records) if _is_there(HELPER) else ManagedElsewhere()


def _is_there(helper: Path) -> bool:
    """For whoever may speak to it: others may not even look, which `Path.exists` of Python 3.11 takes for an error."""
    return os.path.exists(helper)
