"""What a stage loads before its first track: libraries that take long are imported where they are used, if at all."""

import json
import subprocess
import sys

import pytest

from helpers.checkout import ROOT

# Each takes from 0.03 s to 1.5 s of every start.
SLOW = {"asyncio", "dac", "dvc", "joblib", "librosa", "matplotlib", "numba", "scipy", "torch", "transformers"}
NEEDED = {  # by what every track is for
    "check": {"scipy"},
    "normalize": {"scipy"},
    "validate": {"scipy"},
}
STAGES = (
    "check",
    "code_versions",
    "compose",
    "render",
    "prompt",
    "normalize",
    "validate",
    "encode",
    "contents",
    "collect",
)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_starts_without_what_it_may_not_need(stage: str) -> None:
    code = f"import json, runpy, sys; runpy.run_path('stages/{stage}.py'); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "legato" in loaded
    assert loaded & SLOW <= NEEDED.get(stage, set())
