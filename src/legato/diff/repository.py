"""Reads versions of the dataset out of a Git and DVC repository, without a checkout: nothing in it changes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.output import Output
from dvc.repo import Repo
from dvc.scm import NoSCM, RevError, SCMError, resolve_rev
from dvc.stage import Stage
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from dvc_data.hashfile.tree import Tree
from dvc_data.index import DataIndex, ObjectStorage

from legato.diff.version import WORKSPACE, Out, Version, listing_of
from legato.errors import LegatoError


class Repository:
    """A Git and DVC repository whose versions are read."""

    def __init__(self, folder: Path) -> None:
        """Open the repository that a folder is in.

        Raises:
            LegatoError: it is in no Git repository or in no DVC repository.
        """
        try:
            self._repo = Repo(Repo.find_root(str(folder)))
            if isinstance(self._repo.scm, NoSCM):
                raise SCMError("no Git")
        except NotDvcRepoError:
            raise LegatoError(f"{folder.resolve()}: not in a DVC repository") from None
        except SCMError:
            raise LegatoError(f"{folder.resolve()}: not in a Git repository; versions are its commits") from None
        self.root = Path(self._repo.root_dir)
        self._remotes: dict[Any, HashFileDB] = {}

    def version(self, name: str) -> Version:
        """What a Git revision, or `workspace`, holds.

        Raises:
            LegatoError: there is no such revision, or its dvc.yaml or dvc.lock cannot be read.
        """
        with _one_line_errors(name):
            if name == WORKSPACE:
                return _read(self._repo, name, None, self._remotes)
            commit = resolve_rev(self._repo.scm, name)
            with self._repo.switch(commit):
                return _read(self._repo, name, commit, self._remotes)


def _read(repo: Repo, name: str, commit: str | None, remotes: dict[Any, HashFileDB]) -> Version:
    """The version that `repo` is switched to; `remotes` are those that are in use already."""
    index = repo.index
    outs: dict[str, Out | None] = {}
    absent, edited = [], {}
    for out in index.outs:
        path = _path(out)
        outs[path] = Out(out.hash_info.value, out.meta.nfiles or 1) if out.hash_info else None
        if commit is None and out.is_in_repo:
            if not out.exists:
                absent.append(path)
            elif (found := _as_it_is(out)) is not None:
                outs[path], edited[path] = found
    data = index.data["repo"]
    _share_connections(data, remotes)
    given, params = _Given(outs), _values(repo.params.show())
    return Version(
        name=name,
        commit=commit,
        title=repo.scm.resolve_commit(commit).message.strip().split("\n")[0] if commit else "",
        outs=outs,
        inputs=_inputs(index.stages, given),
        params=params,
        metrics=_values(repo.metrics.show()),
        outdated=[stage.addressing for stage in index.stages if _is_outdated(stage, params, given, commit is None)],
        absent=[path for path in absent if outs[path]],
        edited=list(edited),
        listings=edited,
        index=data,
        root=Path(repo.root_dir) if commit is None else None,
    )


def _share_connections(index: DataIndex, remotes: dict[Any, HashFileDB]) -> None:
    """Let all outputs of a remote use one connection: DVC gives each its own, which takes long to set up."""
    for key in index.storage_map:
        storage = index.storage_map[key].remote
        if isinstance(storage, ObjectStorage):
            fs = storage.odb.fs
            storage.odb = remotes.setdefault((fs.protocol, storage.odb.path, repr(fs.config)), storage.odb)


def _values(shown: dict[str, Any]) -> dict[str, Any]:
    """Parameters or metrics by file, as DVC shows those of the version that it is switched to.

    A file that is not there has none. One that cannot be read is an error of DVC's, raised.
    """
    (found,) = shown.values()
    if error := found.get("error"):
        raise error
    files = found.get("data", {})
    for file in files.values():
        if "error" in file and not isinstance(file["error"], FileNotFoundError):
            raise file["error"]
    return {name: file["data"] for name, file in files.items() if "data" in file}


class _Given:
    """What no stage makes: files that are neither outputs, nor in one, nor a folder with some; each hashed once."""

    def __init__(self, outs: Iterable[str]) -> None:
        self._made = set(outs)
        self._above = {str(place) for path in outs for place in PurePosixPath(path).parents}
        self._hashes: dict[str, Any] = {}

    def __call__(self, dep: Output) -> bool:
        if isinstance(dep, ParamsDependency):
            return False
        path = _path(dep)
        above = map(str, PurePosixPath(path).parents)
        return path not in self._made and path not in self._above and self._made.isdisjoint(above)

    def has_changed(self, dep: Output) -> bool:
        """Whether it is in the workspace with another hash than its stage was run with."""
        if dep.fs_path not in self._hashes:
            self._hashes[dep.fs_path] = _built(dep).hash_info if dep.exists else None
        return self._hashes[dep.fs_path] != dep.hash_info


def _inputs(stages: Iterable[Stage], given: _Given) -> dict[str, frozenset[str]]:
    hashes: dict[str, set[str]] = {}
    for stage in stages:
        for dep in stage.deps:
            if dep.hash_info and given(dep):
                hashes.setdefault(_path(dep), set()).add(dep.hash_info.value)
    return {path: frozenset(values) for path, values in sorted(hashes.items())}


def _is_outdated(stage: Stage, params: dict[str, Any], given: _Given, is_workspace: bool) -> bool:
    """Whether parameters are not those that a stage was run with; in the workspace, code and other inputs too."""
    if stage.frozen or not stage.cmd or not any(out.hash_info for out in stage.outs):
        return False
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            run_with = dep.hash_info.value or {}
            if any(_at(params.get(_path(dep)), key) != run_with.get(key) for key in dep.params):
                return True
        elif is_workspace and given(dep) and given.has_changed(dep):
            return True
    return False


def _at(values: Any, key: str) -> Any:
    """The value at a dotted key; None where there is none."""
    for name in key.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    return values


def _as_it_is(out: Output) -> tuple[Out, dict[str, str]] | None:
    """An output in the workspace and its listing, where it is not as dvc.lock says."""
    found = _built(out)
    if found.hash_info == out.hash_info:
        return None
    md5 = str(found.hash_info.value)
    if not isinstance(found, Tree):
        return Out(md5, 1), {}
    listing = listing_of(found)
    return Out(md5, len(listing)), listing


def _built(out: Output) -> Any:
    """DVC's object of a file or folder as it is there, with its hash; nothing is written."""
    _, _, found = build(out.local_cache, out.fs_path, out.fs, out.hash_name, ignore=out.dvcignore, dry_run=True)
    return found


def _path(out: Output) -> str:
    """From the repository's root; of what is outside, the whole path."""
    return "/".join(out.index_key[1]) if out.is_in_repo else out.fs_path


@contextmanager
def _one_line_errors(name: str) -> Iterator[None]:
    """Raise DVC's errors as one line that begins with the version's name."""
    try:
        yield
    except RevError:
        raise LegatoError(f"{name}: no such Git revision") from None
    except DvcException as error:
        raise LegatoError(f"{name}: {' '.join(str(error).split())}") from None
