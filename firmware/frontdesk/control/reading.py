"""Reading an export: every line checked, and nothing believed of one that is not whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

from ..config import GONE, SettingError, combined, find, parse
from ..model import HA1_SIZES, MAX_SECRETS, Account, Secret, Settings
from . import scrypt
from .checks import checked_address, checked_device, checked_domain, checked_name, checked_q, checked_uri, checked_user
from .configuration import END, GONE_KEYS, HEADER, KEYS, VERSION, Configuration, checksum
from .errors import Refused, Sentence, VerbError

LINE = "Line {line}: {reason}"
NOTHING = "{reason} Nothing was imported."
READ_BY = {HEADER: "frontdesk import", "frontdesk-backup": "frontdesk restore"}
"""What reads a file that begins so."""
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^ "]+')
_LINE = re.compile(r"([0-9]{1,9}) +(.*)")
_FORMAT = re.compile(r"[1-9][0-9]{0,8}")
_HEX = re.compile(r"[0-9a-f]+")


def read(text: str) -> Configuration:
    """What an export says. Raises VerbError, which names the line."""
    reader = _Reader(is_written=text.rsplit(maxsplit=2)[-2:-1] == [END])
    for number, line in statements(text, HEADER, VERSION):
        try:
            reader.read(line)
        except Refused as error:
            raise VerbError(NOTHING, reason=Sentence(LINE, line=number, reason=Sentence.of(error))) from None
    return reader.finish()


def statements(text: str, header: str, version: int) -> Iterator[tuple[int, str]]:
    """Lines and their numbers, between the first line and the checksum. Raises VerbError, which names the line."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line]
    if not numbered:
        raise VerbError("There is nothing to import: choose what was saved as a backup or an export.")
    _check_header(numbered[0][1], header, version)
    return _checked(numbered)


def _check_header(line: str, header: str, known: int) -> None:
    name, _, version = line.partition(" ")
    if name != header and name in READ_BY:
        raise VerbError("It is no {header}: `{command}` reads it.", header=header, command=READ_BY[name])
    if name != header or not _FORMAT.fullmatch(version):
        sentence = "It does not begin with `{header} {known}`: choose another file, or copy it from its first line on."
        raise VerbError(sentence, header=header, known=known)
    if int(version) > known:
        sentence = "A newer Frontdesk wrote it (format {version}, this one knows {known}): update this box first."
        raise VerbError(sentence, version=version, known=known)


