"""Every number of params.yaml has limits, which its error states."""

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from helpers.checkout import ROOT
from legato.check import SECTIONS, CategoryParams, SourceCategoryParams
from legato.errors import LegatoError
from legato.workspace import params
from legato.workspace.params import Strict

MODELS = {**SECTIONS, "categories.bass_808": CategoryParams, "categories.mine": SourceCategoryParams}
HUGE = 10**30


def reachable(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """A model and all that its fields are made of, at any depth."""

    def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        for inner in getattr(annotation, "__args__", ()):
            yield from models_in(inner)

    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for inner in models_in(field.annotation):
                reachable(inner, seen)
    return seen


ALL_MODELS = sorted(
    set().union(*(reachable(model, set()) for model in MODELS.values())), key=lambda model: model.__name__
)


def numbers_of(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part of a JSON schema that is a number, and where it lies."""
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number"):
            yield where, schema
        for key, value in schema.items():
            if key not in ("const", "enum", "default"):
                yield from numbers_of(value, f"{where}.{key}")
    elif isinstance(schema, list):
        for at, value in enumerate(schema):
            yield from numbers_of(value, f"{where}.{at}")


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
def test_every_number_has_a_greatest_value(model: type[BaseModel]) -> None:
    for where, schema in numbers_of(TypeAdapter(model).json_schema()):
        is_fixed = "const" in schema or "enum" in schema
        assert is_fixed or schema.keys() & {"maximum", "exclusiveMaximum"}, (
            f"{model.__name__}{where}: has no upper limit"
        )


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.__name__)
def test_every_model_is_strict(model: type[BaseModel]) -> None:
    assert issubclass(model, Strict)
    assert model.model_config["allow_inf_nan"] is False


def leaves(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the numbers of plain values lie."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*where, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield where


def shipped(key: str) -> dict[str, Any]:
    """A section as it is shipped, with all that it leaves out."""
    if key == "categories.mine":
        music = {"source": "midi", "license": "MIT"}
        return {"tracks": 4, "prompt": "mine", "music": music}
    return params.load(key, MODELS[key], ROOT / "params.yaml").model_dump()


def changed(section: dict[str, Any], where: tuple[Any, ...], value: Any) -> dict[str, Any]:
    section = copy.deepcopy(section)
    target: Any = section
    for key in where[:-1]:
        target = target[key]
    target[where[-1]] = value
    return section


@pytest.mark.parametrize("key", MODELS)
def test_no_number_is_endless_or_none(key: str, tmp_path: Path) -> None:
    """Wherever a number may be, those that are none, and those that are too much, are refused in one line."""
    section, path = shipped(key), tmp_path / "params.yaml"
    found = list(leaves(section))
    assert found or key in ("policy", "card", "codec", "soundfont")
    for where in found:
        for value in (math.nan, math.inf, -math.inf, HUGE, -HUGE, 10.0**300):
            text = yaml.safe_dump(changed(section, where, value))
            for parent in reversed(key.split(".")):
                text = f"{parent}:\n" + "".join(f"  {line}\n" for line in text.splitlines())
            path.write_text(text)
            with pytest.raises(LegatoError) as error:
                params.load(key, MODELS[key], path)
            assert str(error.value).startswith(f"{path}: {key}."), where
            assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "where", "rule"),
    [
        ("train", ("batch",), "less than or equal to 65536"),
        ("train", ("seed",), "less than 9223372036854775808"),
        ("sample", ("clips",), "less than or equal to 10000"),
        ("evaluate", ("excerpts",), "less than or equal to 1000"),
        ("train_codec", ("gain_db", 1), "less than or equal to 1000000"),
    ],
)
def test_an_error_states_the_limit(key: str, where: tuple[Any, ...], rule: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({key: changed(shipped(key), where, HUGE)}))
    with pytest.raises(LegatoError, match=rf"{key}\..*: {HUGE}: .*{rule}"):
        params.load(key, MODELS[key], path)


@pytest.mark.parametrize(
    ("key", "changes", "line"),
    [
        (
            "train",
            {"batch": 4096, "frames": 8192},
            "train.batch: 4096: with frames of 8192 must be at most 512: a step",
        ),
        ("sample", {"clips": 9999}, "sample.clips: 9999: of 4 prompts must be at most 2500: 10000 clips in all"),
        ("train", {"start": ""}, "train.start: '': must be a path: not empty, and without control characters"),
        ("soundfont", {"path": "a\0b", "license": "MIT"}, r"soundfont.path: 'a\x00b': must be a path"),
        ("codec", {"weights": "a\nb"}, r"codec.weights: 'a\nb': must be a path"),
    ],
)
def test_what_is_too_much_together_or_no_path_is_refused(
    key: str, changes: dict[str, Any], line: str, tmp_path: Path
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({key: shipped(key) | changes}))
    with pytest.raises(LegatoError) as error:
        params.load(key, MODELS[key], path)
    assert line in str(error.value)
