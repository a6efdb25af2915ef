"""Pruning takes what it is told to take, and nothing that it takes is missed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from legato.errors import LegatoError
from legato.files import Json, write_text
from legato.work import items, pruning
from legato.work.items import Step
from legato.work.pruning import prune, results

N = 4


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Builds N items of 1000 bytes in a workspace with one category."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump({"compute": {"workers": 1}, "categories": {"numbers": None}}))

    def built(category: str = "numbers", version: int = 0, n: int = N) -> None:
        def work(number: int, out: Path) -> Json:
            write_text(out / f"{number}.txt", f"{category} {version} {number}".ljust(1000))
            return {"number": number}

        step = Step(
            stage="write",
            category=category,
            work=work,
            name=str,
            reads=lambda number: number,
            settings=version,
            outs=[tmp_path / "out" / category],
        )
        assert items.build(step, range(n)) == [{"number": number} for number in range(n)]

    return built


def age(cache: Path, version_days: list[float]) -> None:
    """Make the results so many days old, in the order of their numbers."""
    for result in results(cache):
        number = int(result.objects[0].read_text().split()[2])
        then = time.time() - version_days[number] * 86_400
        os.utime(result.path, (then, then))


def numbers(cache: Path) -> set[int]:
    return {int(path.read_text().split()[2]) for path in (cache / "objects").glob("*/*")}


def test_by_age(build: Callable[..., None], own_item_cache: Path) -> None:
    build()
    age(own_item_cache, [1, 40, 2, 31])
    assert prune(own_item_cache, older_than_s=pruning.seconds_of("30d")) == (2, 2000)
    assert numbers(own_item_cache) == {0, 2}
    build()
    assert numbers(own_item_cache) == {0, 1, 2, 3}


def test_use_makes_young(build: Callable[..., None], own_item_cache: Path) -> None:
    build()
    age(own_item_cache, [40, 40, 40, 40])
    build(n=1)
    assert prune(own_item_cache, older_than_s=pruning.seconds_of("4w")) == (3, 3000)
    assert numbers(own_item_cache) == {0}


def test_by_size_the_least_recently_used_go_first(build: Callable[..., None], own_item_cache: Path) -> None:
    build()
    age(own_item_cache, [2, 9, 3, 8])
    assert prune(own_item_cache, larger_than=pruning.bytes_of("2.5KB")) == (2, 2000)
    assert numbers(own_item_cache) == {0, 2}
    assert prune(own_item_cache, larger_than=2000) == (0, 0)


def test_what_no_current_version_needs(build: Callable[..., None], own_item_cache: Path) -> None:
    build(version=0)
    build(version=1)
    build("gone")
    assert prune(own_item_cache, unused=True) == (2 * N, 2 * N * 1000)
    assert {path.read_text().split()[1] for path in (own_item_cache / "objects").glob("*/*")} == {"1"}
    build(version=1)
    assert prune(own_item_cache, unused=True) == (0, 0)


def test_what_died_half_way_is_taken_along(build: Callable[..., None], own_item_cache: Path) -> None:
    build()
    first, second, *_ = results(own_item_cache)
    first.path.unlink()
    second.path.write_bytes(b"half a rec")
    assert prune(own_item_cache, larger_than=10**9) == (0, 2000)
    assert len(numbers(own_item_cache)) == N - 2
    build()
    assert len(numbers(own_item_cache)) == N


@pytest.mark.parametrize(("read", "text"), [(pruning.seconds_of, "30"), (pruning.bytes_of, "10 days")])
def test_a_wrong_age_or_size_is_named(read: Callable[[str], float], text: str) -> None:
    with pytest.raises(LegatoError, match=f"than: '{text}': must be"):
        read(text)


def test_what_was_compiled_goes_when_it_was_not_used_for_long(tmp_path: Path) -> None:
    old, new = tmp_path / "compiled/old.pt2", tmp_path / "compiled/inductor/ab/new.py"
    for path, age_s in ((old, 7200), (new, 10)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"code")
        os.utime(path, (time.time() - age_s,) * 2)
    assert pruning.prune(tmp_path, larger_than=0) == (0, 0)
    assert pruning.prune(tmp_path, older_than_s=3600) == (0, 4)
    assert new.exists()
    assert not old.exists()
