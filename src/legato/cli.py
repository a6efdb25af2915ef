"""The `legato` command: what a user asks of a workspace beside `dvc`."""

import argparse
import shlex
import sys
from contextlib import chdir
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from legato.dataset import provenance, tracing
from legato.dataset.card.config import CardParams
from legato.errors import LegatoError, stage
from legato.truth.rates import accuracy, false_verdicts, rates
from legato.words import MOST_CHARACTERS, MOST_LISTED, counted, from_here, json_line, printable, real_time, say
from legato.work import pruning, recorded, remote, repairing, verifying
from legato.work.item_cache import cache_folder
from legato.work.pruning import size_text
from legato.workspace import categories, params, splitting
from legato.workspace.layout import DIFF_PAGE, HELD_OUT, MODEL, START, TRAIN, WEIGHTS
from legato.workspace.params import PARAMS

# The other commands know folders and files of any origin.
OF_A_PROJECT = ("cache", "export", "publish", "remote", "review", "split", "trace", "verify")

MOST_FALSE = 20  # shown
DECODED = Path("decoded")


class Parser(argparse.ArgumentParser):
    """What it says of a user's words is a line too."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def main(*words: str) -> None:
    """Parse the command line and run its command: at the root of the project, wherever inside it the user is."""
    parser = Parser(prog="legato", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    validate = commands.add_parser("validate", help="check prompts against MIDI and audio, or a folder of codes")
    what = "categories of params.yaml, all if none is named; or a folder in the trainer's format, of any origin"
    validate.add_argument("what", nargs="*", help=what)
    validate.add_argument("--json", action="store_true", help="of a folder: all findings, and every name, as JSON")
    validate.set_defaults(run=lambda found, here: run_validate(found.what, here, as_json=found.json))
    decode = commands.add_parser("decode", help="write audio back from codes, to listen to")
    decode.add_argument("what", help="a track's id, a .pt file, or a folder of them")
    decode.add_argument("--out", type=Path, help=f"where to; the project's {DECODED} if not given")
    decode.set_defaults(run=lambda found, here: run_decode(found.what, found.out, here))
    sample = commands.add_parser("sample", help="write what a trained model plays for a prompt")
    sample.add_argument("prompt", help='comma-separated tags, as in "hip hop beat only drums, 90 bpm"')
    sample.add_argument("--seconds", type=float, default=8.0, help="at most; %(default)s if not given")
    sample.add_argument(
        "--out", type=Path, default=Path("sample.wav"), help="a .wav or .flac; %(default)s if not given"
    )
    sample.add_argument("--seed", type=int, default=0, help="another one, another clip; %(default)s if not given")
    sample.add_argument("--model", type=Path, help=f"a model's folder; if not given {MODEL.path}, else {START}")
    sample.add_argument("--codec", type=Path, help="weights of the codec whose codes the model speaks, if not found")
    sample.set_defaults(run=run_sample)
    cache = commands.add_parser("cache", help="show what is kept of single tracks, or throw some of it away")
    cache.set_defaults(run=lambda *_: run_cache())
    prune = cache.add_subparsers(metavar="prune").add_parser("prune", help="throw away what any of the options names")
    prune.add_argument("--older-than", metavar="30d", help="what no stage has used for this long: h, d or w")
    prune.add_argument("--larger-than", metavar="10GB", help="the least recently used, until the rest is no larger")
    prune.add_argument("--unused", action="store_true", help="what the present version of no workspace needs")
    prune.set_defaults(run=lambda found, _: run_prune(found.older_than, found.larger_than, found.unused))
    verify = commands.add_parser("verify", help="whether every byte of workspace and caches is the one recorded")
    verify.add_argument("--repair", action="store_true", help="throw out what is damaged; `dvc repro` makes it again")
    verify.add_argument("--all", action="store_true", help=f"name all that is damaged, not the first {MOST_LISTED}")
    verify.set_defaults(run=lambda found, _: run_verify(found.repair, found.all))
    store = commands.add_parser("remote", help="whether DVC's remote, an S3 store, can be pushed to, and is whole")
    store.add_argument("name", nargs="?", help="of a remote; the default one if not given")
    store.add_argument("--read-only", action="store_true", help="write nothing: for who only pulls")
    store.add_argument("--verify", action="store_true", help="compare each object of this version")
    store.add_argument("--repair", action="store_true", help="remove those that are damaged, so that they are pushed")
    store.set_defaults(run=lambda found, _: run_remote(found.name, found.read_only, found.verify, found.repair))
    split = commands.add_parser("split", help="give each category a dvc.yaml of its own: for dozens of them")
    split.add_argument("--undo", action="store_true", help="have all of them in the project's dvc.yaml again")
    split.set_defaults(run=lambda found, _: run_split(found.undo))
    review = commands.add_parser("review", help="what of archives waits for a person, and how to write it down")
    review.add_argument("category", nargs="*", help="categories of params.yaml that come from archives; all if none")
    review.add_argument("--json", action="store_true", help="the raw records too, as JSON Lines")
    review.set_defaults(run=lambda found, _: run_review(found.category, found.json))
    trace = commands.add_parser("trace", help="what a track was made from, by what, step by step")
    trace.add_argument("track", nargs="*", help="ids of tracks")
    trace.add_argument("--all", action="store_true", help="all tracks of the dataset")
    trace.add_argument("--json", action="store_true", help="records as JSON Lines")
    trace.add_argument("--verify", action="store_true", help="build them again, and compare what comes out")
    trace.set_defaults(run=lambda found, _: run_trace(found.track, found.all, found.json, found.verify))

    exported = commands.add_parser("export", help="the dataset as the trainer's flat folder, a file a track")
    exported.add_argument("folder", type=Path, help="where to; new or empty")
    exported.add_argument("--held-out", action="store_true", help="the held-out tracks instead")
    exported.set_defaults(run=lambda found, here: run_export(from_here(found.folder, here), found.held_out))
    published = commands.add_parser("publish", help="the dataset as a repository of the Hugging Face hub")
    published.add_argument("folder", type=Path, help="where to; new or empty")
    published.set_defaults(run=lambda found, here: run_publish(found.folder, here))

    diff = commands.add_parser("diff", help="what differs between two versions: tracks, parameters, metrics, code")
    diff.add_argument("old", metavar="REV1", help="a Git revision: a commit, branch or tag, such as HEAD or v1")
    diff.add_argument("new", metavar="REV2", nargs="?", default="workspace", help="another; %(default)s if not given")
    diff.add_argument("--json", action="store_true", help="everything, as JSON")
    diff.add_argument("--html", action="store_true", help="write a page too, on which changed tracks play side by side")
    diff.add_argument("--out", type=Path, metavar="FILE", help=f"where the page goes; {DIFF_PAGE} if not given")
    diff.add_argument(
        "--tracks", type=_count, default=20, metavar="N", help="on the page, at most; %(default)s if not given"
    )
    diff.set_defaults(run=run_diff)
    found, here = parser.parse_args(words), Path.cwd()
    with chdir(params.find_root(here) or here):
        if found.command in OF_A_PROJECT:
            params.read()
        found.run(found, here)


def run_validate(what: list[str], here: Path, *, as_json: bool) -> None:
    """Check a folder where one is named, else prompts.

    Raises:
        LegatoError: something is wrong with what was checked.
    """
    if len(what) == 1 and _is_folder(what[0], here):
        validate_folder(from_here(Path(what[0]), here), as_json=as_json)
    else:
        validate_prompts(what)


def validate_folder(folder: Path, *, as_json: bool) -> None:
    """Print what is wrong with a folder in the trainer's format, and what it holds.

    Raises:
        LegatoError: something in it is an error, or it is an output that is not what DVC has recorded.
    """
    from legato.dataset.folder_check import ERROR, check_folder, lines_of  # and torch

    report = check_folder(folder)
    say(*([json_line(asdict(report))] if as_json else lines_of(report)), most=None if as_json else MOST_CHARACTERS)
    if n_errors := report.count(ERROR):
        raise LegatoError(f"{folder}: {counted(n_errors, 'error')}")
    recorded.verify([folder])  # where it is the project's own


def validate_prompts(chosen: list[str]) -> None:
    """Print how many verdicts of each kind are true, and the tags that are not.

    Raises:
        LegatoError: no such category, a track that cannot be judged, a rate under its limit, or what was judged is not
            what DVC has recorded.
    """
    from legato.truth.validate import inputs, validate_category  # takes a second to import
    from legato.work.items import FailedError

    known = categories.names()
    for name in chosen:
        if name not in known:
            raise LegatoError(f"params.yaml: categories: {name!r}: no such category; known are {', '.join(known)}")
    rows: list[Any] = []
    failures = []
    for name in chosen or known:
        try:
            rows += validate_category(name)
        except FailedError as error:  # the other tracks have been judged
            rows += error.finished
            failures.append(str(error))
    found = rates(rows)
    for rate in found:
        basis = "stated, in no share" if rate.is_stated else f"at least {rate.limit:.0%}"
        print(f"{rate.kind:18} {rate.n_true:6} of {rate.n:6} true  {rate.rate:7.2%}  ({basis})")
    total = accuracy(found)
    print(f"{total.n_true} of {counted(total.n_checked, 'checked verdict')} true, {total.n_stated} stated")
    wrong = false_verdicts(rows)
    for name, kind, tag in wrong[:MOST_FALSE]:
        say(f"not true: {name}: {tag!r} ({kind})")
    if len(wrong) > MOST_FALSE:
        print(f"and {len(wrong) - MOST_FALSE} more")
    if under := [rate.kind for rate in found if not rate.reaches_limit]:
        failures.append(f"validate: {', '.join(dict.fromkeys(under))}: too few verdicts are true")
    if failures:
        raise LegatoError("; ".join(failures))
    recorded.verify(path for name in chosen or known for path in inputs(name))


def run_decode(what: str, folder: Path | None, here: Path) -> None:
    """Write the audio of codes and print where it is."""
    from legato.codec.decode import decode, find_codes  # and torch

    if (here / what).exists():  # else a track's id
        what = str(from_here(Path(what), here))
    recorded.verify_files([*find_codes(what), WEIGHTS.path])
    for path in decode(what, from_here(folder, here) if folder else DECODED):
        say(str(path))


def run_sample(found: argparse.Namespace, here: Path) -> None:
    """Write what a model plays for a prompt, and print where it is."""
    from legato.codec.listen import check_target, find_codec, find_model, listen, settings_of

    settings, target = settings_of(found.prompt, found.seconds, found.seed), from_here(found.out, here)
    check_target(target)
    model = find_model(from_here(found.model, here) if found.model else None)
    weights = find_codec(model, from_here(found.codec, here) if found.codec else None)
    recorded.verify([model])
    recorded.verify_files([weights])
    heard = listen(model, weights, settings, target)
    say(f"{target}: {heard.seconds:.1f} s by {model}, {real_time(heard.seconds, heard.took_s)} on {heard.device}")


def run_cache() -> None:
    """Print what the cache of single tracks holds, by stage."""
    folder = cache_folder()
    found = pruning.results(folder)
    for name in sorted({result.stage for result in found}):
        of_stage = [result for result in found if result.stage == name]
        print(f"{name:10} {counted(len(of_stage), 'track'):>13}  {size_text(pruning.total_size(of_stage)):>9}")
    n_results = counted(len(found), "result of a single track", "results of single tracks")
    print(f"{folder}: {n_results}, {size_text(pruning.total_size(found))}{'' if found else '; `dvc repro` fills it'}")


def run_prune(older_than: str | None, larger_than: str | None, unused: bool) -> None:
    """Throw away results of single tracks and print how many.

    Raises:
        LegatoError: no option says which, or one is wrong.
    """
    if older_than is None and larger_than is None and not unused:
        raise LegatoError("cache prune: say which: --older-than, --larger-than or --unused")
    n_results, n_bytes = pruning.prune(
        cache_folder(),
        older_than_s=None if older_than is None else pruning.seconds_of(older_than),
        larger_than=None if larger_than is None else pruning.bytes_of(larger_than),
        unused=unused,
    )
    print(f"{cache_folder()}: {counted(n_results, 'result')} thrown away, {size_text(n_bytes)}")


def run_verify(repair: bool, everything: bool) -> None:
    """Print what is not as recorded, or what was done about it.

    Raises:
        LegatoError: something is not as recorded, or is the user's own and so was left.
    """
    found = verifying.verify()
    n_files = counted(found.n_files, "file")
    if not found.damages:
        print(f"{n_files}, {size_text(found.n_bytes)}: every byte is the one recorded")
        return
    lines = list(repairing.repair(found)) if repair else list(map(str, found.damages))
    most = len(lines) if everything else MOST_LISTED
    say(*lines[:most], *([f"and {len(lines) - most} more of {len(lines)}; --all names them"] if lines[most:] else []))
    n_left = repairing.n_own(found) if repair else len(found.damages)
    if not n_left:
        print(f"{n_files} looked at, {len(lines)} mended or thrown out; `dvc repro` makes what is missing")
        return
    mend = "what is yours is left to you" if repair else "`legato verify --repair` throws out what can be made again"
    raise LegatoError(f"verify: {n_left} of {n_files} not as recorded: {mend}")


def run_remote(name: str | None, read_only: bool, verify: bool, repair: bool) -> None:
    """Say whether a remote can be used; with `verify` or `repair`, what is not whole in it.

    Raises:
        LegatoError: it cannot, or something is missing or damaged in it.
    """
    bucket = remote.find(name)
    kept = remote.check(bucket, may_write=not (read_only or verify))
    if kept:
        say(f"{kept}; `dvc push` does without, `legato remote --repair` and `dvc gc --cloud` do not")
    if not (verify or repair):
        print(f"{bucket}: can be {'read' if read_only else 'read and written'}")
        return
    found = list(remote.faults(bucket))
    more = [f"and {len(found) - MOST_LISTED} more of {len(found)}"] if len(found) > MOST_LISTED else []
    say(*map(str, found[:MOST_LISTED]), *more)
    if repair:
        n_damaged = remote.repair(bucket, found)
        print(f"{bucket}: {counted(n_damaged, 'damaged object')} removed; `dvc push` puts what is missing")
    elif found:
        mend = "`legato remote --repair`, then `dvc push`"
        raise LegatoError(f"{bucket}: {counted(len(found), 'object')} missing or damaged: {mend}")
    else:
        print(f"{bucket}: every object of this version is there, and whole")


def run_split(undo: bool) -> None:
    """Split the project's dvc.yaml by category, or undo it, and say what is where."""
    if undo:
        splitting.join()
        print(f"{splitting.PROJECT}: has all categories")
    else:
        n_categories = counted(len(splitting.split()), "category", "categories")
        print(f"{splitting.FOLDER}: {n_categories}, each with a dvc.yaml; commit them")


