"""A run's metrics and curves, in DVCLive's files and, where asked for, in TensorBoard's."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from dvclive import Live
from scmrepo.exceptions import SCMError

from legato.errors import LegatoError
from legato.files import naming

DIGITS = 5  # of a value in the reports
Row = tuple[int, str, float, bool]  # step, name, value, whether it is a point of a curve


class Curves:
    """What a run has measured, remembered so that a run that continues writes its files from the first step again.

    Older files are removed. Nothing that depends on the machine's speed is written.

    Args:
        reports: DVCLive's folder; None writes nothing, as all processes but the first do.
        tensorboard: TensorBoard's folder, or None.

    Raises:
        LegatoError: the Git repository around us has no commit, which DVCLive does not survive; TensorBoard is
            asked for and not installed.
    """

    def __init__(self, reports: Path | None, tensorboard: Path | None = None, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = []
        self._reports, self._live = reports or Path(), _live(reports) if reports else None
        self._board = _board(tensorboard) if reports and tensorboard else None
        for step, name, value, plot in rows:
            self._write((step, name, value, plot))

    def log(self, step: int, name: str, value: float, *, plot: bool = True) -> None:
        """One value of a metric, and a point of its curve unless `plot` is false."""
        self._write((step, name, round(value, DIGITS), plot))

    def first(self, name: str, default: float) -> float:
        """The first value that a metric had, or the default where it had none."""
        return next((value for _, known, value, _ in self.rows if known == name), default)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: Any) -> None:
        if self._live:
            self._live.end()
        if self._board:
            self._board.close()

    def _write(self, row: Row) -> None:
        self.rows.append(row)
        step, name, value, plot = row
        if self._live:
            self._live.step = step
            with naming(self._reports):
                self._live.log_metric(name, value, plot=plot)
        if self._board and plot:
            self._board.add_scalar(name, value, step)


def _live(reports: Path) -> Live:
    try:
        return Live(str(reports), resume=False, report=None, save_dvc_exp=False, dvcyaml=None)
    except SCMError as error:
        raise LegatoError(f"{reports}: DVCLive needs a Git repository with a commit: {error}") from None


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise LegatoError("params.yaml: train.tensorboard: TensorBoard is missing: pip install tensorboard") from None
    shutil.rmtree(folder, ignore_errors=True)
    return SummaryWriter(str(folder))
