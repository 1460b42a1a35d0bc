"""Verbs about devices: further secrets of an account, each with a name, so that one lost phone is one to revoke."""

from __future__ import annotations

from dataclasses import replace

from ..model import MAX_SECRETS
from . import passwords
from .box import Answer, Box, VerbError
from .checks import checked_device
from .errors import NotThere


async def add(box: Box, user: str, device: str, password: str = "") -> Answer:
    """Adds a password for one device."""
    account = box.account(user)
    checked_device(device)
    if any(secret.name == device for secret in account.secrets):
        raise VerbError("The account {user!r} has a device {device!r} already.", user=user, device=device)
    if len(account.secrets) >= MAX_SECRETS:
        raise VerbError(
            "The account {user!r} has {max_secrets} passwords already; more are not possible.",
            user=user, max_secrets=MAX_SECRETS,
        )
    made = password or passwords.make()
    secret = passwords.secret(device, user, box.directory.realm, made)
    await box.save(replace(account, secrets=(*account.secrets, secret)))
    return {"user": user, "device": device} | passwords.told(account, password, made)


async def revoke(box: Box, user: str, device: str) -> Answer:
    """Takes a device's password and bindings away."""
    account = box.account(user)
    kept = tuple(secret for secret in account.secrets if secret.name != device or not device)
    if len(kept) == len(account.secrets):
        raise NotThere("The account {user!r} has no device {device!r}.", user=user, device=device)
    await box.save(replace(account, secrets=kept), drop=lambda binding: binding.device == device)
    return {"user": user, "device": device}


async def show(box: Box, user: str = "") -> list[Answer]:
    """The devices of one account, or of all."""
    accounts = [box.account(user)] if user else box.directory.in_order()
    now = box.clock.now()
    answer = []
    for account in accounts:
        registered = [binding.device for binding in box.location.bindings(account.aor, now)]
        for device in account.devices:
            answer.append({"user": account.username, "device": device, "bindings": registered.count(device)})
    return answer
