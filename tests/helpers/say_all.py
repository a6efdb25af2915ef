"""Run commands of `legato` one after another, all in this process, and print what each of them says."""

import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

from legato import cli

here = Path.cwd()
for command in sys.argv[1:]:
    os.chdir(here)
    with redirect_stdout(io.StringIO()) as said:
        cli.main(*command.split()[1:])
    print("$", command, said.getvalue() or "nothing", sep="\n")
