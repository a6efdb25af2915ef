"""How many requests a service allows per minute and per day, counted over restarts.

Each request is a row of a SQLite file, written before it is made: a process that is killed has spent what it asked for.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from legato.errors import LegatoError

MINUTE_S, DAY_S = 60.0, 86_400.0
MOST_WAITS = 100


@dataclass(frozen=True)
class Limits:
    """The budget of one key, in a file that all processes share."""

    path: Path
    per_minute: int
    per_day: int
    clock: Callable[[], float] = time.time

    def take(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Spend one request; where the minute's are spent, wait.

        Raises:
            LegatoError: the day's are spent; the message says from when on there are some again.
        """
        for _ in range(MOST_WAITS):
            wait = self._try()
            if not wait:
                return
            sleep(wait)
        raise LegatoError(f"{self.path}: there is no place in a minute, however long one waits")

    def spent(self) -> int:
        """Requests of the last day."""
        with closing(self._open()) as db:
            return int(db.execute("select count(*) from requests where at > ?", (self.clock() - DAY_S,)).fetchone()[0])

    def _try(self) -> float:
        """Spend one and return 0, or the seconds to wait."""
        now = self.clock()
        with closing(self._open()) as db:
            db.execute("begin immediate")
            db.execute("delete from requests where at <= ?", (now - DAY_S,))
            db.execute("update requests set at = ? where at > ?", (now, now))  # of a clock that was set back
            times = [row[0] for row in db.execute("select at from requests order by at")]
            if len(times) >= self.per_day:
                db.execute("commit")
                hours = (times[-self.per_day] + DAY_S - now) / 3600
                raise LegatoError(
                    f"{self.path}: {self.per_day} requests in a day are spent; the next in {hours:.1f} hours: "
                    "the same command goes on then"
                )
            recent = [at for at in times if at > now - MINUTE_S]
            if len(recent) >= self.per_minute:
                db.execute("commit")
                return max(recent[-self.per_minute] + MINUTE_S - now, 0.01)
            db.execute("insert into requests values (?)", (now,))
            db.execute("commit")
        return 0.0

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            db.execute("create table if not exists requests (at real not null)")
        except sqlite3.Error as error:
            raise LegatoError(f"{self.path}: cannot be used: {error}; delete it a day after the last request") from None
        return db