def run_review(chosen: list[str], as_json: bool) -> None:
    """Print what waits for a decision, as the review file has it.

    Raises:
        LegatoError: no such category, or it does not come from an archive.
    """
    from legato.archives.waiting import lines_of, waiting

    for name in chosen or list(filter(categories.is_archive, categories.names())):
        rows = waiting(name)
        print(*(map(json_line, rows) if as_json else lines_of(name, rows)), sep="\n")


def run_trace(names: list[str], everything: bool, as_json: bool, verify: bool) -> None:
    """Print the chain of tracks, or build them again and say whether they are the same.

    Raises:
        LegatoError: no track is named, or there is no such track; a track that was built again differs.
    """
    if not names and not everything:
        raise LegatoError("trace: name a track, or say --all")
    files = [made.path / provenance.FILE for made in (TRAIN, HELD_OUT)]
    if not verify:  # which says by itself what differs
        recorded.verify_files(path for path in files if path.exists())
    known = {row["id"]: row for path in files for row in provenance.read(path)}
    for name in names:
        if name not in known:
            raise LegatoError(f"trace: {name!r}: no such track in {TRAIN.path} or {HELD_OUT.path}")
    records = list(known.values()) if everything else [known[name] for name in names]
    if verify:
        wrong = 0
        for name, differences in tracing.verify(records):
            say(f"{name}: {', '.join(differences)} differ" if differences else f"{name}: all is the same")
            wrong += bool(differences)
        if wrong:
            n_tracks = counted(len(records), "track")
            raise LegatoError(f"trace: {wrong} of {n_tracks} came out otherwise than the provenance says")
        print(f"{counted(len(records), 'track')} built again, with the same MIDI, prompt, audio and codes")
    elif as_json:
        say(*(json_line(record, sort_keys=True) for record in records))
    else:
        print("\n\n".join(map(provenance.text_of, records)))


