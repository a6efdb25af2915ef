"""What the pipeline makes: which stage, where, and which parameters decide it.

Everything that knows a path of the workspace or a stage's parameters asks here: stages, the cache of single tracks,
provenance, `legato trace`, `legato diff`, the report, `check`, and the tests of dvc.yaml. Paths are from the root.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legato import shards

Values = Mapping[str, Any]  # of params.yaml


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One thing that a stage makes of the whole dataset: a file, or a folder."""

    stage: str
    path: Path
    words: str  # what it is, to a reader


@dataclass(frozen=True, kw_only=True)
class TrackFiles(Artifact):
    """What a stage makes of each track: a file in its category's folder, which is in `path`."""

    name: str
    suffixes: tuple[str, ...] = ()  # the usual one first; empty where a track has a folder or nothing
    ending: str = ""  # of a file's name, between the track's id and the suffix

    def folder(self, category: str) -> Path:
        """Where a category's tracks are."""
        return self.path / category

    def file(self, category: str, track: str) -> Path:
        """A track's file: the one that is there, else the one that would be; it may be a member of an archive."""
        paths = [self.folder(category) / f"{track}{self.ending}{suffix}" for suffix in self.suffixes]
        return next((path for path in paths if shards.exists(path)), paths[0]) if paths[1:] else paths[0]

    def files(self, category: str) -> list[Path]:
        """A category's files, and the members of its archives, sorted by name."""
        folder = self.folder(category)
        paths = [*folder.glob("*"), *map(folder.joinpath, shards.names(folder))]
        return sorted(path for path in paths if path.suffix in self.suffixes)


# What an archive gave for a category: originals of its records, and what is known of them (`legato.archives.fetched`).
FETCHED = TrackFiles(name="fetched", words="originals", stage="fetch", path=Path("dataset/fetched"))
# Of an archive's recordings it is audio, which `render` passes on.
MIDI = TrackFiles(name="music", words="music", stage="compose", path=Path("dataset/midi"), suffixes=(".mid", ".flac"))
RENDERED = TrackFiles(
    name="rendered", words="rendered audio", stage="render", path=Path("dataset/rendered"), suffixes=(".flac",)
)
STEMS = TrackFiles(name="stems", words="stems", stage="render", path=Path("dataset/stems"))
PROMPT = TrackFiles(
    name="prompt",
    words="prompt",
    stage="prompt",
    path=Path("dataset/audio_prompts"),
    suffixes=(".txt",),
    ending="_prompt",
)
AUDIO = TrackFiles(
    name="normalized",
    words="normalized audio",
    stage="normalize",
    path=Path("dataset/raw_audio"),
    suffixes=(".wav", ".flac"),
)
CODES = TrackFiles(name="codes", words="codes", stage="encode", path=Path("dataset/encoded"), suffixes=(".pt",))
OF_TRACKS = (FETCHED, MIDI, RENDERED, STEMS, AUDIO, CODES, PROMPT)  # each after what it is made from
CHAIN = tuple(artifact for artifact in OF_TRACKS if artifact.suffixes)  # what a track's provenance names
PACKED = (MIDI, STEMS, CODES, PROMPT)  # in archives where a category has many tracks: `dataset.layout`
PACKING = Path(".legato/packing")  # where files are until they are in archives

TRACK_FACTS = Path("dataset/tracks")  # <category>/<stage>.jsonl, see `facts_path`
STAGES_WITH_FACTS = ("compose", "render", "prompt", "normalize", "validate", "encode")

REPORTS = Path("reports")


def report(stage: str) -> Path:
    """A stage's figures.

    >>> report("audit").as_posix()
    'reports/audit.json'
    """
    return REPORTS / f"{stage}.json"


CODE = Artifact(stage="code_versions", path=report("code"), words="a hash of each stage's code")
MANIFESTS = Artifact(stage="check", path=Path("dataset/sources"), words="which files each category takes")
RENDERERS = Artifact(stage="check", path=Path("dataset/renderers"), words="what plays each category's parts")
SOUNDFONT = Artifact(stage="soundfont", path=Path("dataset/soundfonts/legato.sf2"), words="SoundFont")
WEIGHTS = Artifact(stage="codec", path=Path("dataset/codec/weights.pth"), words="the codec in use")
TRAIN = Artifact(stage="collect", path=Path("dataset/encoded_dataset"), words="the tracks to train on")
HELD_OUT = Artifact(stage="collect", path=Path("dataset/heldout_dataset"), words="the tracks that are held out")
TAG_ACCURACY = Artifact(stage="stats", path=report("tag_accuracy"), words="how many checked tags are true")
DATASET_FIGURES = Artifact(stage="stats", path=report("dataset"), words="what the dataset is like")
CODEBOOK_FIGURES = Artifact(stage="stats", path=report("codebooks"), words="how codebooks are used")
PLOTS = Artifact(stage="stats", path=REPORTS / "plots", words="histograms")
AUDIT = Artifact(stage="audit", path=report("audit"), words="what policy says of each track")
QUALITY = Artifact(stage="quality", path=report("codec"), words="what the codes keep of the audio")
DIVERSITY = Artifact(stage="diversity", path=report("diversity"), words="how different the tracks are")
MODEL = Artifact(stage="train", path=Path("models/dia"), words="the model")
TRAINING = Artifact(stage="train", path=REPORTS / "train/metrics.json", words="how training went")
TRAINING_PLOTS = Artifact(stage="train", path=REPORTS / "train/plots/metrics", words="training step by step")
SAMPLES = Artifact(stage="sample", path=REPORTS / "samples", words="what the model plays")
EVALUATION = Artifact(stage="evaluate", path=report("evaluate"), words="whether samples are what prompts ask for")
SUMMARY = Artifact(stage="summary", path=report("summary"), words="this version in a few figures")
INDEX = Artifact(stage="report", path=REPORTS / "index.html", words="the page")
PAGE = Artifact(stage="report", path=REPORTS / "page", words="the page's parts")
CONTENTS = tuple(
    Artifact(stage="contents", path=REPORTS / f"contents/{stage}.json", words=f"hashes of what {stage} made")
    for stage in STAGES_WITH_FACTS
)
OF_ALL = (
    *(CODE, MANIFESTS, RENDERERS, SOUNDFONT, WEIGHTS, *CONTENTS, TRAIN, HELD_OUT, AUDIT),
    *(TAG_ACCURACY, DATASET_FIGURES, CODEBOOK_FIGURES, PLOTS, QUALITY, DIVERSITY),
    *(MODEL, TRAINING, TRAINING_PLOTS, SAMPLES, EVALUATION, SUMMARY, INDEX, PAGE),
)

