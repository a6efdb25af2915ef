"""Whether a record is admitted, refused, or waits for a person; each refusal with its one reason.

The order: what speaks against a record first, then the licence of each layer by `policy`, then doubts. A person can
resolve doubts and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from legato.archives.records import Layer, Reason, Record, evidence_of
from legato.archives.review import Decision
from legato.licenses.policy import Input, PolicyParams, refusal

Outcome = Literal["admitted", "refused", "waiting"]
ADMITTED: Outcome = "admitted"
REFUSED: Outcome = "refused"
WAITING: Outcome = "waiting"
LICENSE = "license"  # the code of a refusal by policy


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a record."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()  # one of a refusal; all doubts of what waits
    review: Mapping[str, str] | None = None  # who resolved the doubts, and when


def judge(record: Record, policy: PolicyParams, reviews: Mapping[str, Decision]) -> Judgement:
    """What becomes of a record.

    Args:
        reviews: the signed decisions, by a record's id.
    """
    if record.refusals:
        return Judgement(outcome=REFUSED, reasons=record.refusals[:1])
    for name, layer in record.layers.items():
        if why := layer_refusal(record.source, layer, policy):
            return Judgement(outcome=REFUSED, reasons=(Reason(f"{name} {LICENSE}", why),))
    if not record.doubts:
        return Judgement(outcome=ADMITTED)
    return _by_review(record, reviews.get(record.id))


def _by_review(record: Record, decision: Decision | None) -> Judgement:
    """A decision holds for the very record that was seen, and for the doubts that it names."""
    doubts = {doubt.code for doubt in record.doubts}
    if decision is None or decision.record != evidence_of(record.raw) or not doubts <= set(decision.doubts):
        return Judgement(outcome=WAITING, reasons=record.doubts)
    signed = {"who": decision.who, "when": decision.when, "reason": decision.reason}
    if decision.verdict == "refuse":
        return Judgement(outcome=REFUSED, reasons=(Reason("refused by review", decision.reason),), review=signed)
    return Judgement(outcome=ADMITTED, review=signed)


def layer_refusal(source: str, layer: Layer, policy: PolicyParams) -> str | None:
    """Why a layer's licence is not allowed, or None where it is."""
    if layer.license is None:
        return f"{layer.field}: {layer.stated[:200]!a}: no licence by the rule: {layer.rule}"
    why = refusal(Input(kind="music", name=source, license=layer.license), policy)
    return why and f"{layer.license}: {why}"


def layer_facts(layer: Layer, evidence: str, retrieved: str) -> dict[str, Any]:
    """A layer as the facts of a track have it, with what it is known by."""
    return {
        "license": layer.license,
        "rule": layer.rule,
        "field": layer.field,
        "stated": layer.stated[:200],
        "evidence": evidence,
        "retrieved": retrieved,
    }
