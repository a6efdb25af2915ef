"""A YAML file whose values are what anybody sees in it: parsed once, within limits, each key once.

An alias stands for all that its anchor holds, so nine lines may stand for more than memory; and of a key that is there
twice a reader and a program may each see another. The limits are far above what any project asks for.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from time import time_ns
from typing import Any

import yaml

from legato.errors import LegatoError
from legato.files import require_file

MAX_BYTES, MAX_DEPTH, MAX_VALUES = 32 << 20, 50, 2_000_000
SETTLED_NS = 10**8  # a file that was written since may be written again within one tick of the clock
MERGE = "tag:yaml.org,2002:merge"


Keys = dict[str, list[tuple[str, bool]]]


def read(path: Path) -> Any:
    """The file's content as plain Python values, shared by all that ask for them.

    Raises:
        LegatoError: it is no plain file, not UTF-8, not YAML, or beyond the limits; or a key is there twice.
    """
    return _read(path)[0]


def read_keys(path: Path) -> Keys:
    """Each section's keys as they are written, and whether in quotes; empty where the file is no mapping.

    Raises:
        LegatoError: as `read`.
    """
    return _read(path)[1]


def _read(path: Path) -> tuple[Any, Keys]:
    found = require_file(path).stat()
    if time_ns() - found.st_mtime_ns < SETTLED_NS:
        return _parse(path)
    return _parsed(path.absolute(), path, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=16)
def _parsed(_where: Path, path: Path, *_version: int) -> tuple[Any, Keys]:
    return _parse(path)


def _parse(path: Path) -> tuple[Any, Keys]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"must be of at most {MAX_BYTES >> 20} MiB")
        text = path.read_bytes().decode("utf-8-sig")
        _check_size(yaml.parse(text, Loader=yaml.CSafeLoader))
        return yaml.load(text, Loader=_Loader), _keys(yaml.compose(text, Loader=yaml.CSafeLoader))
    except UnicodeDecodeError as error:
        raise LegatoError(f"{path}: not YAML: not UTF-8: byte {error.start}") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:  # its own tags raise the last
        raise LegatoError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def _keys(document: Any) -> Keys:
    sections = document.value if isinstance(document, yaml.MappingNode) else []
    return {
        str(name.value): [(str(key.value), bool(key.style)) for key, _ in section.value]
        for name, section in sections
        if isinstance(section, yaml.MappingNode)
    }


def _check_size(events: Iterator[Any]) -> None:
    """Count values, those of an anchor once more wherever an alias stands for it, without building any.

    Raises:
        ValueError: there are too many, they lie too deep, or one holds itself.
    """
    n_values, starts = 0, list[tuple[str | None, int]]()
    sizes: dict[str, int | None] = {}
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(event.anchor or "", 1)
            if size is None:
                raise ValueError(f"the alias *{event.anchor} lies within its own anchor")
            n_values += size
        elif isinstance(event, yaml.ScalarEvent):
            n_values += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            starts.append((event.anchor, n_values))
            n_values += 1
            if event.anchor:
                sizes[event.anchor] = None
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = starts.pop()
            if anchor:
                sizes[anchor] = n_values - before
        if n_values > MAX_VALUES:
            raise ValueError(f"holds more than {MAX_VALUES} values, each alias counted as what it stands for")
        if len(starts) > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} levels deep")


class _Loader(yaml.CSafeLoader):
    """Plain values alone, and each key of a mapping once, as DVC has it."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice, in line {line}")
            seen.add(key)
        return super().construct_mapping(node, deep)
