"""Licences that legato knows: what they are called, which addresses mean them, why some are refused.

Sources: the SPDX License List (spdx.org/licenses). Ids compare without regard to case (SPDX 2.3, annex D.2), addresses
letter by letter. What is allowed is not said here but in `policy`.
"""

import re
from dataclasses import dataclass

NONE = "NONE"  # SPDX's word where no licence is stated
OWN_WORK = "LicenseRef-own-work"  # of whoever builds the dataset, for music that is theirs and has no other licence
US_PD_RECORDING = "LicenseRef-us-pd-recording"  # by the 100-year rule of the Music Modernization Act: docs/archives.md
PD_COMPOSITION = "LicenseRef-pd-composition"  # by the 95-year rule, or 95 years after its composer's death


@dataclass(frozen=True, kw_only=True)
class License:
    """A licence's name, the addresses of its deed and text, and what dataset cards of the Hugging Face hub call it."""

    name: str
    urls: tuple[str, ...] = ()
    hub_id: str = "other"


CC = "creativecommons.org/"
LICENSES = {
    "CC0-1.0": License(
        name="Creative Commons Zero 1.0 Universal",
        urls=(
            f"https://{CC}publicdomain/zero/1.0/",
            f"http://{CC}publicdomain/zero/1.0/",
            f"https://{CC}publicdomain/zero/1.0/legalcode",
        ),
        hub_id="cc0-1.0",
    ),
    "CC-PDDC": License(
        name="Creative Commons Public Domain Dedication and Certification",
        urls=(f"https://{CC}licenses/publicdomain/", f"http://{CC}licenses/publicdomain/"),
    ),
    "PDDL-1.0": License(
        name="Open Data Commons Public Domain Dedication and License 1.0",
        urls=("https://opendatacommons.org/licenses/pddl/1-0/", "http://opendatacommons.org/licenses/pddl/1.0/"),
        hub_id="pddl",
    ),
    "Unlicense": License(name="The Unlicense", urls=("https://unlicense.org/",), hub_id="unlicense"),
    "MIT": License(
        name="MIT License",
        urls=("https://opensource.org/license/mit", "https://opensource.org/license/mit/"),
        hub_id="mit",
    ),
    "BSD-2-Clause": License(
        name='BSD 2-Clause "Simplified" License',
        urls=("https://opensource.org/license/bsd-2-clause",),
        hub_id="bsd-2-clause",
    ),
    "BSD-3-Clause": License(
        name='BSD 3-Clause "New" or "Revised" License',
        urls=("https://opensource.org/license/bsd-3-clause",),
        hub_id="bsd-3-clause",
    ),
    "Apache-2.0": License(
        name="Apache License 2.0", urls=("https://www.apache.org/licenses/LICENSE-2.0",), hub_id="apache-2.0"
    ),
    "CC-BY-3.0": License(
        name="Creative Commons Attribution 3.0 Unported",
        urls=(f"https://{CC}licenses/by/3.0/", f"http://{CC}licenses/by/3.0/"),
        hub_id="cc-by-3.0",
    ),
    "CC-BY-4.0": License(
        name="Creative Commons Attribution 4.0 International",
        urls=(f"https://{CC}licenses/by/4.0/", f"http://{CC}licenses/by/4.0/"),
        hub_id="cc-by-4.0",
    ),
    "CC-BY-SA-4.0": License(
        name="Creative Commons Attribution Share Alike 4.0 International",
        urls=(f"https://{CC}licenses/by-sa/4.0/", f"http://{CC}licenses/by-sa/4.0/"),
        hub_id="cc-by-sa-4.0",
    ),
    "CC-PDM-1.0": License(
        name="Creative Commons Public Domain Mark 1.0",
        urls=(f"https://{CC}publicdomain/mark/1.0/", f"http://{CC}publicdomain/mark/1.0/"),
    ),
    "CC-BY-NC-3.0": License(
        name="Creative Commons Attribution Non Commercial 3.0 Unported",
        urls=(f"https://{CC}licenses/by-nc/3.0/", f"http://{CC}licenses/by-nc/3.0/"),
        hub_id="cc-by-nc-3.0",
    ),
    "CC-BY-NC-4.0": License(
        name="Creative Commons Attribution Non Commercial 4.0 International",
        urls=(f"https://{CC}licenses/by-nc/4.0/", f"http://{CC}licenses/by-nc/4.0/"),
        hub_id="cc-by-nc-4.0",
    ),
    OWN_WORK: License(name="own work of whoever built the dataset"),
    US_PD_RECORDING: License(name="recording out of copyright in the United States by its age"),
    PD_COMPOSITION: License(name="composition out of copyright by its age"),
}

