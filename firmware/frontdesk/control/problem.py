"""One thing that is wrong, as `problems` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .box import Answer


@dataclass(slots=True, frozen=True)
class Problem:
    """What is wrong, a sentence with no full stop, and its cure, with {source}, {account} and {name}."""

    text: str
    cure: str


def told(sentence: Problem, words: Mapping[str, object] | None = None) -> Answer:
    """`template` and `words` are for a page in another language."""
    words = words or {}
    text = (sentence.text.format(**words) if words else sentence.text).removesuffix(".")
    return {
        "text": text, "cure": sentence.cure, "template": sentence.text, "words": words,
        "times": 1, "since": None, "account": "",
    }  # fmt: skip