# What is no output of a stage.
CHECKPOINTS, TRAINING_LOGS = Path("models/dia_checkpoints"), Path("logs/train")
LIMITS = Path(".legato/limits")  # requests to archives, counted over restarts
CODEC_RUNS = Path("dataset/train_codec")
SMALL_CODEC, SMALL_CODEC_FIGURES = Path("models/codec/small.pth"), Path("models/codec/small.json")
CODEC_CORPUS = Path("models/codec/corpus.yaml")
START = Path("models/start")  # the model that ships
START_CORPUS, START_FIGURES = START / "corpus.yaml", START / "figures.json"
PRETRAINING = Path("dataset/pretrain")
DIFF_PAGE = REPORTS / "diff.html"

# The user's folders, and the roots of the others: all that the pipeline reads or writes.
SOURCES, SYNTHS = Path("sources"), Path("synths")
ROOTS = (Path("dataset"), Path("models"), REPORTS, SOURCES, SYNTHS, Path("src"), Path("stages"))
# What has an entry of its own in a diff, or is made of what has one.
COUNTED_APART = (
    *(one.path for one in OF_TRACKS),
    TRACK_FACTS,
    MANIFESTS.path,
    RENDERERS.path,
    TRAIN.path,
    HELD_OUT.path,
    REPORTS,
)


def fetched_list(category: str) -> Path:
    """The records that an archive gave for a category, in Git: the lock of what `fetch` brings."""
    return SOURCES / f"{category}.fetched.jsonl"


def facts_path(category: str, stage: str) -> Path:
    """Where a per-track stage writes what it knows of each track of a category, as JSON Lines."""
    return TRACK_FACTS / category / f"{stage}.jsonl"


def _encode_keys(values: Values) -> tuple[str, ...]:
    """Exact codes are the same whatever the windows and the device; fast ones are not."""
    how = ("batch", "compile", "device", "window_frames")
    is_fast = _at(values, "encode.precision") == "fast"
    return ("encode.precision", *(f"encode.{name}" for name in how if is_fast))


# What decides the bytes that a stage makes of one track: keys of params.yaml, `*` for `categories.<name>`.
_DECIDES: dict[str, Callable[[Values], tuple[str, ...]]] = {
    "compose": lambda _: ("*.music", "dataset.seed"),
    "render": lambda _: ("render", "dataset.seed", "*.renderer", "*.production"),
    "prompt": lambda _: ("*.prompt", "dataset.seed"),
    "normalize": lambda _: ("normalize",),
    "encode": _encode_keys,
}
CHAIN_STAGES = tuple(_DECIDES)
OPTIONAL = ("*.renderer", "*.production")  # which dvc.yaml cannot name: `check` hands them on in a manifest
# What a stage reads beside: which tracks there are, or how results are stored, never what is in one.
LAYOUT = "dataset.layout"
SELECTS = {
    "compose": ("*.tracks", LAYOUT),
    "render": (LAYOUT,),
    "prompt": (LAYOUT,),
    "encode": (LAYOUT,),
}


def keys_of(stage: str, values: Values, category: str) -> tuple[str, ...]:
    """The dotted keys of params.yaml that decide what a stage makes of a category's tracks.

    >>> keys_of("prompt", {}, "pads")
    ('categories.pads.prompt', 'dataset.seed')
    """
    named = [(key, key.replace("*", f"categories.{category}")) for key in _DECIDES[stage](values)]
    return tuple(full for key, full in named if key not in OPTIONAL or _at(values, full) is not None)


def settings_of(stage: str, values: Values, category: str) -> dict[str, Any]:
    """The values at `keys_of`, by the last word of each key: for the cache of single tracks and for provenance.

    >>> settings_of("prompt", {"categories": {"pads": {"prompt": "slow pads"}}, "dataset": {"seed": 1}}, "pads")
    {'prompt': 'slow pads', 'seed': 1}
    """
    return {key.rpartition(".")[2]: _at(values, key) for key in keys_of(stage, values, category)}


def _at(values: Any, key: str) -> Any:
    for name in key.split("."):
        values = values.get(name) if isinstance(values, Mapping) else None
    return values
