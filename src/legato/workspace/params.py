"""Load a part of params.yaml into its owner's model.

The models live beside the code that uses them. An error names the file, the key, the value and the rule.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from legato.errors import LegatoError
from legato.words import shown
from legato.workspace import yaml_file

PARAMS = Path("params.yaml")
MOST = 10**6  # of steps and the like
MOVED = {"encode.layout": "dataset.layout"}  # keys that have another name now
Value = TypeVar("Value")


class Strict(BaseModel):
    """A frozen section that refuses unknown keys, values of the wrong type, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _ordered(pair: Sequence[float]) -> Sequence[float]:
    if len(pair) != 2:
        raise ValueError("a range is two numbers, [low, high]")
    if pair[0] > pair[1]:
        raise ValueError("the low end of a range comes first")
    return pair


def _check_path(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be a path: not empty, and without control characters")
    return text


IntRange = Annotated[list[Annotated[int, Field(ge=-MOST, le=MOST)]], AfterValidator(_ordered)]
FloatRange = Annotated[list[Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]], AfterValidator(_ordered)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
FilePath = Annotated[str, AfterValidator(_check_path)]


def find_root(folder: Path) -> Path | None:
    """The root of the project that a folder is in, itself or the nearest above that has a params.yaml."""
    return next((each for each in (folder, *folder.parents) if (each / PARAMS).is_file()), None)


def read(path: Path = PARAMS) -> dict[str, Any]:
    """The whole file as plain Python values, which are shared: not to be changed.

    Raises:
        LegatoError: the file is missing, is not YAML, or is not a mapping of sections.
    """
    if not path.exists():
        raise LegatoError(f"{path}: no such file here, nor in a folder above: run it inside a legato project")
    values = yaml_file.read(path)
    if not (isinstance(values, dict) and all(isinstance(name, str) for name in values)):
        raise LegatoError(f"{path}: must be a mapping of sections")
    return values


def plain_keys(section: str, path: Path = PARAMS) -> list[str]:
    """The keys of a section that are written without quotes, as they are written: YAML reads 808 as a number.

    Raises:
        LegatoError: as `read`.
    """
    return [name for name, is_quoted in yaml_file.read_keys(path).get(section, []) if not is_quoted]


def load(key: str, kind: type[Value], path: Path = PARAMS) -> Value:
    """The value at a dotted `key`, such as `categories.bass_808.music`, checked against its model or type.

    Raises:
        LegatoError: the key is missing, or its value breaks a rule.
    """
    values: Any = read(path)
    for name in key.split("."):
        if not isinstance(values, dict) or name not in values:
            raise LegatoError(f"{path}: {key}: this key is missing")
        values = values[name]
    return checked(values, kind, key, str(path))


def checked(value: Any, kind: type[Value], key: str, where: str) -> Value:
    """A value of any origin, checked against its model or type.

    Raises:
        LegatoError: it breaks a rule.
    """
    try:
        return TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        first, *others = error.errors()
        more = f" (and {len(others)} more)" if others else ""
        raise LegatoError(f"{where}: {_line(key, first)}{more}") from None


def _line(key: str, error: Any) -> str:
    # Which of several models a value is read as, a tag in angle brackets, is no key of the file.
    where = ".".join([key, *(str(part) for part in error["loc"] if not str(part).startswith("<"))])
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key" + (f": it is {MOVED[where]} now" if where in MOVED else "")
    if error["type"] == "missing":
        return f"{where}: this key is missing"
    is_section = error["type"] in ("model_type", "model_attributes_type")  # pydantic's words name a class of ours
    rule = "must be a mapping" if is_section else error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error" and isinstance(error["input"], dict):
        return f"{where}.{rule}"  # a rule over several keys names its own key and value
    return f"{where}: {shown(error['input'])}: {rule}"
