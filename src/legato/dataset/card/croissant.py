"""A dataset's croissant.json: what its files and records are, for machines.

Sources: Croissant 1.1 and its Responsible AI vocabulary 1.0 (MLCommons), PROV-O (W3C). An id is relative to the file.
"""

from collections.abc import Iterable
from pathlib import Path

from legato.contract.folder import FACTS, METADATA
from legato.dataset import provenance
from legato.dataset.card.config import CardParams
from legato.dataset.card.forms import IN_FILES, TORCH_SAVE, Form
from legato.dataset.card.summary import Summary, length_of
from legato.files import Json, sha256_of
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, N_CODEBOOKS, SAMPLE_RATE
from legato.words import counted

CROISSANT = "http://mlcommons.org/croissant/1.1"
RAI = "http://mlcommons.org/croissant/RAI/1.0"
CR_TERMS = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileProperty fileObject "
    "fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex "
    "readLines repeated replace samplingRate sdVersion separator source subField transform unArchive value"
)
CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in CR_TERMS.split()},
}
JSON_LINES = "application/jsonlines"
TEXT, NUMBER, WHOLE = "sc:Text", "sc:Float", "sc:Integer"
NOTHING_COLLECTED = "Nothing was recorded or collected from the web."
FROM_ARCHIVES = "Scores and recordings are from archives that state their rights; tracks.jsonl names their creators."
KEYWORDS = ("music", "audio tokens", "Descript Audio Codec", "text-to-audio")
MADE_FROM = "prov:wasDerivedFrom"
# Facts of a track that are worth a field: (name, type, what it is, a property that means the same).
FIELDS = (
    ("id", TEXT, "The track's id, by which its codes are named.", None),
    ("category", TEXT, "The category it belongs to.", None),
    ("prompt", TEXT, "What a model is told: tags with commas between them, each true of the track.", None),
    ("frames", WHOLE, f"Rows of its codes, {SAMPLE_RATE / HOP_LENGTH:.2f} a second.", None),
    ("seconds", NUMBER, "Its length.", None),
    ("bpm", NUMBER, "Beats a minute; null where the music does not tell.", None),
    ("key", TEXT, "The key's root; null for drums.", None),
    ("scale", TEXT, "The key's scale; null for drums.", None),
    ("lufs", NUMBER, "Integrated loudness, ITU-R BS.1770-4.", None),
    ("dbtp", NUMBER, "True peak.", None),
    ("seed", WHOLE, "What its music and rendering were drawn from, with its category and index.", None),
    ("license", TEXT, "The licence of its music.", "sc:license"),
    ("soundfont_license", TEXT, "The licence of the SoundFont it was rendered with.", None),
    ("codec_license", TEXT, "The licence of the codec weights it was encoded with.", None),
    ("midi_sha256", TEXT, "SHA-256 of the MIDI file it was rendered from.", MADE_FROM),
    ("soundfont_sha256", TEXT, "SHA-256 of the SoundFont.", MADE_FROM),
    ("codec_sha256", TEXT, "SHA-256 of the codec weights.", MADE_FROM),
    ("codes_sha256", TEXT, "SHA-256 of its codes as torch.save writes them.", "sc:sha256"),
)


def describe(card: CardParams, summary: Summary, folder: Path, form: Form = IN_FILES) -> Json:
    """The description of a dataset folder whose files are in place; what the parameters leave out is not in it."""
    kind = "music, some of it recorded by others" if summary.n_recordings else "synthesised music"
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT, RAI],
        "name": card.name,
        "description": f"{summary.n_tracks} tracks of {kind}, {length_of(summary.hours)}, as codes of the "
        "Descript Audio Codec, with a prompt for each.",
        "version": card.version,
        "license": [terms.address for terms in summary.licenses],
        "url": card.url,
        "creator": {"@type": "sc:Organization", "name": card.creator} if card.creator else None,
        "datePublished": card.published,
        "citeAs": _citation(card),
        "keywords": [*KEYWORDS, *([] if summary.n_recordings else ["synthetic"])],
        "inLanguage": "en",
        "isLiveDataset": False,
        "distribution": _files(folder, form),
        "recordSet": [_records(form)],
        **_responsible(summary),
        **_provenance(summary),
    }
    return {key: value for key, value in described.items() if value is not None}


def _citation(card: CardParams) -> str:
    known = {"title": card.name, "author": card.creator, "url": card.url, "version": card.version}
    if card.published:
        known["year"] = card.published[:4]
    return f"@misc{{{card.name}, {', '.join(f'{key} = {{{text}}}' for key, text in known.items() if text)}}}"


