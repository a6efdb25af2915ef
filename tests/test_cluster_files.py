"""The files of docs/cluster are what SLURM's shell and Kubernetes can read, and the cluster they start is one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.checkout import ROOT

FOLDER = ROOT / "docs/cluster"
BIN = Path(sys.executable).parent
STUBS = {  # programs of a cluster, and DVC, which here sees whether two workers come
    "srun": '#!/bin/bash\n"$@" & "$@" & wait\n',
    "dvc": f"""#!{sys.executable}
import os, sys
from distributed import Client
with Client(os.environ["LEGATO_SCHEDULER"], timeout=600) as client:
    client.wait_for_workers(2, timeout=600)
    print(*sys.argv[1:], len(client.scheduler_info()["workers"]), client.gather(client.map(int, "12")))
""",
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sbatch")), ids=lambda path: path.name)
def test_a_batch_file_is_bash_with_directives_first(path: Path) -> None:
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    lines = path.read_text().splitlines()
    directives = [at for at, line in enumerate(lines) if line.startswith("#SBATCH ")]
    assert directives
    assert all(line.startswith("#") for line in lines[: directives[-1]]), "SLURM reads none after the first command"


@pytest.mark.parametrize(("words", "said"), [((), "repro collect"), (("encode@a", "-f"), "repro encode@a -f")])
def test_the_batch_file_starts_a_cluster_and_leaves_nothing(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    for name, content in STUBS.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)
    workspace = tmp_path / "workspace"
    (workspace / ".venv/bin").mkdir(parents=True)
    (workspace / ".venv/bin/activate").touch()
    environment = os.environ | {"PATH": f"{tmp_path}/bin:{BIN}:{os.environ['PATH']}", "WORKSPACE": str(workspace)}
    done = subprocess.run(
        ["bash", FOLDER / "dask.sbatch", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{said} 2 [1, 2]" in done.stdout
    assert [path.name for path in workspace.iterdir()] == [".venv"]


def documents() -> Iterator[dict[str, Any]]:
    for path in sorted(FOLDER.glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def test_what_kubernetes_is_told_names_what_is_there() -> None:
    found = list(documents())
    assert {one["kind"] for one in found} == {"Service", "Deployment", "NetworkPolicy", "Job"}
    deployments = {one["metadata"]["name"]: one["spec"] for one in found if one["kind"] == "Deployment"}
    for spec in deployments.values():
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    (service,) = (one for one in found if one["kind"] == "Service")
    assert service["spec"]["selector"] == deployments["legato-scheduler"]["selector"]["matchLabels"]
    (worker,) = deployments["legato-worker"]["template"]["spec"]["containers"]
    assert f"tcp://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}" in worker["command"]
    pods = [one["spec"]["template"]["spec"] for one in found if "template" in one["spec"]]
    for pod in pods:
        named = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for one in pod["containers"] for mount in one["volumeMounts"]} == named
