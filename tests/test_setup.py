"""The set-up's own part: what it looks for, waits for and says. That of Debian and of pip is run by `.ci/run`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.checkout import ROOT
from helpers.waiting import until

SETUP = ROOT / ".ci/setup"
TOOLS = (
    *("bash", "cat", "cksum", "cut", "df", "dirname", "env", "find", "git", "grep", "id", "mkdir"),
    *("rm", "sed", "sleep", "sort", "tail", "touch", "tr", "wc"),
)
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)"


class Machine:
    """A machine that has few programs, and a checkout with a space in its path."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.checkout = folder / "bin", folder / "a checkout"
        self.programs.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found
            (self.programs / tool).symlink_to(found)
        (self.checkout / ".ci").mkdir(parents=True)
        shutil.copy(SETUP, self.checkout / ".ci/setup")

    def add(self, name: str, script: str) -> None:
        """Give it a program; root needs no `sudo`, and others get one that just runs what it is given."""
        for program, lines in ((name, script), ("sudo", '[ "$1" = -v ] || exec "$@"')):
            (self.programs / program).write_text(f"#!{shutil.which('bash')}\n{lines}\n")
            (self.programs / program).chmod(0o755)

    def start(self, *words: str) -> subprocess.Popen[str]:
        variables = {"PATH": str(self.programs), "PYTHON": sys.executable, "HOME": str(self.checkout)}
        command = [self.programs / "bash", ".ci/setup", *words]
        place = {"cwd": self.checkout, "env": variables}
        return subprocess.Popen(command, **place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *words: str) -> tuple[int, str]:
        """Run the set-up; return its exit status and what it said."""
        process = self.start(*words)
        said = process.communicate()[0]
        return process.returncode, said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_function_has_the_name_of_a_program() -> None:
    text = SETUP.read_text()
    functions = set(re.findall(r"^(\w+)\(\)", text, re.MULTILINE))
    assert {"patiently", "has", "has_browser"} <= functions
    assert "command -v" not in text  # it finds functions
    assert not functions & {"brew", "chromium", "fluidsynth", "flock", "git", "node", "pip", "python", "sudo", "venv"}


def test_what_dpkg_said_is_shown_where_it_fails(machine: Machine) -> None:
    machine.add("apt-get", "echo many words; echo 'dpkg: error processing package fontconfig' >&2; exit 100")
    status, said = machine.run("debian", "chromium")
    assert status == 1
    assert "dpkg: error processing package fontconfig" in said
    assert said.splitlines()[-1].startswith("error: this failed: apt_install chromium; all that it said is in /")
    assert Path(re.findall(r"is in (/.*)", said)[-1]).is_file()


def test_apt_waits_for_every_lock(machine: Machine) -> None:
    machine.add("apt-get", f'echo "$*" >>asked; [ -e tried ] || {{ touch tried; echo "{LOCKED}" >&2; exit 100; }}')
    assert machine.run("debian", "chromium") == (0, "Installing from Debian: chromium\n")
    asked = (machine.checkout / "asked").read_text().splitlines()
    assert len(asked) == 2
    for line in asked:
        assert "DPkg::Lock::Timeout=600" in line
        assert line.endswith("install -y --no-install-recommends chromium")
    log = (machine.checkout / ".venv/setup.log").read_text()
    assert "Waiting for /var/lib/apt/lists/lock. It is held by process 7" in log


def test_missing_lists_of_packages_are_fetched(machine: Machine) -> None:
    machine.add("apt-get", '[[ "$*" = *update* ]] && touch lists; [ -e lists ]')
    assert machine.run("debian", "chromium")[0] == 0


def test_one_set_up_of_a_checkout_runs_at_a_time(machine: Machine) -> None:
    machine.add("apt-get", "echo begin >>events; until [ -e go ]; do sleep 0.05; done; echo end >>events")
    processes = [machine.start("debian", "chromium")]
    until(lambda: (machine.checkout / "events").exists() or processes[0].poll() is not None)
    processes += [machine.start("debian", "chromium") for _ in range(2)]
    lines = [process.stdout.readline() for process in processes[1:] if process.stdout]
    (machine.checkout / "go").touch()
    assert lines == 2 * ["Waiting for another set-up of this folder\n"]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert (machine.checkout / "events").read_text().split() == ["begin", "end"] * 3


@pytest.mark.parametrize(
    ("browser", "status"),
    [("", 1), ("echo Chromium 150", 0), ("echo 'this asks for a snap'; exit 1", 1)],
    ids=["none", "one that runs", "a stub"],
)
def test_a_browser_is_one_that_runs_whatever_an_earlier_run_left(machine: Machine, browser: str, status: int) -> None:
    if browser:
        machine.add("chromium", browser)
    (machine.checkout / ".venv").mkdir()
    (machine.checkout / ".venv/chromium").touch()  # a stamp of earlier versions
    assert machine.run("has_browser")[0] == status


def test_an_archive_without_git_is_told_so_before_anything_is_installed(machine: Machine) -> None:
    status, said = machine.run("base")
    assert status == 1
    assert said == (
        f"error: {machine.checkout} is no Git repository, and DVC keeps its versions in one: "
        "run 'git init', or clone the project\n"
    )


def test_no_python_that_fits_is_one_line(machine: Machine) -> None:
    machine.add("python3.12", "exit 1")
    variables = {"PATH": str(machine.programs), "PYTHON": "python3.12"}
    command = [machine.programs / "bash", ".ci/setup", "base"]
    done = subprocess.run(command, cwd=machine.checkout, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "error: Python 3.11 or 3.12 is needed; none of these is one: python3.12; "
        "PYTHON=/path/to/python3.12 names another\n"
    )
