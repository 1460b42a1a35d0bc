"""A binding as a value."""

from __future__ import annotations

from dataclasses import astuple, fields

from frontdesk.model import Binding


def test_a_copy_has_each_value_in_its_place() -> None:
    binding = Binding(*range(len(fields(Binding))))
    assert binding.copy() is not binding
    assert astuple(binding.copy()) == astuple(binding)
