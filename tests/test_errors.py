"""Whatever a message holds, and whatever has become of the terminal, an error is one line and the status is right."""

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checkout import ROOT
from legato import cli, errors
from legato.check import _check_sources as check_sources
from legato.dataset.folder_check import Finding, Report, lines_of
from legato.errors import EXIT_CLOSED, EXIT_FAILED, LegatoError
from legato.files import naming, replacing
from legato.words import (
    LAST_CHARACTERS,
    MOST_CHARACTERS,
    MOST_LISTED,
    MOST_OF_A_VALUE,
    json_line,
    printable,
    say,
    shown,
    some,
)
from legato.work import items
from legato.work.pool import HERE

trying = settings(max_examples=300, deadline=None, derandomize=True, database=None)
LETTERS = st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs"])  # no text has as many
TEXTS = st.text(LETTERS, max_size=60) | st.builds(lambda text, n: text * n, st.text(LETTERS, min_size=1), st.just(400))


def told(*, error: BaseException | None = None, body: str = "", **how: Any) -> subprocess.CompletedProcess[bytes]:
    """What a process says whose stage raises an error, or runs some code."""
    code = f"import sys\nfrom legato.errors import LegatoError, stage\ndef main():\n    {body or 'pass'}\n"
    code += f"    raise {error!r}\n" if error else ""
    environment = os.environ | {"PYTHONIOENCODING": how.pop("encoding", "utf-8")}
    shell = ["bash", "-c", f'"$0" -c "$1" {how.pop("redirect", "")}', sys.executable, code + "stage(main)"]
    return subprocess.run(shell, capture_output=True, env=environment, check=False, **how)


@trying
@given(text=TEXTS)
def test_any_text_is_one_printable_line(text: str) -> None:
    line = printable(text)
    assert line.isprintable()
    assert len(line) <= MOST_CHARACTERS
    assert len(line.splitlines()) <= 1
    assert printable(line) == line
    assert printable(text, most=None).isprintable()
    for encoding in ("ascii", "latin-1", "utf-8", "cp437"):
        assert line.encode(encoding, "legato").decode(encoding).isprintable()


@trying
@given(text=TEXTS, kind=st.sampled_from([LegatoError, OSError, MemoryError]))
def test_the_one_place_prints_any_error_as_one_line(text: str, kind: type[Exception]) -> None:
    def main() -> None:
        raise kind(text)

    said = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", io.TextIOWrapper(said, encoding="ascii"))
        patch.setattr(sys, "argv", ["x"])
        with pytest.raises(SystemExit) as end:
            errors.stage(main)
        lines = said.getvalue().decode("ascii").splitlines()
    assert end.value.code == EXIT_FAILED
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert lines[0].isprintable()


def test_of_a_long_line_begin_and_end_are_there_and_how_much_is_not() -> None:
    line = printable("params.yaml: card.name: '" + "x" * 10**6 + "': must be short")
    assert line.startswith("params.yaml: card.name: 'xxx")
    assert line.endswith("': must be short")
    n_shown = line.count("x")
    assert f"[{10**6 - n_shown} characters are left out: at most {MOST_CHARACTERS} are shown]" in line
    assert LAST_CHARACTERS < n_shown < MOST_CHARACTERS
    assert printable("x" * MOST_CHARACTERS) == "x" * MOST_CHARACTERS
    assert "[999852 characters more]" in shown("x" * 10**6)
    assert len(shown("x" * 10**6)) < MOST_OF_A_VALUE + 40


def test_of_many_failures_the_first_are_named_and_all_are_counted() -> None:
    listed = some([f"{number}.mid: bad" for number in range(500)])
    assert listed.split("; ")[:MOST_LISTED] == [f"{number}.mid: bad" for number in range(MOST_LISTED)]
    assert listed.endswith("; and 490 more of 500")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_terminal_shows_it(encoding: str) -> None:
    done = told(error=LegatoError("a\x1b[2J\n\ud800×音"), body="print('\\udc80×音')", encoding=encoding)
    (line,) = done.stderr.decode(encoding).splitlines()
    assert line.startswith("error: a\\x1b[2J\\n\\ud800")
    assert line.isprintable()
    assert done.returncode == EXIT_FAILED


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("fails", [True, False])
def test_what_is_closed_changes_no_status_and_is_no_file_of_ours(tmp_path: Path, redirect: str, fails: bool) -> None:
    body = "print('said'); f = open('out', 'w'); import os; os.system('echo said'); f.write('kept'); f.close()"
    done = told(error=LegatoError("wrong") if fails else None, body=body, redirect=redirect, cwd=tmp_path)
    assert done.returncode == (EXIT_FAILED if fails else 0)
    assert done.stderr == (b"error: wrong\n" if fails and "2>&-" not in redirect else b"")
    assert (tmp_path / "out").read_text() == "kept"


