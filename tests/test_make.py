"""What `make` installs anew before it does anything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("code", "stays"),
    [
        ({"__init__.py": ""}, True),
        ({"__init__.py": "<<<<<<< HEAD\n"}, True),  # whoever works on it has not spoilt what is installed
        ({"__pycache__": ""}, False),  # what is left where the clone was
        ({}, False),
    ],
)
def test_environment_goes_where_the_code_is_not_found_and_not_where_it_is_broken(
    code: dict[str, str], stays: bool, tmp_path: Path
) -> None:
    environment, clone = tmp_path / "environment", tmp_path / "clone/frontdesk"
    for folder in (environment / "bin", clone) if code else (environment / "bin",):
        folder.mkdir(parents=True)
    for name, text in code.items():
        (clone / name).write_text(text)
    (environment / ".run").touch()
    python = environment / "bin/python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{clone.parent}" exec "{sys._base_executable}" "$@"\n')  # type: ignore[attr-defined]
    python.chmod(0o755)
    subprocess.run(["make", "help", f"VENV={environment}"], cwd=ROOT, check=True, capture_output=True)
    assert environment.exists() == stays
