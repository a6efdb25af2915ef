"""A dataset's README.md: a card as the Hugging Face hub reads it, made of facts.

Source: the hub's dataset card, https://huggingface.co/docs/hub/datasets-cards.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from legato.dataset.card.config import CardParams
from legato.dataset.card.forms import IN_FILES, Form
from legato.dataset.card.summary import Summary, Terms, length_of
from legato.tokens import SAMPLE_RATE

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGEST = "1M<n<10M"
OTHER = "other"
TAGS = ("music", "audio", "audio-tokens", "descript-audio-codec", "dia")


def write_readme(card: CardParams, summary: Summary, form: Form = IN_FILES) -> str:
    """The card: metadata in YAML, then what it is, how to read it, what it is made of, and what it is not good for."""
    front = yaml.safe_dump(front_matter(card, summary) | form.front_matter, sort_keys=False, allow_unicode=True)
    sections = [
        f"---\n{front}---",
        f"# {card.name}",
        _statement(card),
        _about(summary, form),
        "## Read it",
        form.read,
        _format(form),
        "## What is in it",
        _table(("category", "tracks", "length", "licence of its music", "a prompt of it"), _categories(summary)),
        "## Licences",
        _licenses(summary),
        _table(("made with", "file", "licence", "tracks", "sha256"), _materials(summary)),
        "## How it was made",
        _making(summary),
        "## Before you use it",
        _limits(summary),
    ]
    return "\n\n".join(sections) + "\n"


def front_matter(card: CardParams, summary: Summary) -> dict[str, Any]:
    """The card's metadata. A licence that the hub has no name for is `other`, and LICENSE says which."""
    ids = sorted({terms.hub_id for terms in summary.licenses})
    stated: dict[str, Any] = {"license": ids[0] if len(ids) == 1 else ids}
    if OTHER in ids:
        stated |= {"license_name": "see-license", "license_link": "LICENSE"}
    return {
        "pretty_name": card.name,
        **stated,
        "language": ["en"],
        "task_categories": ["text-to-audio"],
        "size_categories": [next((name for size, name in SIZES if summary.n_tracks < size), LARGEST)],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "tags": [*TAGS, *([] if summary.n_recordings else ["synthetic"])],
        "viewer": False,  # it reads tables, and facts are nested
    }


def _about(summary: Summary, form: Form) -> str:
    return (
        f"{summary.n_tracks} tracks of music, {length_of(summary.hours)}, each as codes of the Descript Audio Codec "
        f"with a prompt. {_origin(summary)} {_recordings(summary)} {_held_out(summary, form)}"
    )


def _held_out(summary: Summary, form: Form) -> str:
    if not summary.n_held_out:
        return "Nothing is held out."
    return f"Another {summary.n_held_out} are held out: {form.held_out}."


def _statement(card: CardParams) -> str:
    """What the owner states, as far as it is stated."""
    stated = [f"Version {card.version}", card.creator and f"by {card.creator}", card.published, card.url]
    return ", ".join(filter(None, stated)) + "."


def _recordings(summary: Summary) -> str:
    if not summary.n_recordings:
        return "No recording is in it."
    return f"{summary.n_recordings} tracks are recordings by others, from archives, each with its rights and record."


def _origin(summary: Summary) -> str:
    if not summary.n_sources:
        return "All music was composed by a program." if not summary.n_recordings else ""
    if summary.n_sources == summary.n_tracks:
        return "All music comes from MIDI files."
    return (
        f"The music of {summary.n_sources} tracks comes from MIDI files, that of the others was composed by a program."
    )


def _format(form: Form) -> str:
    last = "`croissant.json`: this description for machines; `LICENSE`: what stands under which licence."
    return "\n".join(f"- {line}" for line in (*form.files, last))


def _categories(summary: Summary) -> Iterable[Sequence[str]]:
    for part in summary.parts:
        yield (
            part.category,
            str(part.n_tracks),
            length_of(part.hours),
            ", ".join(_code(terms.id) for terms in part.licenses),
            _code(part.example),
        )


def _licenses(summary: Summary) -> str:
    lines = []
    for kind, found in summary.hours_by_license.items():
        listed = ", ".join(f"{length_of(hours)} {_linked(terms)}" for terms, hours in found)
        lines.append(f"- {kind}: {listed}")
    for layer, found in summary.hours_by_layer.items():
        listed = ", ".join(f"{length_of(hours)} {_linked(terms)}" for terms, hours in found)
        lines.append(f"- music, {layer}: {listed}")
    sources = ", ".join(f"{length_of(hours)} {name}" for name, hours in summary.hours_by_source.items())
    lines.append(f"- where the music is from: {sources}")
    lines += [f"- {text}" for text in summary.attributions]
    return "\n".join(lines)


def _materials(summary: Summary) -> Iterable[Sequence[str]]:
    for one in summary.materials:
        yield one.kind, _code(one.name), _linked(one.license), str(one.n_tracks), _code(one.sha256)


def _making(summary: Summary) -> str:
    tags = summary.tags
    accuracy = f"{tags.n_true} of {tags.n_checked}" if tags.n_checked else "none"
    return (
        f"Seed {_listed(summary.seeds)}. MIDI was rendered by {_listed(summary.synths)} at {SAMPLE_RATE} Hz in stereo, "
        f"brought to one loudness ({summary.loudness}) and encoded. "
        "The same parameters and program give the same bytes.\n\n"
        "Prompts were written from what is known of each track, and their tags were checked on the MIDI or the audio: "
        f"{accuracy} verdicts are true. Another {tags.n_stated} only repeat the record that the tag came from, such as "
        "the reverb of the renderer. `verdicts` in `tracks.jsonl` has them all."
    )


def _limits(summary: Summary) -> str:
    lines = [
        "- Synthesised music only: no voice, no room, no players; a model that learns from it knows nothing else."
        if not summary.n_recordings
        else "- The recordings are what archives had: of any fidelity, and with what their uploaders left in them.",
        f"- {summary.n_tracks} tracks of {len(summary.parts)} categories; harmony, metre and tuning are those of "
        "Western popular music.",
        "- What the codes keep of the audio depends on the codec weights above; decode with the same ones.",
        "- It holds no personal data: no voice, no name, no words but the prompts."
        if not summary.has_archives
        else "- `tracks.jsonl` names the creators of what came from archives; recordings may hold voices.",
        "- This is not legal advice.",
    ]
    return "\n".join(lines)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in values) or "unknown"


def _linked(terms: Terms) -> str:
    return f"[{terms.id}]({terms.page})" if terms.page else _code(terms.id)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str) -> str:
    """Text of anyone's as a code span that stays one cell of a table, whatever is in it."""
    plain = " ".join(text.split()).replace("`", "'").replace("|", r"\|")
    return f"`{plain}`"
