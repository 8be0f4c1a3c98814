"""Forms: the value that was filled in is the one that its keywords make."""

import ast
import copy
import inspect
import pickle
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest
from attrs import asdict, evolve, fields, frozen
from hypothesis import given
from reference_events import said_in

import provider_runtime
from provider_runtime.adapters.telemetry.event_json import line_of, parse_line
from provider_runtime.application.accounting.recording import facts_of
from provider_runtime.application.consents.subjects import SubjectOfCall
from provider_runtime.domain.forms import Form
from provider_runtime.domain.records.events import EVENT_FORM, LifecycleEvent
from provider_runtime.domain.records.receipts import AttemptRecord, CallReceipt, CallRecord
from provider_runtime.testing.strategies.events import lifecycle_events

FORMS: Final[dict[str, type]] = {
    "EVENT_FORM": LifecycleEvent,
    "CALL_RECORD_FORM": CallRecord,
    "ATTEMPT_RECORD_FORM": AttemptRecord,
    "RECEIPT_FORM": CallReceipt,
    "SUBJECT_FORM": SubjectOfCall,
}
PATHS: Final = [
    path for path in sorted(Path(provider_runtime.__file__).parent.rglob("*.py")) if path.name != "forms.py"
]


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def names_in(kind: type) -> set[str]:
    """The fields of a kind, what it works some of them out from, and what it works out of them."""
    worked_out = {
        name for one in kind.__mro__ for name, value in vars(one).items() if isinstance(value, cached_property)
    }
    return {field.name for field in fields(kind)} | inspect.get_annotations(kind).keys() | worked_out


@frozen(kw_only=True, slots=False)
class Letter:
    """A value with a field that has to be told, and one that need not."""

    to: str
    about: str | None = None


def test_a_form_gives_the_value_that_keywords_give() -> None:
    letter = Form(Letter).filled({"to": "Ada"})
    assert letter == Letter(to="Ada")
    assert hash(letter) == hash(Letter(to="Ada"))
    assert repr(letter) == repr(Letter(to="Ada"))
    assert evolve(letter, about="engines") == Letter(to="Ada", about="engines")
    assert copy.deepcopy(letter) == pickle.loads(pickle.dumps(letter)) == letter  # noqa: S301 - our own bytes


def test_a_value_from_a_form_holds_what_was_said_and_nothing_else() -> None:
    assert vars(Form(Letter).filled({"to": "Ada"})) == {"to": "Ada"}
    assert vars(Letter(to="Ada")) == {"to": "Ada", "about": None}


def test_a_value_from_a_form_is_frozen_like_any_other() -> None:
    letter = Form(Letter).filled({"to": "Ada"})
    with pytest.raises(AttributeError):
        letter.about = "engines"  # type: ignore[misc]  # that is what is tested
    with pytest.raises(AttributeError):
        del letter.about


def test_a_field_without_a_default_that_nobody_filled_in_is_missed_when_it_is_read() -> None:
    with pytest.raises(AttributeError, match="to"):
        _ = Form(Letter).filled({"about": "engines"}).to


@given(event=lifecycle_events())
def test_an_event_that_says_only_what_it_has_to_say_is_the_event(event: LifecycleEvent) -> None:
    said = {name: value for name, value in asdict(event, recurse=False).items() if value not in (None, ())}
    filled = EVENT_FORM.filled(said)
    assert filled == event
    assert asdict(filled) == asdict(event)
    assert line_of(filled) == line_of(event)
    assert parse_line(line_of(filled)) == filled


def test_who_fills_in_a_form_says_only_what_there_is_a_field_for() -> None:
    """No name is looked at while a call is under way: every place that fills in a form is read here instead."""
    forms = {form: kind for form, kind in FORMS.items() for path in PATHS if f"{form}.filled(" in text_of(path)}
    assert forms == FORMS
    for path in PATHS:
        if ".filled(" in text_of(path):
            # Where a form is filled in, dictionaries are of fields, of that kind or of others that are spoken of.
            kinds = [kind for form, kind in FORMS.items() if form in text_of(path) or kind.__name__ in text_of(path)]
            assert said_in(ast.parse(text_of(path))) <= {name for kind in kinds for name in names_in(kind)}, path


def test_facts_are_such_as_both_the_record_of_a_call_and_its_last_event_have_fields_for() -> None:
    tree = ast.parse(inspect.getsource(facts_of))
    assert said_in(tree) <= {one.name for one in fields(CallRecord)} & {one.name for one in fields(LifecycleEvent)}
