"""``pombo serve``, to which a snapshot that fails is overdue after a second instead of a minute. For tests alone."""

from datetime import timedelta

from application.workers import snapshots
from entrypoints.cli.program import main

if __name__ == "__main__":
    snapshots._OVERDUE = timedelta(seconds=1)
    main()
