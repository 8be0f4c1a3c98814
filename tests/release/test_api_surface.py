"""A change of the public names has its line in the changelog."""

import re
from pathlib import Path

import api_surface
import pytest

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


def unreleased() -> str:
    return CHANGELOG.read_text("utf-8").split("## Unreleased", 1)[1].split("\n## ", 1)[0]


def test_every_public_name_that_changed_is_named_in_the_changelog() -> None:
    """Where this fails, say in CHANGELOG.md, under Unreleased, what became of the name."""
    told = unreleased()
    silent = [name for name in api_surface.changed() if not re.search(rf"\b{name}\b", told)]
    assert not silent


def test_the_surface_survives_being_written_and_read() -> None:
    api_surface_text = api_surface.as_text(api_surface.surface())
    assert api_surface_text.count("\n\n") == len(api_surface.surface()) - 1


def test_a_method_that_goes_or_a_field_that_comes_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    now = api_surface.surface()
    without = {**now, "CallOptions": now["CallOptions"][:-1]}
    monkeypatch.setattr(api_surface, "recorded", lambda: without)
    assert "CallOptions" in api_surface.changed()
    assert any("def run(" in line for line in now["RuntimeHandle"])
