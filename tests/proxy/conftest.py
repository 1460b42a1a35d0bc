"""The box that most tests of the proxy begin with."""

from __future__ import annotations

import pytest

from tests.proxy.box import Box
from tests.proxy.listed import A, B


@pytest.fixture
def box() -> Box:
    """With a phone for 101 at A, and one for 102 at B."""
    box = Box()
    box.phone("101", A)
    box.phone("102", B)
    return box
