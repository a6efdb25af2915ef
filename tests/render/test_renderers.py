"""Parts that our own instruments play beside FluidSynth's: drawn by name, heard first, summed, recorded."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter

from helpers.checkout import SHIPPED_PARAMS
from helpers.musics import CATEGORIES
from legato.audio.samples import read_audio
from legato.check import CategoryParams, SourceCategoryParams, check
from legato.compose.category import compose_track
from legato.errors import LegatoError
from legato.instruments import catalogue
from legato.render import sounds
from legato.render.band import manifest_of
from legato.render.players import Renderers
from legato.render.production import RenderParams
from legato.render.renderers import Chains, drawn
from legato.render.rendering import Studio, render
from legato.tokens import SAMPLE_RATE
from legato.workspace import params
from legato.workspace.track import track_rng

PAD = {"pad": {"faust": "supersaw", "cutoff_hz": [500, 3000], "detune_cents": [8, 24]}}
ALL = {
    "pad": {"faust": "string_machine"},
    "bass": {"faust": "acid_bass"},
    "lead": {"faust": "square_lead"},
    "arp": {"faust": "pluck"},
}
SETTINGS = params.load("render", RenderParams, SHIPPED_PARAMS)


def renderers(given: dict[str, Any]) -> Renderers:
    return TypeAdapter(Renderers).validate_python(given, strict=True)


def chains(given: dict[str, Any]) -> Chains:
    return TypeAdapter(Chains).validate_python(given, strict=True)


@pytest.fixture(scope="module")
def midi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("song")
    music = CATEGORIES["synth_no_drums"].model_copy(update={"seconds": [6, 8]})
    return folder / f"{compose_track(folder, music, 0, 'a', 0)['id']}.mid"


class Played:
    """What came of one track."""

    def __init__(self, midi: Path, font: Path, folder: Path, seed: int = 0, **how: Any) -> None:
        settings = SETTINGS.model_copy(update={"stems": True, "dry": 1.0, "tail_s": 1.0})
        studio = Studio(font=font, params=settings, sample_rate=SAMPLE_RATE, **how)
        self.facts = render(midi, folder / "a.flac", folder / "stems", studio, partial(track_rng, seed, "a", midi.stem))
        self.mix = read_audio(folder / "a.flac", SAMPLE_RATE)
        self.bytes = (folder / "a.flac").read_bytes()
        self.stems = {path.stem: read_audio(path, SAMPLE_RATE) for path in (folder / "stems").glob("*.flac")}


def test_stems_of_all_renderers_sum_to_the_mix(font: Path, midi: Path, tmp_path: Path) -> None:
    played = Played(midi, font, tmp_path, renderers=renderers(PAD))
    assert set(played.facts["renderers"]) == {"pad"}
    assert set(played.stems) == set(played.facts["part_gain_db"])
    length = len(played.mix)
    apart = sum(stem[:length] for stem in played.stems.values())
    assert np.abs(apart - played.mix).max() < 10 ** (-95 / 20)
    assert all(np.abs(stem).max() > 10 ** (-50 / 20) for stem in played.stems.values())


def test_the_other_parts_are_played_as_without_it(font: Path, midi: Path, tmp_path: Path) -> None:
    before, after = Played(midi, font, tmp_path / "a"), Played(midi, font, tmp_path / "b", renderers=renderers(PAD))
    for name in ("part_pan", "part_gain_db", "part_detune_cents"):
        assert before.facts[name] == after.facts[name]
    assert set(before.facts["variant"]) - set(after.facts["variant"]) == {"pad"}


def test_the_same_track_is_the_same_bytes(font: Path, midi: Path, tmp_path: Path) -> None:
    given = {"renderers": renderers(PAD), "chains": chains({"mix": [{"effect": "tape"}]})}
    first, second = (Played(midi, font, tmp_path / name, **given) for name in "ab")
    assert first.bytes == second.bytes
    assert first.facts == second.facts


def test_a_band_without_fluidsynth(font: Path, midi: Path, tmp_path: Path) -> None:
    facts = Played(midi, font, tmp_path).facts
    everything = {role: ALL.get(role, {"faust": "supersaw"}) for role in facts["part_gain_db"]}
    played = Played(midi, font, tmp_path / "all", renderers=renderers(everything))
    assert set(played.facts["renderers"]) == set(facts["part_gain_db"])
    assert played.facts["variant"] == {}
    assert played.facts["dry"]
    assert np.abs(played.mix).max() > 0.01


def test_a_parameter_more_moves_no_other() -> None:
    stream = partial(track_rng, 0, "a", "a_00000")
    few = renderers({"pad": {"faust": "supersaw", "cutoff_hz": [500, 3000]}})["pad"]
    many = renderers({"pad": {"faust": "supersaw", "attack_s": [0.1, 0.5], "cutoff_hz": [500, 3000]}})["pad"]
    one, both = (drawn(each, "supersaw", stream, "renderer/pad") for each in (few, many))
    assert both["cutoff_hz"] == one["cutoff_hz"]
    assert len(both) == 2


@pytest.mark.parametrize("name", catalogue.names())
def test_what_is_drawn_is_within_its_range_and_on_its_step(name: str) -> None:
    known = catalogue.load(name).parameters
    kind = "effect" if catalogue.load(name).kind == catalogue.EFFECT else "faust"
    given = {kind: name, **{key: [one.low, one.high] for key, one in known.items()}}
    wanted = chains({"mix": [given]})["mix"][0] if kind == "effect" else renderers({"pad": given})["pad"]
    found = [drawn(wanted, name, partial(track_rng, seed, "a", 0), "x") for seed in range(20)]
    for key, one in known.items():
        values = [each[key] for each in found]
        assert all(one.low <= value <= one.high for value in values)
        assert len(set(values)) > 3
        steps = np.array([value for value in values if value not in (one.low, one.high)]) / one.step
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)


def test_its_share_of_tracks_is_played() -> None:
    wanted = renderers({"pad": {**PAD["pad"], "share": 0.5}})["pad"]
    found = [sounds.plays(wanted, partial(track_rng, 0, "a", index), "renderer/pad") for index in range(200)]
    assert 70 < sum(found) < 130


def test_effects_are_heard_and_recorded(font: Path, midi: Path, tmp_path: Path) -> None:
    given = {"pad": [{"effect": "chorus"}], "mix": [{"effect": "crusher", "rate_hz": 8000}]}
    plain = Played(midi, font, tmp_path / "a", renderers=renderers(PAD))
    effects = Played(midi, font, tmp_path / "b", renderers=renderers(PAD), chains=chains(given))
    assert [one["effect"] for one in effects.facts["effects"]["mix"]] == ["crusher"]
    assert effects.facts["effects"]["mix"][0]["parameters"] == {"rate_hz": 8000}
    assert not np.array_equal(plain.stems["pad"][:SAMPLE_RATE], effects.stems["pad"][:SAMPLE_RATE])
    others = next(role for role in plain.stems if role != "pad")
    scale = 10 ** ((effects.facts["render_gain_db"] - plain.facts["render_gain_db"]) / 20)
    length = min(len(plain.mix), len(effects.mix))
    np.testing.assert_allclose(plain.stems[others][:length] * scale, effects.stems[others][:length], atol=1e-3)


def test_a_silent_draw_is_drawn_again_and_then_refused(
    font: Path, midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "SILENT", 10.0)
    with pytest.raises(
        LegatoError, match=r"^renderer\.pad: supersaw: 8 draws could not be used, the last one is silent"
    ):
        Played(midi, font, tmp_path, renderers=renderers(PAD))


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (
            {"renderer": {"pad": {"faust": "moog"}}},
            r"renderer\.pad\.faust: 'moog': no such instrument; there are a",
        ),
        ({"renderer": {"pad": {"faust": "tape"}}}, r"renderer\.pad\.faust: 'tape': no such instrument"),
        (
            {"renderer": {"pad": {"faust": "supersaw", "wobble": 1}}},
            r"renderer\.pad\.wobble: 1\.0: supersaw has no such parameter; it has detune_cents",
        ),
        (
            {"renderer": {"pad": {"faust": "supersaw", "cutoff_hz": [10, 3000]}}},
            r"renderer\.pad\.cutoff_hz: \[10\.0, 3000\.0\]: must be within 200 and 14000 Hz, the low end first",
        ),
        ({"renderer": {"pad": {"faust": "supersaw", "cutoff_hz": [900, 300]}}}, r"the low end first"),
        ({"renderer": {"pad": {"faust": "supersaw", "cutoff_hz": [900]}}}, r"must be a number, or a range of two"),
        ({"renderer": {"pad": {"faust": "supersaw", "share": 0}}}, r"renderer\.pad\.share: 0: "),
        ({"renderer": {"flute": {"faust": "supersaw"}}}, r"renderer: 'flute': no such part in music\.parts, "),
        ({"renderer": {"pad": {"faust": "drums_808"}}}, r"renderer\.pad\.faust: 'drums_808': is a drum machine"),
        ({"production": {"lead": [{"effect": "tape"}]}}, r"production: 'lead': effects are on mix, or on a part that"),
        ({"production": {"mix": [{"effect": "supersaw"}]}}, r"effect: 'supersaw': no such effect; there are chorus"),
        ({"production": {"mix": []}}, r"production\.mix: \[\]: "),
        ({"renderer": {"pad": None}}, r"renderer\.pad: None: must be a mapping"),
        ({"renderer": {"pad": "supersaw"}}, r"renderer\.pad: 'supersaw': must be a mapping"),
        ({"renderer": {"pad": ["faust"]}}, r"renderer\.pad: \['faust'\]: must be a mapping"),
        ({"renderer": ["pad"]}, r"renderer: \['pad'\]: "),
        ({"production": {"mix": [None]}}, r"production\.mix\.0: None: "),
    ],
)
def test_bad_input_is_one_line(
    given: dict[str, Any], rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    section = yaml.safe_load(SHIPPED_PARAMS.read_text())["categories"]["synth_no_drums"]
    params.PARAMS.write_text(yaml.safe_dump({"categories": {"a": section | given}}))
    with pytest.raises(LegatoError, match=rule) as error:
        params.load("categories.a", CategoryParams)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("params.yaml: categories.a.")


def test_parts_of_own_files_have_numbers() -> None:
    given = {"tracks": "all", "prompt": "mine", "music": {"source": "midi", "license": "CC0-1.0"}}
    kinds = TypeAdapter(SourceCategoryParams)
    kinds.validate_python(given | {"renderer": {"part_1": {"faust": "pluck"}, "drums": {"faust": "drums_909"}}})
    with pytest.raises(ValueError, match="parts of your own files are drums"):
        kinds.validate_python(given | {"renderer": {"pad": {"faust": "pluck"}}})


def test_a_manifest_has_the_hash_of_what_plays() -> None:
    assert manifest_of({"prompt": "x"}) == {}
    found = manifest_of({"renderer": PAD, "production": {"mix": [{"effect": "tape"}]}})
    assert found["identity"]["pad"]["sha256"] == catalogue.load("supersaw").sha256
    assert found["effects"] == {"tape": catalogue.load("tape").sha256}


def test_a_license_of_an_instrument_that_policy_lacks_is_refused_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load(SHIPPED_PARAMS.read_text())
    orchestra = {"csound": "synths/mine.orc", "license": "CC-BY-NC-4.0"}
    values["categories"]["synth_no_drums"]["renderer"] = {"pad": orchestra}
    params.PARAMS.write_text(yaml.safe_dump(values))
    with pytest.raises(LegatoError, match=r"renderer\.pad\.license: 'CC-BY-NC-4\.0': not one of policy\.instrument"):
        check()


@pytest.mark.parametrize("key", range(24, 109, 4))
def test_any_keys_note_is_in_tune_and_one_that_is_not_is_told(key: int) -> None:
    times = np.arange(44100) / 44100
    for off in (0, 60):
        hz = 440 * 2 ** ((key + off / 100 - 69) / 12)
        n_harmonics = min(40, int(20000 / hz))
        note = sum(np.sin(2 * np.pi * hz * nth * times) / nth for nth in range(1, n_harmonics + 1))
        assert abs(sounds.cents_off(0.2 * np.stack([note, note], axis=1), key, 44100) - off) < 5
