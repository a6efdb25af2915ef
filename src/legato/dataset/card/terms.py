"""The LICENSE of a dataset: what has which licence, by the facts of its tracks."""

from pathlib import Path

from legato.dataset.card.config import CardParams
from legato.dataset.card.summary import Summary, Terms, length_of
from legato.licenses.known import NONE, OWN_WORK
from legato.words import counted

DEDICATION = "CC0-1.0"
FULL_TEXT = Path(__file__).with_name("CC0-1.0.txt")
RULE = "=" * 78
NOTES = {
    DEDICATION: "Whoever made this waives all copyright and related rights to it, as far as the law lets them.",
    OWN_WORK: "Whoever built the dataset made this music and says nothing about what others may do: ask them.",
    NONE: "Nobody stated a licence. The dataset does not pass the audit.",
}


def write_terms(card: CardParams, summary: Summary) -> str:
    """The text of LICENSE: each licence with what it covers, then CC0's legal code where it occurs."""
    lines = [
        f"The dataset {card.name}, version {card.version}: {summary.n_tracks} tracks, {length_of(summary.hours)}.",
        f"It is codes of audio, with a text for each track; {_of_recordings(summary)}.",
        "",
    ]
    for terms in summary.licenses:
        lines += _section(terms, summary)
    lines += [
        "The codes were made with codec weights, which are not part of the dataset:",
        *(f"  {one.name} (sha256 {one.sha256}), {one.license.id}" for one in summary.materials if one.kind == "codec"),
        "",
        "tracks.jsonl names the licence of every track's music, SoundFont and codec weights.",
    ]
    if any(terms.id == DEDICATION for terms in summary.licenses):
        lines += ["", RULE, "", FULL_TEXT.read_text(encoding="ascii").rstrip()]
    return "\n".join(lines) + "\n"


def _of_recordings(summary: Summary) -> str:
    if not summary.n_recordings:
        return "the audio was synthesised, and there is no recording in it"
    return (
        f"recordings by others are in it, {counted(summary.n_recordings, 'track')}; tracks.jsonl names their creators"
    )


def _section(terms: Terms, summary: Summary) -> list[str]:
    music = [part.category for part in summary.parts if terms in part.licenses]
    fonts = [one for one in summary.materials if one.kind == "soundfont" and one.license == terms]
    if terms.id == DEDICATION and not summary.n_sources:
        music = [f"{', '.join(music)}; with their texts and facts"] if music else []
    return [
        f"{terms.id} ({terms.name})" if terms.name else terms.id,
        *([f"  {terms.page}"] if terms.page else []),
        *([f"  {NOTES[terms.id]}"] if terms.id in NOTES else []),
        *([f"  music of: {', '.join(music)}"] if music else []),
        *(f"  SoundFont: {font.name} (sha256 {font.sha256})" for font in fonts),
        "",
    ]
