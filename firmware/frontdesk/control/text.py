"""Answers as lines for people: the same in the CLI, on the console, and wherever text is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from ..events import ELSEWHERE
from ..model import username_of
from ..sip.status import OUTCOMES, REFUSED, RUNG_OUTCOMES, STOPPED
from .bindings import CLOSED
from .checks import is_visible
from .columns import columns
from .day import counted_since
from .errors import Sentence
from .times import ago, moment

Show = Callable[[Any], str]
MOST_NAMES = 20
"""That one sentence names."""


def sentence(template: str) -> Show:
    """A line made from the answer's fields, and the password below it where one was made."""

    def show(answer: Any) -> str:
        line = template.format(**answer)
        return f"{line}\nPassword: {answer['password']}" if "password" in answer else line

    return show


def table(none: str, **columns: str) -> Show:
    """Aligned columns, field=heading; `none` is said where there are no rows."""

    def show(answer: Any) -> str:
        rows = [[cell(row[field]) for field in columns] for row in answer]
        return aligned([list(columns.values()), *rows]) if rows else none

    return show


def cell(value: object) -> str:
    """One value; what would break the line or the terminal is shown as a question mark."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if is_visible(text) else "".join(char if is_visible(char) else "?" for char in text)


def aligned(rows: Iterable[list[str]]) -> str:
    """Rows with two spaces between the columns."""
    rows = list(rows)
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text + " " * (width - columns(text)) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def token(answer: Any) -> str:
    """A token that was made."""
    return f"The token {answer['name']}, shown this once:\n{answer['token']}"


def put(answer: Any) -> str:
    """A setting that was changed."""
    return _noted(f"{answer['key']} is {answer['value']} now.", answer)


def staged(answer: Any) -> str:
    """A setting that is to be changed, and who else is at it."""
    line = f"{answer['key']} will be {answer['value']}; `commit` takes it into use."
    return f"{line}\nNote: {answer['warning']}" if answer["warning"] else line


def diff(answer: Any) -> str:
    """What is staged, old and new, a line each."""
    lines = [f"- {each['key']} {each['old'] or '-'}\n+ {each['key']} {each['new'] or '-'}" for each in answer]
    return "\n".join(lines) or "Nothing is staged."


def committed(answer: Any) -> str:
    """What was taken into use, and what keeps it."""
    line = f"In use now: {', '.join(answer['changed'])}."
    if answer["confirm"]:
        line += f"\n`commit` within {answer['confirm']} seconds keeps it; else it goes back by itself."
    return _noted(line, answer)


def _noted(line: str, answer: Any) -> str:
    return "\n".join([line, *(f"Note: {note}" for note in answer["notes"])])


def added(answer: Any) -> str:
    """Accounts that were added or changed, and the passwords of those for which one was made."""
    n = answer["added"]
    line = f"Added {n} account{'' if n == 1 else 's'}, changed {answer['changed']}."
    return with_passwords(line, answer["passwords"]) if "passwords" in answer else line


def weak(answer: Any) -> Sentence | None:
    """Where an answer says whose password can be guessed at once: the box can't tell later, so it is told now."""
    names = answer.get("weak") if isinstance(answer, dict) else None
    if not names:
        return None
    shown = ", ".join([*names[:MOST_NAMES], *(["..."] if len(names) > MOST_NAMES else [])])
    if len(names) == 1:
        return Sentence(
            "The password of {names} can be guessed at once, and whoever does so calls at your expense: a longer one, "
            "without the number in it, is better.", names=shown,
        )  # fmt: skip
    return Sentence(
        "{n} passwords can be guessed at once, and whoever does so calls at your expense: longer ones, without the "
        "numbers in them, are better for {names}.", n=len(names), names=shown,
    )  # fmt: skip


def with_passwords(line: str, made: Mapping[str, str]) -> str:
    """A line, and the accounts' passwords below it."""
    rows = [["user", "password"], *([user, password] for user, password in made.items())]
    return f"{line} Passwords, shown this once:\n\n{aligned(rows)}"


