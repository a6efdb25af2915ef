"""`python`, `legato` and `dvc` of the clones, forked from a process that has imported the packages that they use.

A stage of a tiny clone works for some hundred milliseconds, and imports for seconds. So a server of each test process
imports the packages once, and nothing of legato's own. Each of these programs asks it for a fork that has the files,
the folder and the variables of who asked, and runs the real script. What works in several processes is started from
nothing.
"""

import atexit
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NoReturn

BIN = Path(sys.executable).parent
PROGRAMS = ("python", "legato", "dvc")
PACKAGES = (
    "accelerate", "botocore.session", "dac", "dvclive", "fluidsynth", "joblib", "networkx", "pydantic.main",
    "pydantic.functional_validators", "pyloudnorm", "requests", "safetensors.torch", "scipy.fft", "scipy.ndimage",
    "scipy.optimize", "scipy.signal", "scipy.spatial", "scmrepo.git", "soundfile", "soxr", "symusic", "threadpoolctl",
    "torch", "torch._dynamo", "torch.utils.data", "tqdm", "transformers.models.dia.modeling_dia", "wasmtime", "yaml",
    "dvc.cli.parser", "dvc.commands.repro", "dvc.config", "dvc.dvcfile", "dvc.repo.reproduce", "dvc_data.index",
)  # fmt: skip
ASK = """#!{python} -IS
import json, os, socket, sys
real, words = "{bin}/{program}", sys.argv[1:]
if os.environ.get("LEGATO_WORKERS") != "1" or ("{program}" == "python" and not words[0].endswith(".py")):
    os.execv(real, [real, *words])
server = socket.socket(socket.AF_UNIX)
server.connect("{address}")
socket.send_fds(server, [b"."], [0, 1, 2])
script = words if "{program}" == "python" else [real, *words]
server.sendall(json.dumps([script, os.getcwd(), dict(os.environ)]).encode())
server.shutdown(socket.SHUT_WR)
status = b"".join(iter(lambda: server.recv(16), b""))  # to the end of the process
sys.exit(int(status or 1))
"""


@cache
def folder() -> Path:
    """The folder of these programs, whose server has been started and ends with this process."""
    made = Path(tempfile.mkdtemp(prefix="warm"))
    address = made / "socket"
    for program in PROGRAMS:
        path = made / program
        path.write_text(ASK.format(python=sys.executable, bin=BIN, program=program, address=address))
        path.chmod(0o755)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(address))
    listening.listen(64)  # who asks before it is ready waits
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, str(listening.fileno())],  # our helpers' names are none of its modules
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,  # which nobody reads: its forks' streams are to be those of a pipe
        stderr=subprocess.PIPE,
        env=environment,
        pass_fds=[listening.fileno()],
        cwd="/",
    )
    listening.close()
    atexit.register(shutil.rmtree, made)
    atexit.register(process.kill)
    return made


def serve(listening: socket.socket) -> None:
    """Fork for who asks, until the process that started this one ends."""
    for name in PACKAGES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that no child is left to be waited for
    with selectors.DefaultSelector() as ready:
        ready.register(listening, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        while all(key.fileobj is listening for key, _ in ready.select()):
            asked, _ = listening.accept()
            with asked:
                if os.fork() == 0:
                    ready.close()
                    listening.close()
                    run(asked)


def run(asked: socket.socket) -> NoReturn:
    """Be the program that is asked for, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, *_ = socket.recv_fds(asked, 1, 3)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    words, here, environment = json.loads(asked.makefile().read())
    os.chdir(here)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    places = [Path(words[0]).parent, *map(Path, filter(None, environment.get("PYTHONPATH", "").split(":")))]
    sys.path[:0] = [str(place.absolute()) for place in places]
    status = 0
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    asked.sendall(str(status).encode())  # and the end of the process tells that it has ended
    os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