def run_export(folder: Path, is_held_out: bool) -> None:
    """Write the dataset, or what is held out, file by file, and say how many there are."""
    from legato.dataset.export import export

    recorded.verify([TRAIN.path, HELD_OUT.path])
    source = HELD_OUT.path if is_held_out else TRAIN.path
    n_tracks = export(source, folder, params.load("card", CardParams), HELD_OUT.path)
    print(f"{folder}: {counted(n_tracks, 'track')}, a file each")


def run_publish(folder: Path, here: Path) -> None:
    """Write what a repository of the hub holds, and say how it gets there from where the user is."""
    from legato.dataset.publish import publish  # and torch

    recorded.verify([TRAIN.path, HELD_OUT.path])
    target, card = from_here(folder, here), params.load("card", CardParams)
    counts = publish(target, card, TRAIN.path, HELD_OUT.path)
    sides = [f"{split} of {counted(n_tracks, 'track')}" for split, n_tracks in counts.items()]
    unstated = [name for name, value in card if value is None]
    say(f"{folder}: {', '.join(sides)}")
    if unstated:
        say(f"{PARAMS}: card: states no {', '.join(unstated)}; a dataset that others use should")
    command = f"hf upload OWNER/NAME {shlex.quote(str(folder))} --repo-type dataset"
    say(f"look at {folder / 'README.md'} and LICENSE; then: {command}")


def run_diff(found: argparse.Namespace, here: Path) -> None:
    """Print what differs between two versions; write a page of it where one is asked for."""
    from legato.diff.compare import compare  # and dvc
    from legato.diff.repository import Repository
    from legato.diff.text import as_values, lines_of

    repository = Repository(Path.cwd())
    difference = compare(repository, found.old, found.new)
    say(*([json_line(as_values(difference))] if found.json else lines_of(difference)))
    if found.html or found.out:
        from legato.diff.page import write_page

        path = from_here(found.out, here) if found.out else repository.root / DIFF_PAGE
        tracks = write_page(path, difference, found.tracks)
        size = size_text(path.stat().st_size)
        print(f"{path}: {counted(len(tracks), 'track')} side by side, {size}", file=sys.stderr)


def _count(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r}: must be a whole number, 0 or more")
    return int(word)


def _is_folder(word: str, here: Path) -> bool:
    """Whether a word is a folder; a category of the same name comes first."""
    is_category = PARAMS.exists() and word in categories.names()
    return "/" in word or ((here / word).is_dir() and not is_category)


def run() -> None:
    """The entry point."""
    stage(main)
