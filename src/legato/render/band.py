"""Who plays which part of a category, and through which effects: the rules of `renderer` and `production` together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from legato.files import Json
from legato.instruments import catalogue
from legato.instruments.catalogue import DRUMS
from legato.render import players
from legato.render.players import Renderers
from legato.render.renderers import MIX, PRODUCTION, RENDERER, Chains
from legato.workspace.layout import SYNTHS


def check_places(renderers: Renderers | None, chains: Chains | None) -> None:
    """See that kits play drums and nothing else does, and that effects are on parts that can be had alone.

    Raises:
        ValueError: names the key, its value and the rule.
    """
    for role, one in (renderers or {}).items():
        is_kit = players.is_drum_machine(one)
        if is_kit is not None and is_kit != role.startswith(DRUMS):
            rule = "is a drum machine, which plays drums alone" if is_kit else "is no drum machine, which drums need"
            raise ValueError(f"{RENDERER}.{role}.faust: {players.Player(one, {}).name!r}: {rule}")
        for path in map(Path, players.files_of(one)):
            if path.is_absolute() or ".." in path.parts or path.parts[:1] != SYNTHS.parts:
                rule = f"must be in the folder {SYNTHS}: DVC compares what is there"
                raise ValueError(f"{RENDERER}.{role}: {path}: {rule}")
    for place in chains or {}:
        if place != MIX and place not in (renderers or {}):
            rule = f"effects are on {MIX}, or on a part that {RENDERER} names"
            raise ValueError(f"{PRODUCTION}: {place!r}: {rule}: FluidSynth plays its parts together")


def manifest_of(section: Mapping[str, Any]) -> Json:
    """What decides how a category's parts are played, beside MIDI, SoundFont and `render`; empty for FluidSynth alone.

    Args:
        section: the category's, as params.yaml has it and `check` has accepted it.

    Raises:
        LegatoError: a file is missing, or what plays it is not installed.
    """
    given = {name: section[name] for name in (RENDERER, PRODUCTION) if section.get(name)}
    if not given:
        return {}
    renderers = TypeAdapter(Renderers).validate_python(given.get(RENDERER, {}), strict=True)
    effects = sorted({one["effect"] for chain in given.get(PRODUCTION, {}).values() for one in chain})
    return given | {
        "identity": {role: players.identity(one) for role, one in renderers.items()},
        "effects": {name: catalogue.load(name).sha256 for name in effects},
    }