def imported(answer: Any) -> str:
    """What an import did."""
    lines = [f"Imported {answer['added']} new accounts, changed {answer['changed']}."]
    if answer["without_password"]:
        lines.append(f"Without a password: {', '.join(answer['without_password'])}")
    return _noted("\n".join(lines), answer)


def restored(answer: Any) -> str:
    """What a restore did."""
    line = f"The box is what the backup says: {answer['added']} accounts, {answer['calls']} calls."
    return _noted(line, answer)


def network(answer: Any) -> str:
    """Interfaces, one line each."""
    shown = table("There is no network.", name="name", link="link", addresses="addresses", mac="mac", gateway="gateway")
    notes = [f"{row['name']}: {row['note']}" for row in answer if row.get("note")]
    notes += [row["read_only"] for row in answer if row.get("read_only")]
    return "\n".join([shown(answer), *dict.fromkeys(notes)])


NOBODY = "Nobody is registered."
WHEREABOUTS = ["user", "state", "expires in", "seen at", "over"]


def whereabouts(binding: Any) -> list[str]:
    """The cells under that heading."""
    texts = (
        username_of(binding["aor"]),
        ", ".join([binding["state"], *preference(binding)]),
        "never" if binding["expires"] is None else ago(binding["expires"]),
        binding["received"],
        (binding["transport"] or "").upper(),
    )
    return [cell(text) for text in texts]


def preference(binding: Any) -> list[str]:
    """Its q, where it has one."""
    return [] if binding["q"] is None else [f"q {binding['q']:g}"]


def bindings(answer: Any) -> str:
    """Who is where, one line each."""
    rows = [[*whereabouts(row), cell(row["contact"]), cell(row["user_agent"])] for row in answer]
    return aligned([[*WHEREABOUTS, "contact", "device"], *rows]) if rows else NOBODY


def who(answer: Any) -> str:
    """Accounts and how each is reached, one line for each device."""
    rows = [["user", "name", "seen at", "over", "since", "device"]]
    for account in answer["accounts"]:
        state = [] if account["enabled"] else ["disabled"]
        nowhere = {**dict.fromkeys(("over", "since", "with", "state", "q", "contact")), "at": "" if state else "-"}
        for device in account["devices"] or [nowhere]:
            over = f"{device['over']}, closed" if device["state"] == CLOSED else device["over"]
            place = ", ".join(filter(None, [device["at"] or device["contact"], *preference(device), *state]))
            values = (place, over, moment(device["since"] or ""), device["with"])
            rows.append([account["user"], cell(account["name"]), *map(cell, values)])
    shown = f"{len(answer['accounts'])} of {answer['found']} accounts."
    return f"{aligned(rows)}\n{shown}" if len(rows) > 1 else "No account was found."


def problems(answer: Any) -> str:
    """What is wrong, with the cure below."""
    lines = []
    for each in answer:
        times = f", {each['times']} times since {moment(each['since'])}" if each["times"] > 1 else ""
        lines += [cell(each["text"]) + times, *([f"    {each['cure']}"] if each["cure"] else [])]
    return "\n".join(lines) or "Nothing is wrong."


def today(answer: Any) -> str:
    """Clock, disk and the last day."""
    disk = answer["disk"]
    rows = [
        ["Clock", f"{moment(answer['clock'])} ({answer['timezone'] if answer['clock_set'] else 'not set'})"],
        ["Disk", f"{disk['free'] / 1e9:.1f} of {disk['total'] / 1e9:.1f} GB free"],
    ]
    if answer["since"]:  # A box runs that has counted.
        since = counted_since(answer)
        span = f"since {moment(since)}" if since else "in 24 h"
        rows += [[f"Written {span}", f"{answer['written'] / 1e6:.1f} MB"], [f"Calls {span}", str(sum(answer["calls"]))]]
    return aligned(rows)


