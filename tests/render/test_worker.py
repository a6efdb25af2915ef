"""Whatever a child does, what comes is its audio or one line, and nothing of it is left."""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.outside import CHORD, SECONDS, TUBE, needs_host, needs_plugin
from helpers.signals import SAMPLE_RATE, noise
from helpers.waiting import until
from legato.errors import LegatoError
from legato.instruments.audition import notes
from legato.render import child, outside, plugin, worker
from legato.render.plugin import PluginParams
from legato.render.plugin_midi import midi_of

HEAD = """
import json, os, signal, sys, time
from pathlib import Path
import numpy as np
request = json.loads(Path("request.json").read_text())
n = round(request["seconds"] * request["sample_rate"])
def sound(audio): audio.astype("<f4").tofile("audio.f32")
if request["do"] == "describe":
    Path("about.json").write_text('{"parameters": ["Cutoff", "Twin", "Twin"], "n_inputs": 0}')
    sys.exit()
"""
SINE = "np.repeat(0.5 * np.sin(np.arange(n) / 20)[:, None], 2, axis=1)"


@pytest.fixture
def scratches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the scratch folders are made: it must be empty afterwards."""
    (tmp_path / "scratches").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratches"))
    return tmp_path / "scratches"


@pytest.fixture
def fake(tmp_path: Path, scratches: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., np.ndarray]:
    """Plays the chord by a worker that does what a test says."""
    (tmp_path / "mine.so").write_bytes(b"a plugin")
    monkeypatch.setattr(plugin, "_host_version", lambda: "0")

    def play(code: str, head: str = HEAD) -> np.ndarray:
        (tmp_path / "fake.py").write_text(head + code)
        monkeypatch.setattr(plugin, "COMMAND", (sys.executable, str(tmp_path / "fake.py")))
        params = PluginParams(plugin=str(tmp_path / "mine.so"), license="MIT")
        try:
            return plugin.play(params, {}, CHORD, SECONDS, SAMPLE_RATE)
        except LegatoError as error:
            if not str(error).startswith(f"{tmp_path}/mine.so: "):
                raise AssertionError(f"names another file: {error}") from error
            raise
        finally:
            assert not [*scratches.iterdir()]

    return play


def line_of(play: Callable[[], object]) -> str:
    with pytest.raises(LegatoError) as caught:
        play()
    assert "\n" not in str(caught.value)
    return str(caught.value).split("mine.so: ")[-1]


def test_what_a_worker_writes_is_what_is_played(fake: Callable[..., np.ndarray]) -> None:
    audio = fake(f"print('words', file=sys.stderr); sound({SINE})")
    assert audio.shape == (round(SECONDS * SAMPLE_RATE), 2)
    assert np.abs(audio).max() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("sys.exit(3)", "ended with status 3"),
        ("print('rubbish' * 9999); print('bad \\x1b[2J'); sys.exit(1)", "ended with status 1: bad \\x1b[2J"),
        ("raise ValueError('why')", "ended with status 1: ValueError: why"),
        ("print('loaded', flush=True); os.kill(os.getpid(), signal.SIGSEGV)", "crashed (SIGSEGV): loaded"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "crashed (SIGKILL)"),
        ("os.kill(os.getpid(), 40)", "crashed (signal 40)"),
        ("Path('fault.txt').write_text('no\\nway')", "no\\nway"),
        ("", "wrote 0 bytes of audio, where 705600 are asked for"),
        (f"sound({SINE}[:-1])", "wrote 705592 bytes of audio, where 705600 are asked for"),
        ("Path('audio.f32').write_bytes(b'x' * 705601)", "wrote 705601 bytes of audio, where 705600 are asked for"),
        ("Path('audio.f32').mkdir()", "wrote 0 bytes of audio, where 705600 are asked for"),
        (f"audio = {SINE}; audio[7, 1] = np.nan; sound(audio)", "what it plays is not finite"),
        (f"audio = {SINE}; audio[-1, 0] = np.inf; sound(audio)", "what it plays is not finite"),
        (f"sound({SINE} * 1e-5)", "is silent"),
        (f"sound({SINE} * 65536)", "plays 32768 times as loud as full scale, which is 1"),
        (
            f"sound({SINE} * (0.5 + os.getpid() / 1e9))",
            "does not play the same twice: state `repeatable: false` if it may be used all the same",
        ),
    ],
)
def test_what_a_worker_does_wrong_is_one_line(fake: Callable[..., np.ndarray], code: str, line: str) -> None:
    """Kill, rubbish, too little, too much, not a number, silence, something else each time."""
    assert line_of(lambda: fake(code)) == line


@pytest.mark.parametrize("about", ["rubbish", "", '{"parameters": 1}', "[]", '{"parameters": ["a"]}'])
def test_rubbish_about_a_plugin_is_refused(fake: Callable[..., np.ndarray], about: str, tmp_path: Path) -> None:
    fake(f"sound({SINE})")
    (tmp_path / "fake.py").write_text(f"open('about.json', 'w').write({about!r})")
    params = PluginParams(plugin=str(tmp_path / "mine.so"), license="MIT", set={"Cutoff": [0, 1]})
    (tmp_path / "mine.so").write_bytes(b"another plugin")
    line = line_of(lambda: plugin.about(params))
    assert line == "DawDreamer's process has not said what it has"


def test_a_worker_that_hangs_is_ended_with_all_that_it_started(
    fake: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "SLOWEST", 0)
    note = tmp_path / "pid"
    code = f"""
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path({str(note)!r}).write_text(str(child.pid))
print("waiting", flush=True)
time.sleep(600)
"""
    for limit_s in (1, 10, 100):  # a busy machine may take a while to come so far
        monkeypatch.setattr(child, "LEAST_LIMIT_S", limit_s)
        line = line_of(lambda: fake(code))
        if line.endswith("waiting"):
            break
    assert line == f"not done in {limit_s} s, and so ended: waiting"
    until(lambda: not is_running(int(note.read_text())))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_worker_that_writes_without_end_fills_no_disk(
    fake: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "SPARE_BYTES", 1 << 20)
    code = "file = open('more', 'wb')\nwhile file.tell() < 1 << 30: file.write(bytes(1 << 20))"
    said = line_of(lambda: fake("time.sleep(0.3)\n" + code))
    assert said == "ended with status 1: OSError: [Errno 27] File too large"


def test_nothing_of_the_user_reaches_a_worker(
    fake: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratches: Path
) -> None:
    for name in ("DISPLAY", "XDG_CONFIG_HOME", "SSDIR", "LEGATO_SECRET"):
        monkeypatch.setenv(name, str(tmp_path))
    note = tmp_path / "seen.json"
    seen = "dict(os.environ) | {'cwd': os.getcwd(), 'group': os.getpgid(0)}"
    fake(f"Path({str(note)!r}).write_text(json.dumps({seen})); sound({SINE})")
    found = json.loads(note.read_text())
    assert not {"DISPLAY", "XDG_CONFIG_HOME", "SSDIR", "LEGATO_SECRET"} & set(found)
    for name in ("HOME", "TMPDIR", "cwd"):
        assert Path(found[name]).parent == scratches.resolve()
    assert found["group"] != os.getpgid(0)


def test_the_verdict_is_remembered_by_content(fake: Callable[..., np.ndarray], tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"open({str(log)!r}, 'a').write('x'); sound({SINE})"
    for expected in (3, 4):  # twice the probe, and the part; then the part alone
        fake(code)
        assert len(log.read_text()) == expected
    (tmp_path / "mine.so").write_bytes(b"a newer plugin")
    fake(code)
    assert len(log.read_text()) == 7


HEEDS = f"""
state = request["state"] and Path(request["state"]).read_text()
sound({SINE} * (0.5 if state == "loud" else 0 if state == "none" else 0.1))
"""


def test_each_state_is_tried_and_must_change_what_is_heard(
    fake: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host takes a file that is no state of the plugin without a word."""
    fake(HEEDS)
    monkeypatch.setattr(plugin, "machine_fault", lambda _: None)
    (tmp_path / "mine.vst3").mkdir()
    for name in ("loud", "none", "rubbish"):
        (tmp_path / f"{name}.state").write_text(name)

    def check(*names: str) -> None:
        states = [str(tmp_path / f"{name}.state") for name in names]
        plugin.check(PluginParams(plugin=str(tmp_path / "mine.vst3"), license="MIT", state=states))

    check("loud")
    for name, line in (("none", "is silent"), ("rubbish", "changes nothing of ")):
        with pytest.raises(LegatoError, match=f"{name}.state: {line}"):
            check("loud", name)