def test_a_reader_that_has_gone_is_no_error_and_a_full_disk_is() -> None:
    many = "[print('x' * 100) for _ in range(10000)]"
    done = told(body=many, redirect="| head -1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr, len(done.stdout)) == (EXIT_CLOSED, b"", 101)
    for body in (many, "print('x')"):
        done = told(body=body, redirect="> /dev/full")
        assert (done.returncode, done.stderr) == (EXIT_FAILED, b"error: stdout: No space left on device\n")
    done = told(error=LegatoError("wrong"), body="sys.stdout.write('x')", redirect="> /dev/full")
    assert done.returncode == EXIT_FAILED
    assert done.stderr in (b"error: wrong\n", b"error: stdout: No space left on device\n")  # by PYTHONUNBUFFERED
    assert told(error=LegatoError("wrong"), redirect="2> /dev/full").returncode == EXIT_FAILED


def test_below_a_bar_it_begins_on_a_line_of_its_own() -> None:
    body = "from tqdm import tqdm; sys.bar = tqdm(total=20, desc='train'); sys.bar.update(3)"
    done = told(error=LegatoError("no longer a number"), body=body)
    assert done.stderr.decode().splitlines()[-1] == "error: no longer a number"
    assert b"train:" in done.stderr


def raised(at: int, path: Path | None = None) -> OSError:
    return OSError(at, os.strerror(at), *([str(path)] if path else []))


def failing(do: Callable[[], Any]) -> str:
    with pytest.raises(OSError, match=".") as error:
        do()
    return errors.os_error_line(error.value)


def test_an_error_of_reading_or_writing_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def wrap(error: OSError) -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(error.errno, error.strerror, *([str(temporary)] if error.filename else []))

    for number in (errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT):
        assert failing(lambda number=number: wrap(raised(number))) == f"{path}: {os.strerror(number)}"
        assert failing(lambda number=number: wrap(raised(number, path))) == f"{path}: {os.strerror(number)}"
    assert not list(tmp_path.iterdir())
    with pytest.raises(OSError, match="other"), naming(path):
        raise raised(errno.ENOENT, tmp_path / "other")
    with pytest.raises(BrokenPipeError) as pipe, naming(path):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    assert pipe.value.filename is None


def test_a_write_that_finds_no_place_is_told_with_the_file(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    write = "from pathlib import Path; from legato.files import write_text; write_text(Path('big.json'), 'x' * 10**6)"
    done = told(body=f"{limit}; {write}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (EXIT_FAILED, b"error: big.json: File too large\n")
    assert not list(tmp_path.iterdir())


SAVED = {
    "model": "from legato.dia import model; from helpers.micro_dia import MICRO; "
    "LIMIT; model.save(model.build(MICRO, seed=0), Path('model'))",
    "c.pt": "import torch; from legato.contract.tensors import write_sealed; "
    "LIMIT; write_sealed(Path('c.pt'), {'w': torch.zeros(10**5)})",
}


@pytest.mark.parametrize("name", SAVED)
def test_weights_that_find_no_place_are_told_with_the_file(tmp_path: Path, name: str) -> None:
    """Neither torch nor safetensors raises what the system has said."""
    imports = f"from pathlib import Path; import resource; sys.path.insert(0, {str(ROOT / 'tests')!r}); import torch"
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))"
    make = SAVED[name].replace("LIMIT", limit)
    done = told(body=f"{imports}; {make}", cwd=tmp_path)
    assert done.stderr.decode().splitlines()[-1] == f"error: {name}: File too large"
    assert b"Traceback" not in done.stderr
    assert done.returncode == EXIT_FAILED
    assert not list(tmp_path.iterdir())


def test_of_many_bad_files_of_a_user_the_first_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sources/mine").mkdir(parents=True)
    for number in range(500):
        Path(f"sources/mine/{number:03}.mid").write_bytes(b"x")
    with pytest.raises(LegatoError, match=r"sources/mine/009\.mid: .*; and 490 more of 500$") as error:
        check_sources("mine", "all", Path("font.sf2"), set(), 10)
    assert "010.mid" not in str(error.value)


def test_of_many_failed_tracks_the_first_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(number: int) -> dict[str, Any]:
        raise MemoryError if number % 2 else OSError(errno.EIO, "Input/output error", f"{number}\n.wav")

    monkeypatch.chdir(tmp_path)
    with pytest.raises(LegatoError, match="^render: 30 of 30 tracks failed: ") as error:
        items.run(fail, range(30), stage="render", name=str, place=HERE)
    listed = printable(str(error.value))
    assert "0: 0\\n.wav: Input/output error; 1: out of memory; 2: " in listed
    assert listed.endswith("9: out of memory; and 20 more of 30")


@trying
@given(name=st.text(LETTERS, min_size=1, max_size=20), text=TEXTS)
def test_what_is_said_of_a_folder_of_anyones_is_lines(name: str, text: str) -> None:
    said = io.StringIO()
    findings = [Finding("error", "file that metadata.json does not name", [name, text])]
    with redirect_stdout(said):
        say(*lines_of(Report(findings=findings)), most=MOST_CHARACTERS)
        say(json_line(asdict(Report(findings=findings))))
    lines = said.getvalue().split("\n")
    assert len(lines) == 6
    assert all(line.isprintable() for line in lines)
    assert json.loads(lines[-2])["findings"][0]["names"] == [name, text]


def test_a_word_of_the_command_line_is_shown_as_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main("verify", "--a\nb\x1b[2J")
    assert capsys.readouterr().err.splitlines()[-1].endswith("unrecognized arguments: --a\\nb\\x1b[2J")