# Why a licence that nobody allowed was not allowed by default, by how its id begins; the first that fits.
REASONS = {
    "GPL-": "copyleft: what is made of it may be bound by it too, and it makes no exception for renders",
    "LGPL-": "copyleft: what is made of it may be bound by it too",
    "AGPL-": "copyleft: what is made of it may be bound by it too",
    "CC-BY-NC-": "forbids commercial use",
    "CC-BY-ND-": "forbids what is made of it",
    "CC-BY-SA-": "share-alike: what is made of it has to be under it too",
    "CC-BY-": "asks that its author be named wherever the music goes, which a model does not do",
    US_PD_RECORDING.upper(): "US law alone says so, by the recording's age",
    PD_COMPOSITION.upper(): "a rule says so, by age, and no dedication by its owner",
    "CC-PDM-": "a mark that a work is out of copyright, which anyone may set, and no dedication by its owner",
}


@dataclass(frozen=True, kw_only=True)
class KnownFile:
    """A file in circulation whose licence is known, whatever is stated."""

    license: str  # SPDX
    stem: str  # of its name, in lower case
    sha256: tuple[str, ...]  # of builds that were seen


KNOWN_FILES = (
    KnownFile(
        stem="timgm6mb",
        license="GPL-2.0-only",
        sha256=(
            "82475b91a76de15cb28a104707d3247ba932e228bada3f47bba63c6b31aaf7a1",  # with pretty_midi
            "c5378b62028c920cb11e4803327983fee2f2cdff5dc89c708e39da417e51c854",  # Debian's timgm6mb-soundfont
        ),
    ),
    KnownFile(
        stem="fluidr3_gm",
        license="MIT",
        sha256=("74594e8f4250680adf590507a306655a299935343583256f3b722c48a1bc1cb0",),  # Debian's fluid-soundfont-gm
    ),
)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_IDS = {name.lower(): name for name in LICENSES}
_URLS = {url: name for name, known in LICENSES.items() for url in known.urls}


def canonical(text: str) -> str:
    """The SPDX id of a licence that is written as its id in any case, or as one of its addresses; else the text.

    >>> canonical("cc0-1.0"), canonical("http://creativecommons.org/publicdomain/zero/1.0/"), canonical("CC0-1.0 ")
    ('CC0-1.0', 'CC0-1.0', 'CC0-1.0 ')
    """
    return _URLS.get(text) or _IDS.get(text.lower(), text)


def by_address(text: str) -> str | None:
    """The SPDX id that an address means, letter by letter; None for any other text, a licence's name too.

    >>> by_address("http://creativecommons.org/publicdomain/zero/1.0/"), by_address("CC0-1.0")
    ('CC0-1.0', None)
    """
    return _URLS.get(text)


def is_same(one: str, other: str) -> bool:
    """Whether two texts name the same licence: not in part, and addresses letter by letter.

    >>> is_same("gpl-2.0-only", "GPL-2.0-only"), is_same("MIT", "MIT OR GPL-2.0-only")
    (True, False)
    """
    one, other = canonical(one), canonical(other)
    return one == other or ("://" not in one and one.lower() == other.lower())


def reason(text: str) -> str | None:
    """Why a licence is not allowed by default, where legato knows."""
    return next((why for start, why in REASONS.items() if text.upper().startswith(start)), None)


def known_file(name: str, sha256: str | None) -> KnownFile | None:
    """The known file that one is, by its SHA-256 or by its name."""
    stem = name.rpartition("/")[2].rpartition(".")[0].lower()
    return next((file for file in KNOWN_FILES if sha256 in file.sha256 or stem == file.stem), None)


def page_of(text: str) -> str:
    """An address that says what a licence is: its own, else SPDX's page of the id, else nothing.

    >>> page_of("MPL-2.0"), page_of("MIT OR GPL-2.0-only")
    ('https://spdx.org/licenses/MPL-2.0.html', '')
    """
    name = canonical(text)
    if "://" in name:
        return name
    if name in LICENSES and LICENSES[name].urls:
        return LICENSES[name].urls[0]
    has_page = _ID.fullmatch(name) and name != NONE and not name.startswith("LicenseRef-")
    return f"https://spdx.org/licenses/{name}.html" if has_page else ""