@given(
    points=st.lists(st.tuples(st.floats(-1, 3), st.floats(0, 2)), max_size=8),
)
def test_a_level_is_reached_and_stays(points: list[tuple[float, float]]) -> None:
    """Away from its changes a part is as loud as the last one says, and between two never beyond both."""
    curve = sorted(points, key=lambda point: point[0])
    rate = 1000
    audio = outside.at_level(np.ones((2 * rate, 2), np.float32), curve, rate)
    times = np.arange(2 * rate) / rate
    values = np.ones(2 * rate)
    for s, value in curve:
        values[times >= s] = value
    steady = np.ones(2 * rate, dtype=bool)
    for s, _ in curve:
        steady &= (times < s) | (times > s + outside.RAMP_S + 1e-9)
    assert audio[steady, 0] == pytest.approx(values[steady], abs=1e-6)
    assert audio.max(initial=0) <= max([1.0, *(value for _, value in curve)]) + 1e-6


def test_a_tree_has_the_hash_of_its_names_and_contents(tmp_path: Path) -> None:
    def tree(name: str, **files: str) -> str:
        for path, content in files.items():
            (tmp_path / name / "inner").mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "inner" / path).write_text(content)
        return outside.sha256_of_tree(tmp_path / name)

    same = [tree("a", x="1", y="2"), tree("b", y="2", x="1")]
    others = [tree("c", x="2", y="1"), tree("d", x="1"), tree("e", x="1", z="2")]
    assert same[0] == same[1]
    assert len({*same, *others}) == 4
    (tmp_path / "a" / "pipe").symlink_to("nowhere")
    with pytest.raises(LegatoError, match="pipe: is a link to what is not there"):
        outside.sha256_of_tree(tmp_path / "a")