TALKING = "talking"
"""A call that is up."""


def outcome(call: Any) -> str:
    """How far it is, or how it ended."""
    if call["state"] != "ended":
        return TALKING if call["state"] == "answered" else str(call["state"])
    return ending(call) + code(call)


def ending(call: Any) -> str:
    """How it ended, in words."""
    if call["result"] == 200 and not call["answered"]:
        return ELSEWHERE
    return (RUNG_OUTCOMES if call["device"] else OUTCOMES).get(call["result"], REFUSED)


def code(call: Any) -> str:
    """What the caller got instead of an answer, to stand behind those words."""
    return f" ({call['result']})" if call["result"] >= 300 else ""


def length(call: Any) -> str:
    """How long they talked, in minutes and seconds; `+`: as far as the box has seen."""
    if not call["answered"] or not call["ended"]:
        return ""
    began, ended = (datetime.fromisoformat(call[key]) for key in ("answered", "ended"))
    minutes, seconds = divmod(max(0, round((ended - began).total_seconds())), 60)
    return f"{minutes}:{seconds:02}{'+' if call['result'] == STOPPED else ''}"


def calls(answer: Any) -> str:
    """Calls, one line each."""
    show = table("There was no call yet.", started="started", caller="from", callee="to", state="state",
                 length="length")  # fmt: skip
    rows = [{**row, "started": moment(row["started"]), "state": outcome(row), "length": length(row)} for row in answer]
    return show(rows)


def events(answer: Any) -> str:
    """What happened, one line each."""
    return "\n".join(map(_event, answer)) or "There are no events: they are kept as long as the box runs."


def _event(row: Any) -> str:
    again = f" ({row['times']} times)" if row["times"] > 1 else ""
    source = f" from {row['source']}" if row["source"] and not row["account"] else ""  # nothing else says whose it is
    return f"{moment(row['at'])}  {row['account'] or '-':12}  {row['kind']:12}  {cell(row['text'])}{again}{source}"


def log(answer: Any) -> str:
    """Lines of the log, as they were written."""
    return "\n".join(map(cell, answer)) or "There are no lines: they are kept as long as the box runs."


def ping(answer: Any) -> str:
    """Whether an address answered."""
    address, received = answer["address"], answer["received"]
    if not received:
        return f"{address} does not answer: {answer['sent']} echo requests, no echo."
    times = ", ".join(f"{time:g} ms" for time in answer["milliseconds"])
    return f"{address} answers: {received} of {answer['sent']}, {times}."


def findings(answer: Any) -> str:
    """What was found, a line each."""
    return aligned([["ok" if each["good"] else "BAD", cell(each["what"]), cell(each["text"])] for each in answer])


def status(answer: Any) -> str:
    """The state of the box."""
    journal = answer["journal"]
    megabytes = journal["bytes_written"] / 1e6
    state = f"up for {ago(answer['uptime'])}" if answer["listeners"] else "not running"
    rows = [
        ["Frontdesk", f"{answer['version']}, {state}"],
        ["Listens on", ", ".join(answer["listeners"]) or "-"],
        ["Accounts", str(answer["accounts"])],
        ["Bindings", str(answer["bindings"])],
        ["Calls", str(answer["calls"])],
        ["Disk", f"{journal['commits']} commits, {megabytes:.1f} MB, {journal['pending']} waiting"],
        ["Memory", f"{answer['memory'] / 1e6:.0f} MB"],
    ]
    if "page" in answer:
        rows.append(["Setup page", ", ".join(answer["page"])])
    if answer.get("fingerprint"):
        rows.append(["Fingerprint", answer["fingerprint"]])
    if "first_boot_code" in answer:
        code = answer["first_boot_code"]
        rows.append(["First boot", f"{code} is the code for the setup page, until there is an admin password"])
    return "\n".join([aligned(rows), *(f"Note: {notice}" for notice in answer.get("notices", ()))])
