"""The page's languages: the catalogs in locale/, chosen by what the browser prefers (RFC 9110 section 12.5.4)."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("en", "de")
"""The first is that of the program itself."""

Language = gettext.NullTranslations


def N_(text: str) -> str:
    """Marks a text that is translated where it is shown."""
    return text


@cache
def catalog(name: str) -> Language:
    """The texts of one language."""
    if name == LANGUAGES[0]:
        return gettext.NullTranslations()
    return gettext.translation("frontdesk", LOCALE, [name])


def preferred(header: str) -> str:
    """Which language to show for an Accept-Language header."""
    wanted = []
    for place, item in enumerate(header[:1000].split(",")):
        tag, _, parameters = item.strip().partition(";")
        name = tag.partition("-")[0].strip().lower()
        if name in LANGUAGES and (quality := _quality(parameters)) > 0:
            wanted.append((-quality, place, name))
    return min(wanted)[2] if wanted else LANGUAGES[0]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