def test_a_program_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"^x\.orc: nothing-of-this-name cannot be started: No such file"):
        child.run(["nothing-of-this-name"], tmp_path, "x.orc")


def through(folder: Path, **changes: object) -> np.ndarray:
    """Noise through a plugin that is an effect, by the worker itself."""
    noise(1.0, -20).tofile(folder / worker.INPUT)
    (folder / worker.MIDI).write_bytes(midi_of(notes((9.0, 9.1, 60, 100)), 2))
    request = {
        "do": "play", "plugin": str(TUBE), "state": None, "set": {}, "seconds": 1.0,
        "sample_rate": SAMPLE_RATE, "limit_s": 60,
    } | changes  # fmt: skip
    (folder / worker.REQUEST).write_text(json.dumps(request))
    ended = child.run(plugin.COMMAND, folder, "tube")
    fault = folder / worker.FAULT
    assert not fault.exists(), fault.read_text()
    assert ended.status == 0
    return outside.read_sound(folder / worker.SOUND, "tube", SAMPLE_RATE)


SAVE = """
import sys, dawdreamer, numpy
engine = dawdreamer.RenderEngine(44100, 512)
plugin = engine.make_plugin_processor("plugin", sys.argv[1])
names = [row["name"] for row in plugin.get_parameters_description()]
plugin.set_parameter(names.index("Tube Drive"), 0.9)
source = engine.make_playback_processor("input", numpy.zeros((1, 44100), "f4"))
engine.load_graph([(source, []), (plugin, ["input"])])
engine.render(0.5)  # what was set is not in a state before the plugin has run
plugin.save_state(sys.argv[2])
"""


@needs_plugin(TUBE)
def test_a_vst3_plugin_has_its_parameters_and_its_state(tmp_path: Path) -> None:
    """With an effect: no VST3 instrument can be had where these tests run."""
    state = tmp_path / "driven.state"
    with child.scratch() as folder:
        ended = child.run([sys.executable, "-c", SAVE, str(TUBE), str(state)], folder, "save")
    assert state.stat().st_size, ended
    found = {}
    changes = {"plain": {}, "again": {}, "set": {"set": {"Tube Drive": 0.9}}, "state": {"state": str(state)}}
    for name, change in changes.items():
        with child.scratch() as folder:
            found[name] = through(folder, **change).tobytes()
    assert found["plain"] == found["again"]
    assert found["state"] == found["set"] != found["plain"]


@needs_host
def test_a_worker_ends_itself_where_nobody_waits_for_it(tmp_path: Path) -> None:
    """As when the process that started it was killed: its alarm rings in the plugin's own code too."""
    request = {"do": "describe", "plugin": str(tmp_path / "pipe.so"), "seconds": 0, "sample_rate": 44100, "limit_s": 1}
    os.mkfifo(tmp_path / "pipe.so")  # to open it takes for ever
    (tmp_path / worker.REQUEST).write_text(json.dumps(request))
    with pytest.raises(LegatoError, match=r"^pipe: crashed \(SIGALRM\)"):
        child.run(plugin.COMMAND, tmp_path, "pipe")