def _checked(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The statements, with the numbers that people see."""
    last = lines[-1][1]
    if len(lines) == 1:
        raise VerbError("It ends after its first line: copy all of it once more.")
    complete = last.startswith(END)
    body = lines[1:-1] if complete else lines[1:]
    numbered = any(_LINE.fullmatch(line) for _, line in body)
    statements = list(_in_order(line for _, line in body)) if numbered else []
    if numbered and not complete:
        sentence = "It ends after line {line}, and `{end}` with a checksum is missing: copy all of it once more."
        raise VerbError(sentence, line=len(statements), end=END)
    if complete and (numbered or last != END) and last != f"{END} {checksum(line for _, line in lines[:-1])}":
        raise VerbError(
            "It came through damaged, its checksum is another: copy all of it once more. Nothing was imported."
        )
    return enumerate(statements, 1) if numbered else iter([each for each in body if not each[1].startswith("#")])


def _in_order(lines: Iterable[str]) -> Iterator[str]:
    for expected, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise VerbError(
                "Line {line} came through damaged, {text!r}: copy all of it once more. Nothing was imported.",
                line=expected, text=line[:40],
            )
        if int(match[1]) != expected:
            raise VerbError(
                "Line {line} is missing, line {other} came in its place: copy all of it once more. "
                "Nothing was imported.",
                line=expected, other=match[1],
            )
        yield match[2]


class _Reader:
    """Takes one statement after the other."""

    def __init__(self, is_written: bool) -> None:
        """`is_written`: by a box, not by hand."""
        self._is_written = is_written
        self._read = Configuration()
        self._taken: set[str] = set()
        self._statements: dict[str, tuple[Callable[..., None], int, int]] = {
            "domain": (self._domain, 1, 1), "set": (self._set, 2, 2), "peer": (self._peer, 2, 2),
            "account": (self._account, 2, 3), "option": (self._option, 3, 3), "alias": (self._alias, 2, 2),
            "binding": (self._binding, 2, 3), "secret": (self._secret, 5, 5), "key": (self._key, 2, 2),
            "admin": (self._admin, 1, 1), "viewer": (self._viewer, 1, 1),
        }  # fmt: skip

    def read(self, line: str) -> None:
        """One line without its number."""
        first, *words = _words(line)
        if first not in self._statements:
            known = ", ".join(self._statements)
            raise VerbError("There is no statement {word!r}: {known} can be.", word=first[:20], known=known)
        take, least, most = self._statements[first]
        if not least <= len(words) <= most:
            sentence = "{word} takes {least} words." if least == most else "{word} takes {least} or {most} words."
            raise VerbError(sentence, word=first, least=least, most=most)
        take(*words)

    def finish(self) -> Configuration:
        """All of it, where it makes sense as a whole."""
        try:
            combined(Settings(), self._read.settings)
        except SettingError as error:
            raise VerbError(NOTHING, reason=Sentence.of(error)) from None
        return self._read

    def _domain(self, name: str) -> None:
        self._read.realm = checked_domain(name)

    def _set(self, key: str, value: str) -> None:
        if key in GONE:
            self._read.notes.append(Sentence("There is no setting {key} any more: its line was passed over.", key=key))
            return
        setting = find(key)
        try:
            parse(key, value)
        except SettingError as error:
            if not self._is_written:
                raise
            sentence = "{reason} Its line was passed over."  # the box that wrote it down had other bounds
            self._read.notes.append(Sentence(sentence, reason=Sentence.of(error)))
        else:
            self._read.settings[setting.key] = value

    def _peer(self, address: str, name: str) -> None:
        self._read.peers[checked_address(address)] = checked_name(name)

    def _account(self, user: str, name: str, state: str = "on") -> None:
        self._take(user)
        if state not in ("on", "off"):
            raise VerbError("An account is on or off, not {state!r}.", state=state[:20])
        self._read.accounts[user] = Account(user, "", checked_name(name), state == "on")

    def _option(self, user: str, key: str, value: str) -> None:
        account = self._known(user)
        account.settings = {**account.settings, key: value}

    def _alias(self, user: str, alias: str) -> None:
        account = self._known(user)
        self._take(alias)
        account.aliases += (alias,)

    def _binding(self, user: str, uri: str, q: str | None = None) -> None:
        binding = (self._known(user).username, checked_uri(uri))
        if binding in self._read.bindings:
            raise VerbError("{user} has the binding {uri} already: leave this line out.", user=user, uri=uri)
        self._read.bindings[binding] = None if q is None else checked_q(q)

    def _secret(self, user: str, device: str, *hashes: str) -> None:
        account = self._known(user)
        if device:
            checked_device(device)
        if any(secret.name == device for secret in account.secrets) or len(account.secrets) >= MAX_SECRETS:
            raise VerbError("{user} has that secret, or as many as can be, already: leave this line out.", user=user)
        for text, size in zip(hashes, HA1_SIZES.values(), strict=True):
            if text and (len(text) != 2 * size or not _HEX.fullmatch(text)):
                raise VerbError("{text!r} is no hash: copy this line once more.", text=text[:20])
        account.secrets += (Secret(device, dict(zip(HA1_SIZES, hashes, strict=True))),)

    def _key(self, name: str, text: str) -> None:
        if name not in (*KEYS, *GONE_KEYS) or len(text) != 64 or not _HEX.fullmatch(text):
            raise VerbError("{name!r} is no key of the box: copy this line once more, or leave it out.", name=name[:20])
        if name in KEYS:
            self._read.keys[name] = text

    def _admin(self, kept: str) -> None:
        self._read.admin = _checked_hash(kept)

    def _viewer(self, kept: str) -> None:
        self._read.viewer = _checked_hash(kept)

    def _known(self, user: str) -> Account:
        account = self._read.accounts.get(user)
        if account is None:
            raise VerbError("There is no account {user!r} above it: its line `account` comes first.", user=user[:64])
        return account

    def _take(self, name: str) -> None:
        checked_user(name)
        if name in self._taken:
            raise VerbError("{name!r} was there before: leave one of the two out.", name=name)
        self._taken.add(name)


def _checked_hash(kept: str) -> str:
    try:
        scrypt.parse(kept)
    except ValueError:
        raise VerbError("That is no hash of a password: copy this line once more, or leave it out.") from None
    return kept


def _words(line: str) -> list[str]:
    words, at = [], 0
    while at < len(line):
        match = _WORD.match(line, at)
        if match is None or line[match.end() : match.end() + 1] not in ("", " "):
            raise VerbError(
                "It cannot be read from {text!r} on: what is more than one plain word stands in quotation marks.",
                text=line[at : at + 20],
            )
        words.append(_unquoted(match[0]))
        at = match.end() + 1
        at += len(line[at:]) - len(line[at:].lstrip(" "))
    return words


def _unquoted(word: str) -> str:
    if not word.startswith('"'):
        return word
    try:
        return str(json.loads(word))
    except ValueError:
        sentence = "{word} is no string: quotation marks and backslashes in it have a backslash before them."
        raise VerbError(sentence, word=word[:20]) from None
