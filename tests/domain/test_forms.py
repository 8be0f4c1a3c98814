"""Forms: the value that was filled in is the one that its keywords make."""

import pytest
from attrs import asdict, evolve, fields, frozen
from hypothesis import given

from provider_runtime.domain.forms import Form
from provider_runtime.domain.records.events import EVENT_FORM, LifecycleEvent
from provider_runtime.testing.strategies.events import lifecycle_events


@frozen(kw_only=True, slots=False)
class Letter:
    """A value with a field that has to be told, and one that need not."""

    to: str
    about: str | None = None


def test_a_form_gives_the_value_that_keywords_give() -> None:
    form = Form(Letter)
    said = form.copy()
    said["to"] = "Ada"
    letter = form.filled(said)
    assert letter == Letter(to="Ada")
    assert hash(letter) == hash(Letter(to="Ada"))
    assert repr(letter) == repr(Letter(to="Ada"))
    assert evolve(letter, about="engines") == Letter(to="Ada", about="engines")


def test_a_value_from_a_form_is_frozen_like_any_other() -> None:
    letter = Form(Letter).filled({"to": "Ada", "about": None})
    with pytest.raises(AttributeError):
        letter.to = "Charles"  # type: ignore[misc]  # that is what is tested


def test_filling_in_one_form_leaves_the_next_one_empty() -> None:
    form = Form(Letter)
    form.copy()["about"] = "engines"
    assert form.copy() == {"to": None, "about": None}


@pytest.mark.parametrize("said", [{"to": "Ada"}, {"to": "Ada", "about": None, "from": "Charles"}])
def test_a_field_that_there_is_not_or_that_is_missing_is_named(said: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"not the fields of Letter: (about|from)"):
        Form(Letter).filled(said)


@given(event=lifecycle_events())
def test_an_event_from_the_form_is_the_event(event: LifecycleEvent) -> None:
    said = EVENT_FORM.copy()
    for field in fields(LifecycleEvent):
        said[field.name] = getattr(event, field.name)
    filled = EVENT_FORM.filled(said)
    assert filled == event
    assert asdict(filled) == asdict(event)