def _files(folder: Path, form: Form) -> list[Json]:
    described = {
        METADATA: ("application/json", "The prompt, sample rate, codebooks and frames of each file."),
        form.facts: (JSON_LINES, "All that is known of each track, an object a line."),
        form.facts.replace(FACTS, provenance.FILE): (
            JSON_LINES,
            "Each track's chain of prov:Activity: the code, the "
            "parameters and the entities it used (prov:used), and what it generated (prov:generated), by SHA-256.",
        ),
    }
    listed = [
        _several(name, name, kind, what) if "*" in name else _file(folder, name, kind, what)
        for name, (kind, what) in described.items()
        if "*" in name or (folder / name).exists()
    ]
    each, where = ("track", "written by torch.save") if form.codes_encoding == TORCH_SAVE else ("part", "in archives")
    what = (
        f"A file for each {each}, {where}: int16, frames by {N_CHANNELS}; the first "
        f"{N_CODEBOOKS} columns are the left channel's codebooks, the others the right's; 0 to {CODEBOOK_SIZE - 1}"
    )
    return [*listed, _several("codes", form.codes, form.codes_encoding, what)]


def _several(name: str, pattern: str, encoding: str, description: str) -> Json:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": description,
        "encodingFormat": encoding,
        "includes": pattern,
    }


def _file(folder: Path, name: str, encoding: str, description: str) -> Json:
    path = folder / name
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": description,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": encoding,
        "sha256": sha256_of(path),
    }


def _records(form: Form) -> Json:
    return {
        "@type": "cr:RecordSet",
        "@id": "tracks",
        "name": "tracks",
        "description": "The tracks and what they were made from.",
        "key": {"@id": "tracks/id"},
        "field": [_field(form, *row) for row in FIELDS],
    }


def _field(form: Form, name: str, kind: str, description: str, same_as: str | None) -> Json:
    source = "fileSet" if "*" in form.facts else "fileObject"
    field = {
        "@type": "cr:Field",
        "@id": f"tracks/{name}",
        "name": name,
        "description": description,
        "dataType": kind,
        "source": {source: {"@id": form.facts}, "extract": {"column": name}},
    }
    return field | ({"equivalentProperty": same_as} if same_as else {})


def _responsible(summary: Summary) -> Json:
    """The vocabulary of Responsible AI, as far as facts go."""
    sources = f"{summary.n_sources} of {summary.n_tracks} tracks are of files; a program composed the others."
    recordings = f"; {counted(summary.n_recordings, 'recording')} by others" if summary.n_recordings else ""
    return {
        "rai:dataCollection": f"{FROM_ARCHIVES if summary.has_archives else NOTHING_COLLECTED} {sources}",
        "rai:dataCollectionType": "Software Collection",
        "rai:dataCollectionRawData": f"MIDI, rendered by {', '.join(summary.synths) or 'a synthesiser'}{recordings}.",
        "rai:dataPreprocessingProtocol": [
            f"Brought to {summary.loudness}.",
            "Encoded by the Descript Audio Codec, left and right apart.",
        ],
        "rai:dataAnnotationProtocol": "Prompts are written from the facts of each track; tags are checked on the "
        f"MIDI or the audio: {summary.tags.n_true} of {summary.tags.n_checked} verdicts are true. Another "
        f"{summary.tags.n_stated} only repeat the record that the tag came from.",
        "rai:annotationsPerItem": "0, by humans",
        "rai:machineAnnotationTools": ["legato"],
        "rai:dataUseCases": ["Training and testing models that turn text into audio tokens."],
        "rai:dataLimitations": [
            "Recordings of any fidelity."
            if summary.n_recordings
            else "Synthesised music only: no voice, no room, no players.",
            "What the codes keep of the audio depends on the codec weights; decode with the same ones.",
        ],
        "rai:dataBiases": [f"Western popular music of {len(summary.parts)} categories; the prompts are English."],
        "rai:personalSensitiveInformation": "Names of creators of what came from archives; recordings may hold voices."
        if summary.has_archives
        else "None: no voice and no words but the prompts.",
    }


def _provenance(summary: Summary) -> Json:
    """What the dataset was derived from, and by what."""
    entities = [
        {
            "@type": "prov:Entity",
            "@id": f"inputs/{one.kind}/{one.sha256[:12]}",
            "prov:label": one.name,
            "sha256": one.sha256,
            "license": [one.license.address],
        }
        for one in summary.materials
    ]
    entities += [
        {
            "@type": "prov:Entity",
            "@id": f"inputs/midi/{part.category}",
            "prov:label": f"MIDI files of {part.category}; tracks.jsonl names each with its SHA-256",
            "license": [terms.address for terms in part.licenses],
        }
        for part in summary.parts
        if part.n_sources
    ]
    return {
        "prov:wasDerivedFrom": entities,
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "@id": "activities/build",
            "prov:label": "compose, render, normalize, encode, collect",
            "prov:used": [{"@id": one["@id"]} for one in entities],
            "prov:wasAssociatedWith": list(_agents(summary)),
        },
    }


def _agents(summary: Summary) -> Iterable[Json]:
    for name in ("legato", *summary.synths):
        yield {"@type": "prov:SoftwareAgent", "@id": f"agents/{name.replace(' ', '_')}", "prov:label": name}
