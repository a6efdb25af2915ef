"""This checkout: its root, and what of it the tests use."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED_PARAMS = ROOT / "tests/data/params.yaml"  # as it is shipped: a user edits the one at the root
SMALL_CODEC = ROOT / "models/codec/small.pth"
DVC_CONFIG = """[core]
    analytics = false
    check_update = false
[cache]
    type = "reflink,copy"
"""  # as it is shipped: in a checkout it may name somebody's store
