"""Their tags in our words: what a tag or heading of an archive says that an ear can check.

A tag alone is claimed of nothing: it allows a claim, and the claim is made where the sound agrees
(`legato.archives.sounds`). A tag that no row has says nothing.
"""

ONLY_DRUMS, DRUMS, BASS_808 = "only drums", "drums", "808 bass"
VOCABULARY = {
    ONLY_DRUMS: ("drum-loop", "drumloop", "drum loop", "drums only", "only-drums", "drumbeat", "breakbeat", "m-sp"),
    DRUMS: ("drum", "drums", "percussion", "beat", "beats", "kick", "snare", "hi-hat", "hihat", "drum-kit", "hip-hop"),
    BASS_808: ("808-bass", "808 bass", "808bass", "sub-808"),
}
_MEANINGS = {word: meaning for meaning, words in VOCABULARY.items() for word in words}


def meanings_of(words: tuple[str, ...]) -> list[str]:
    """What tags mean by the table, sorted.

    >>> meanings_of(("drum-loop", "my-cool-loop", "beat"))
    ['drums', 'only drums']
    """
    return sorted({_MEANINGS[word] for word in words if word in _MEANINGS})
