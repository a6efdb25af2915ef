"""The forms that a dataset comes in, as its card and its Croissant description tell of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from legato.contract.folder import CODES_FOLDER, FACTS
from legato.shards import INDEX
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, N_CODEBOOKS, SAMPLE_RATE

CODES, PROMPT, FACTS_MEMBER = "codes.npy", "prompt.txt", "facts.json"  # of a track in an archive that is published
TRAIN_SPLIT, TEST_SPLIT = "train", "test"
TORCH_SAVE = "https://docs.pytorch.org/docs/stable/generated/torch.save.html"
TAR = "application/x-tar"
LAYOUT = (
    f"columns 0 to {N_CODEBOOKS - 1} are the left channel's codebooks, {N_CODEBOOKS} to {N_CHANNELS - 1} the right's; "
    f"values 0 to {CODEBOOK_SIZE - 1}; {SAMPLE_RATE / HOP_LENGTH:.2f} frames a second; no delay pattern, no special "
    "tokens"
)
ALL_KNOWN = "all that is known of each track, an object a line: key, bpm, instruments, loudness, "
HASHES = "licences, hashes of what it was made from."


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a dataset is read, and where things are in it."""

    read: str  # Markdown
    files: tuple[str, ...]  # lines of a list
    held_out: str  # where held-out tracks are
    codes: str  # the archives or files of codes, as a pattern
    codes_encoding: str
    facts: str  # a file, or a pattern
    front_matter: dict[str, Any] = field(default_factory=dict)  # of the card


IN_FILES = Form(
    read="""\
```python
import json, torch

prompts = json.load(open("metadata.json"))
for name, entry in prompts.items():
    codes = torch.load(f"encoded_audio/{name}", weights_only=True)  # int16, (frames, 18)
    print(entry["text"], codes.shape)
```""",
    files=(
        f"`encoded_audio/<id>.pt`: a bare int16 tensor (frames, {N_CHANNELS}); {LAYOUT}.",
        "`metadata.json`: each file's prompt (`text`), sample rate, number of codebooks and length in frames.",
        f"`tracks.jsonl`: {ALL_KNOWN}{HASHES}",
    ),
    held_out="they lie in another folder and are not described here",
    codes=f"{CODES_FOLDER}/*.pt",
    codes_encoding=TORCH_SAVE,
    facts=FACTS,
)
IN_ARCHIVES = Form(
    read="""\
```python
import glob, io, json, tarfile, torch

prompts = json.load(open("metadata.json"))
for path in sorted(glob.glob("encoded_audio/*.tar")):
    with tarfile.open(path) as archive:
        for member in archive:
            content = io.BytesIO(archive.extractfile(member).read())
            codes = torch.load(content, weights_only=True)  # int16, (frames, 18)
            print(prompts[member.name]["text"], codes.shape)
```""",
    files=(
        f"`encoded_audio/*.tar`: of each track `<id>.pt`, a bare int16 tensor (frames, {N_CHANNELS}); {LAYOUT}.",
        f"`encoded_audio/{INDEX}`: where each of them is, a line each: archive, offset, size, SHA-256, prompt.",
        "`metadata.json`: each file's prompt (`text`), sample rate, number of codebooks and length in frames.",
        f"`tracks.jsonl/`: a file for each archive; {ALL_KNOWN}{HASHES}",
    ),
    held_out=IN_FILES.held_out,
    codes=f"{CODES_FOLDER}/*.tar",
    codes_encoding=TAR,
    facts=f"{FACTS}/*.jsonl",
)


def published(facts: dict[str, str], has_test: bool) -> Form:
    """What `legato publish` writes: WebDataset archives that `datasets.load_dataset` reads by the card.

    Args:
        facts: the type of each fact in an archive, as `datasets` calls it.
        has_test: whether anything is held out.
    """
    features = [
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
        {"name": CODES, "dtype": {"array2_d": {"shape": [None, N_CHANNELS], "dtype": "int16"}}},
        {"name": FACTS_MEMBER, "struct": [{"name": name, "dtype": kind} for name, kind in facts.items()]},
        {"name": PROMPT, "dtype": "string"},
    ]
    splits = [TRAIN_SPLIT, *([TEST_SPLIT] if has_test else [])]
    archives = ", ".join(f"`{split}/*.tar`" for split in splits)
    return Form(
        read="""\
```python
from datasets import load_dataset

tracks = load_dataset("PATH", split="train")  # of this repository or folder; streaming=True downloads nothing first
for track in tracks.with_format("numpy"):
    print(track["prompt.txt"], track["codes.npy"].shape, track["facts.json"]["bpm"])  # codes: (frames, 18)
```

The archives are WebDataset's too, here of a folder:

```python
from glob import glob
from webdataset import WebDataset

for track in WebDataset(sorted(glob("PATH/train/*.tar")), shardshuffle=False).decode():
    print(track["prompt.txt"], track["codes.npy"].shape, track["codes.npy"].dtype)
```""",
        files=(
            f"{archives}: of each track `<id>.{CODES}`, int16 (frames, {N_CHANNELS}), `<id>.{PROMPT}` "
            f"and `<id>.{FACTS_MEMBER}`; {LAYOUT}.",
            f"`tracks.jsonl`: {ALL_KNOWN}{HASHES} It is of the split `train`.",
        ),
        held_out=f"they are the split `{TEST_SPLIT}`",
        codes=f"{TRAIN_SPLIT}/*.tar",
        codes_encoding=TAR,
        facts=FACTS,
        front_matter={
            "configs": [
                {
                    "config_name": "default",
                    "data_files": [{"split": split, "path": f"{split}/*.tar"} for split in splits],
                }
            ],
            "dataset_info": {"features": features},
        },
    )


def form_of(folder: Path) -> Form:
    """The form of a collected dataset."""
    return IN_ARCHIVES if (folder / FACTS).is_dir() else IN_FILES
