"""Each source from a pack in its real form, through every stage to the audit, beside a category that is composed."""

import pytest

from helpers.archive_sources import SOURCES, ArchiveWorkspace
from legato.contract.tags import split_tags
from legato.files import read_json, read_jsonl, write_json
from legato.prompts.claims import read_tag
from legato.workspace.layout import CHAIN_STAGES, CODE

STAGES = ("compose", "render", "prompt", "normalize", "validate", "encode")


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_becomes_tracks_with_the_rights_of_both_layers(source: str, taken: ArchiveWorkspace) -> None:
    expected = SOURCES[source]
    taken.ask(expected.asked, expected.build(taken.folder / "packs"))
    head, rows = taken.fetch()
    assert head["refused"] == expected.refused
    assert [row["id"] for row in taken.lines("waiting.jsonl")] == expected.waiting
    assert len(taken.lines("refused.jsonl")) == sum(expected.refused.values())
    taken.run_stage("check")
    for category in ("pads", "taken"):
        for stage in STAGES:
            taken.run_stage(stage, category)
    write_json(taken.folder / CODE.path, dict.fromkeys(CHAIN_STAGES, "hash"))
    for stage in ("collect", "audit"):
        taken.run_stage(stage)
    audit = read_json(taken.folder / "reports/audit.json")
    assert audit["passed"]
    assert audit["tracks"] == 3 + expected.n_tracks
    assert set(audit["sources"]) == {"composed", source}
    found = [
        row
        for side in ("encoded", "heldout")
        for row in read_jsonl(taken.folder / f"dataset/{side}_dataset/tracks.jsonl")
        if row["category"] == "taken"
    ]
    assert len(found) == expected.n_tracks
    evidence = {row["record"] for row in rows}
    for track in found:
        phrase, *tags = split_tags(track["prompt"])
        assert phrase == "taken"
        assert all(map(read_tag, tags)), tags  # words of ours, and none of theirs
        assert {track["rights"][layer]["evidence"] for layer in ("recording", "composition")} <= evidence
        assert all(is_true for _, _, is_true, _ in track["verdicts"]), track["verdicts"]
