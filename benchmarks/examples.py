"""The categories that benchmarks run over: those of params.yaml and those that docs/categories.md offers to copy."""

import re
from pathlib import Path

import yaml

from legato.compose.config import MusicParams
from legato.workspace import params

ROOT = Path(__file__).parent.parent


def offered() -> dict[str, dict]:
    """The categories of the documentation, as YAML holds them."""
    text = (ROOT / "docs/categories.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return {name: row for block in blocks if "categories" not in block for name, row in block.items()}


def categories() -> dict[str, MusicParams]:
    """The music of every category, by name."""
    shipped = params.read(ROOT / "params.yaml")["categories"]
    rows = {**shipped, **offered()}
    return {name: MusicParams.model_validate(row["music"]) for name, row in rows.items() if "music" in row}
