"""Every params.yaml that `check` accepts builds to the end: all stages in one process, on seconds of music."""

import copy
import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from helpers import warm_stage
from helpers.checkout import ROOT
from helpers.micro_dia import TRAIN
from helpers.small_workspace import PADS, Workspace, song
from legato.errors import LegatoError
from legato.files import write_json

BEATS = {
    "tracks": 2,
    "prompt": "beat only drums",
    "music": {"bpm": [120, 140], "seconds": [3, 4], "parts": {"drums": ["tr808_kit"]}, "grooves": ["trap"]},
}
SONGS = {"tracks": "all", "prompt": "songs", "music": {"source": "midi", "license": "CC0-1.0"}}
PER_CATEGORY = ("compose", "render", "prompt", "normalize", "validate", "encode")
OF_ALL = ("contents", "collect", "audit", "stats", "quality", "diversity", "train", "sample", "evaluate", "summary")
# Values of each section that say something else than the default, at their ends too; together they cover each branch.
VALUES: dict[str, list[Any]] = {
    "categories.pads.tracks": [1, 3],
    "categories.pads.prompt": ["other words", "no drums", """& <b> "it's" \\{0}"""],
    "categories.pads.music.seconds": [[3, 3], [1, 1]],
    "dataset.seed": [7, 10**12],
    "dataset.held_out": [0, 0.34, 0.99],
    "card.creator": ["Für Elise & <Söhne>"],
    "card.published": ["2026-12-31"],
    "render.stems": [True],
    "render.variants": [False],
    "render.tail_s": [0, 2],
    "render.dry": [0, 1],
    "normalize.format": ["flac"],
    "normalize.target_lufs": [-40, -5],
    "normalize.silence.hold_s": [0],
    "encode.precision": ["fast"],
    "encode.window_frames": [64],
    "train.steps": [1],
    "train.batch": [1, 5],
    "train.accumulate": [2],
    "train.frames": [1, 400],
    "train.warmup_steps": [0, 100],
    "train.ema": [0.9],
    "train.text_dropout": [1],
    "train.eval_every": [9],
    "train.checkpoint_every": [1],
    "sample.prompts": [["beat only drums", "nothing known"], ["Für Elise, 120 bpm"], [" , "], ["a/b", "<i>\n{x}"]],
    "sample.clips": [2],
    "sample.batch": [1],
    "sample.seconds": [0.001, 0.5],
    "sample.guidance": [0, 1],
    "sample.top_k": [1],
    "evaluate.excerpts": [1, 9],
    "report.previews": [0, 9],
    "report.preview_seconds": [0.001, 60],
}
OTHER_CATEGORIES: list[dict[str, Any]] = [
    {"pads": PADS | {"tracks": 2}},  # one removed
    {"pads": PADS | {"tracks": 2}, "renamed": BEATS},
    {"808": BEATS, "pads": PADS | {"tracks": 2}},
    {"beats": BEATS, "pads": PADS | {"tracks": 2}, "songs": SONGS},
    {"beats": BEATS, "pads": BEATS},  # one phrase for both
    {"total": BEATS},
]
Edits = dict[str, Any]


class Project(Workspace):
    """A workspace with all that the stages of a whole dataset read."""

    def set_up(self) -> None:
        """Two categories of two tracks, one held out of each, and a model of a few numbers."""
        self.params["categories"] = {"pads": PADS | {"tracks": 2}, "beats": BEATS}
        self.params["dataset"]["held_out"] = 0.5
        self.params["train"] |= TRAIN | {"steps": 2, "eval_every": 1}
        self.params["sample"] |= {"prompts": ["slow pads"], "clips": 1, "seconds": 0.2}
        self.params["report"] |= {"previews": 1, "preview_seconds": 0.5}
        shutil.copy(ROOT / "dvc.yaml", self.folder)
        scripts = (path.stem for path in (ROOT / "stages").glob("*.py"))
        write_json(self.folder / "reports/code.json", dict.fromkeys(scripts, 64 * "0"))
        songs = self.folder / "sources/songs"
        songs.mkdir(parents=True)
        for program, name in enumerate(("one", "two", "three")):
            (songs / f"{name}.mid").write_bytes(song(program))

    def check(self, edits: Edits) -> list[str]:
        """Run `check` with some parameters changed; return the categories.

        Raises:
            LegatoError: it does not accept them.
        """
        params = copy.deepcopy(self.params)
        for key, value in edits.items():
            *above, last = key.split(".")
            place = params
            for name in above:
                place = place.get(name, {})  # of a category that another edit has removed
            place[last] = copy.deepcopy(value)
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
        with chdir(self.folder):
            warm_stage.main_of("check")()
        return list(params["categories"])

    def build(self, edits: Edits) -> bool:
        """Run every stage with some parameters changed; return whether `check` accepts them."""
        try:
            categories = self.check(edits)
        except LegatoError:
            return False
        with chdir(self.folder), self.using_cache():
            for category in categories:
                for stage in PER_CATEGORY:
                    warm_stage.main_of(stage)(category)
            for stage in (*OF_ALL, "report"):
                warm_stage.main_of(stage)()
        return True


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, font: Path, tiny_weights: Path) -> Project:
    made = Project(tmp_path_factory.mktemp("project"), font, tiny_weights)
    made.set_up()
    return made


@pytest.fixture(autouse=True)
def quick(micro_size: None, one_thread: None) -> None:
    """A model of a few numbers may be trained, on one thread."""


def one_of(values: dict[str, list[Any]]) -> st.SearchStrategy[Edits]:
    """A value for each of a few keys."""
    keys = st.lists(st.sampled_from(sorted(values)), min_size=3, max_size=6, unique=True)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({key: st.sampled_from(values[key]) for key in chosen}))


ACCEPTED: list[bool] = []


@settings(
    max_examples=8, phases=(Phase.explicit, Phase.generate), deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(categories=st.sampled_from([None, *OTHER_CATEGORIES]), edits=one_of(VALUES))
@example(categories=None, edits={"sample.prompts": ["lofi beat, no drums"], "report.previews": 0})
@example(categories=None, edits={"categories.pads.prompt": "a phrase that is not sampled", "normalize.format": "flac"})
@example(categories=None, edits={"dataset.held_out": 0})
@example(categories={"songs": SONGS | {"tracks": 1}}, edits={"dataset.held_out": 0.999})
@example(categories=OTHER_CATEGORIES[3], edits={"report.preview_seconds": 0.001, "sample.seconds": 0.001})
def test_what_check_accepts_builds_to_the_end(categories: Any, edits: Edits, project: Project) -> None:
    ACCEPTED.append(project.build(({"categories": categories} if categories else {}) | edits))


def test_most_of_these_were_accepted() -> None:
    assert sum(ACCEPTED) > len(ACCEPTED) / 2


@pytest.mark.parametrize(
    ("edits", "line"),
    [
        ({"train.accumulate": 5}, r"train\.batch: 2: must be a multiple of accumulate, 5"),
        ({"categories": {"total": BEATS}}, r"categories: 'total': is what the reports call all categories together"),
        ({"encode": {"device": "cpu"}}, r"encode\.precision: must be stated: dvc\.yaml names it"),
    ],
)
def test_what_a_late_stage_would_refuse_is_refused_by_check(edits: Edits, line: str, project: Project) -> None:
    with pytest.raises(LegatoError, match=f"^params.yaml: {line}"):
        project.check(edits)
