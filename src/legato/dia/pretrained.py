"""A Dia in a folder that `save_pretrained` wrote, here or elsewhere: read whole, or refused.

Transformers fills in what a folder lacks with random numbers, builds whatever its config.json asks for, and raises
whatever it meets. So names, shapes and kinds of all weights are compared with the model that the configuration
describes, which costs no memory, before any of them is read. No code of the folder is run, and no pickle is opened.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError, safe_open
from transformers import DiaConfig, DiaForConditionalGeneration

from legato.errors import LegatoError
from legato.files import read_json, require_file

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
NUMBERS = {"F64", "F32", "F16", "BF16"}  # kinds of a safetensors file that are plain real numbers
MAX_LAYERS, MAX_SIZE, MAX_LENGTH = 256, 65_536, 10**7
LIMITS = {
    "num_hidden_layers": MAX_LAYERS,
    **dict.fromkeys(("max_position_embeddings", "original_max_position_embeddings", "max_length"), MAX_LENGTH),
    "rope_theta": 10**9,
}
CODE_KEYS = ("auto_map", "trust_remote_code", "custom_pipelines")  # by which a folder asks to have its code run
MAX_WORDS = 200  # letters of an error of transformers
Shapes = dict[str, tuple[int, ...]]


def read_pretrained(folder: Path, check: Callable[[DiaConfig], None] = lambda _: None) -> DiaForConditionalGeneration:
    """The model in float32, on the CPU.

    Args:
        check: sees its configuration before the weights are read.

    Raises:
        LegatoError: there is none; its configuration describes no Dia; a weight is missing, is of no use, has another
            shape, or holds what is no number.
    """
    if not (folder / CONFIG).exists():
        raise LegatoError(f"{folder}: no {CONFIG} there; it must be a folder that save_pretrained wrote")
    for path in folder.iterdir():
        if not path.is_dir():
            require_file(path)
    config, wanted = _config(folder / CONFIG)
    check(config)
    _compare(wanted, dict(_stored(folder)), folder)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()  # an error begins on a line of its own
    try:
        loaded: Any = DiaForConditionalGeneration.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:
        raise LegatoError(f"{folder}: not a Dia model: {_first_words(error)}") from None
    model: DiaForConditionalGeneration
    model, info = loaded
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[kind]:
            raise LegatoError(f"{folder}: {kind.replace('_', ' ')}: {sorted(map(str, info[kind]))[0]}")
    for name, value in model.state_dict().items():
        if not torch.isfinite(value).all():
            raise LegatoError(f"{folder}: {name}: holds NaN or infinity")
    return model


def _config(path: Path) -> tuple[DiaConfig, Shapes]:
    """The configuration, and the shape of each weight of the model that it describes."""
    values = read_json(path)
    if not isinstance(values, dict) or values.get("model_type") != "dia":
        raise LegatoError(f"{path}: not a Dia model: its model_type must be 'dia'")
    for key in CODE_KEYS:
        if _has(values, key):
            raise LegatoError(f"{path}: {key}: no code of a model is run, nor asked for")
    if "quantization_config" in values:
        raise LegatoError(f"{path}: quantization_config: weights must be plain numbers")
    for key, value in _integers(values):
        name = key.rpartition(".")[2]
        least = 1 if name.startswith(("num_", "hidden_", "intermediate_", "head_", "vocab_")) else -MAX_SIZE
        if not least <= value <= LIMITS.get(name, MAX_SIZE):
            raise LegatoError(f"{path}: {key}: must be a number from {least} to {LIMITS.get(name, MAX_SIZE)}")
    try:
        config = DiaConfig.from_dict(values)
        with torch.device("meta"):
            described = DiaForConditionalGeneration(config).state_dict()
    except Exception as error:  # of values that are none, transformers may raise anything
        raise LegatoError(f"{path}: not a Dia model: {_first_words(error)}") from None
    return config, {name: tuple(value.shape) for name, value in described.items()}


def _has(values: Any, key: str) -> bool:
    """Whether nested mappings have a key anywhere."""
    return isinstance(values, dict) and (key in values or any(_has(value, key) for value in values.values()))


def _integers(values: dict[str, Any], where: str = "") -> Iterator[tuple[str, int]]:
    """Every integer of nested mappings, under its dotted key."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _integers(value, f"{where}{name}.")
        elif isinstance(value, int):
            yield f"{where}{name}", value


def _stored(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name and shape of every tensor of the folder, by the files' headers."""
    for path in _weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118
                    found = file.get_slice(name)
                    if found.get_dtype() not in NUMBERS:
                        raise LegatoError(f"{path}: {name}: {found.get_dtype()}: must be one of {', '.join(NUMBERS)}")
                    yield name, tuple(found.get_shape())
        except SafetensorError as error:
            raise LegatoError(f"{path}: truncated, or no weights in safetensors: {_first_words(error)}") from None


def _weight_files(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).exists():
        return [require_file(folder / WEIGHTS)]
    if not (folder / INDEX).exists():
        raise LegatoError(f"{folder}: no {WEIGHTS} there; weights in other formats are not read")
    index = read_json(folder / INDEX)
    shards = index.get("weight_map") if isinstance(index, dict) else None
    if not (isinstance(shards, dict) and all(isinstance(name, str) for name in shards.values())):
        raise LegatoError(f"{folder / INDEX}: weight_map: must name the file of each weight")
    for name in shards.values():
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise LegatoError(f"{folder / INDEX}: {name!r}: must be a .safetensors file beside it")
    return [require_file(folder / name) for name in sorted(set(shards.values()))]


def _compare(wanted: Shapes, stored: Shapes, folder: Path) -> None:
    for names, rule in (
        (wanted.keys() - stored.keys(), "is missing: it is described by config.json"),
        (stored.keys() - wanted.keys(), "is none of the weights that config.json describes"),
        ({name for name in wanted if stored.get(name) != wanted[name]}, "has another shape than config.json describes"),
    ):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise LegatoError(f"{folder}: the weight {min(names)} {rule}{more}")


def _first_words(error: Exception) -> str:
    return " ".join(str(error).split())[:MAX_WORDS] or type(error).__name__
