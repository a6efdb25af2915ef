"""What a file is, by its first bytes: never by its name."""

from pathlib import Path

from legato.archives.records import Reason, shown

HEAD = 64
MIDI, AUDIO = "MIDI", "audio"
NAMES = {"mid": MIDI, "wav": AUDIO, "aif": AUDIO, "aiff": AUDIO, "flac": AUDIO, "ogg": AUDIO, "mp3": AUDIO}


def kind_of(head: bytes) -> str | None:
    """What begins with these bytes, None where it is neither MIDI nor audio that libsndfile reads.

    >>> kind_of(b"RIFF\\x24\\0\\0\\0WAVEfmt "), kind_of(b"MZ\\x90"), kind_of(b"<!DOCTYPE html>"), kind_of(b"ID3\\x04")
    ('audio', None, None, 'audio')
    """
    if head[:4] == b"MThd":
        return MIDI
    is_riff = head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE"
    is_aiff = head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC")
    is_mp3 = head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4, 0xE6))
    return AUDIO if is_riff or is_aiff or is_mp3 or head[:4] in (b"fLaC", b"OggS") else None


def is_what_it_says(path: Path) -> Reason | None:
    """Why a file's bytes are not what its name says, None where they are."""
    if not path.is_file():
        return Reason("no original")
    with path.open("rb") as file:
        head = file.read(HEAD)
    expected = NAMES.get(path.suffix.removeprefix(".").lower())
    if expected is None or kind_of(head) != expected:
        return Reason("not what its name says", f"{path.suffix} begins with {shown(head[:12])}")
    return None
