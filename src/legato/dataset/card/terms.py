"""The LICENSE of a dataset: what stands under which licence, by the facts of its tracks."""

from pathlib import Path

from legato.dataset.card.config import CardParams
from legato.dataset.card.summary import Summary, length_of
from legato.licenses.known import LICENCES, NONE, OWN_WORK, page_of

DEDICATION = "CC0-1.0"
FULL_TEXT = Path(__file__).with_name("CC0-1.0.txt")
RULE = "=" * 78
NOTES = {
    DEDICATION: "Whoever made this waives all copyright and related rights to it, as far as the law lets them.",
    OWN_WORK: "Whoever built the dataset made this music and says nothing about what others may do: ask them.",
    NONE: "Nobody stated a licence. The dataset does not pass the audit.",
}


def write_terms(card: CardParams, summary: Summary) -> str:
    """The text of LICENSE: each licence with what stands under it, then CC0's legal code where it occurs."""
    lines = [
        f"The dataset {card.name}, version {card.version}: {summary.n_tracks} tracks, {length_of(summary.hours)}.",
        "It is codes of audio that was synthesised, with a text for each track; there is no recording in it.",
        "",
    ]
    for licence in summary.licences:
        lines += _section(licence, summary)
    lines += [
        "The codes were made with codec weights, which are not part of the dataset:",
        *(f"  {one.name} (sha256 {one.sha256}), {one.licence}" for one in summary.materials if one.kind == "codec"),
        "",
        "tracks.jsonl names the licence of every track's music, SoundFont and codec weights.",
    ]
    if DEDICATION in summary.licences:
        lines += ["", RULE, "", FULL_TEXT.read_text(encoding="ascii").rstrip()]
    return "\n".join(lines) + "\n"


def _section(licence: str, summary: Summary) -> list[str]:
    name = LICENCES[licence].name if licence in LICENCES else ""
    heading = f"{licence} ({name})" if name else licence
    page = page_of(licence)
    music = [part.category for part in summary.parts if licence in part.licences]
    fonts = [one for one in summary.materials if one.kind == "soundfont" and one.licence == licence]
    if licence == DEDICATION and not summary.n_sources:
        music = [f"{', '.join(music)}; with their texts and facts"] if music else []
    return [
        heading,
        *([f"  {page}"] if page else []),
        *([f"  {NOTES[licence]}"] if licence in NOTES else []),
        *([f"  music of: {', '.join(music)}"] if music else []),
        *(f"  SoundFont: {font.name} (sha256 {font.sha256})" for font in fonts),
        "",
    ]
