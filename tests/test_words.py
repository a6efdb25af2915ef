"""What is printed can be printed anywhere, and reads as people write."""

import ast
import io
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.checkout import ROOT
from legato.words import HANDLER, counted, from_here, make_printable
from legato.work.progress import Progress

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)  # surrogates too, as in names of files


class Terminal(io.TextIOWrapper):
    """A terminal of an encoding, that keeps what is shown."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@given(ANY_TEXT, st.sampled_from(["ascii", "latin-1", "cp437", "utf-8"]))
def test_any_text_can_be_printed_in_any_encoding(text: str, encoding: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Terminal(encoding))
        make_printable()
        print(text)
        assert len(sys.stdout.shown) >= len(text)


def test_what_is_lacking_is_told_plainly() -> None:
    text = "Für Elise – 2.5 × real time, ≥ 1 dB, Жук, \udce9"
    assert text.encode("ascii", HANDLER).decode() == "Fur Elise - 2.5 x real time, >= 1 dB, ???, ?"
    assert "Für ×".encode("utf-8", HANDLER).decode() == "Für ×"


def test_every_script_prints_so() -> None:
    """All stages run under `errors.stage`, and so does the command."""
    for script in (*(ROOT / "stages").glob("*.py"), ROOT / "src/legato/cli.py"):
        calls = [node.func.id for node in ast.walk(ast.parse(script.read_text()))
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]  # fmt: skip
        assert calls.count("stage") == 1, script
    assert "make_printable()" in (ROOT / "src/legato/errors.py").read_text()


@given(
    sizes=st.lists(st.floats(0.001, 4000), min_size=1, max_size=8),
    is_audio=st.booleans(),
    encoding=st.sampled_from(["ascii", "utf-8"]),
)
def test_a_bar_has_round_figures_and_no_warning(sizes: list[float], is_audio: bool, encoding: str) -> None:
    sizes = sizes if is_audio else [1.0] * len(sizes)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(sys, "stderr", Terminal(encoding))
        make_printable()
        with Progress("encode", sum(sizes), is_audio=is_audio) as progress:
            for size in sizes[::-1]:  # another order of adding, and another rounding
                progress.add(size)
        last = sys.stderr.shown.rstrip().split("\r")[-1]
    assert "100%" in last
    total = f"{sum(sizes) / 60:.1f}"
    assert (f"{total} of {total} min of audio, " if is_audio else f" of {counted(len(sizes), 'track')} [") in last
    assert (f"{'x' if encoding == 'ascii' else '×'} real time [" in last) == is_audio
    assert "it/s" not in last
    assert "| ," not in last


def test_lines_instead_of_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("legato.work.progress.EVERY_S", 0.0)
    with Progress("encode", 90.0, is_audio=True) as progress:
        progress.add(30.0)
    with Progress("render", 1, is_audio=False) as progress:
        progress.add(1)
    encode, render = capsys.readouterr().out.splitlines()
    assert encode.startswith("encode: 0.5 of 1.5 min of audio, ")
    assert " × real time, " in encode
    assert render.startswith("render: 1 of 1 track, ")


def test_a_path_is_what_it_was_where_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert from_here(Path("a/b"), tmp_path) == Path("a/b")
    assert from_here(Path("a/b"), tmp_path / "docs") == Path("docs/a/b")
    assert from_here(Path("../a"), tmp_path / "docs") == Path("a")
    assert from_here(Path("/a"), tmp_path / "docs") == Path("/a")
