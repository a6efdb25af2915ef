"""What the check of all parameters asks of a list of fetched records, before anything is built of it."""

from legato.archives.config import Asked
from legato.archives.fetched import check_asked, layer_of, read_list
from legato.archives.judging import layer_refusal
from legato.archives.review import read_reviews, review_path
from legato.errors import LegatoError
from legato.files import sha256_of
from legato.licenses.policy import LAYERS, PolicyParams
from legato.workspace.layout import fetched_list


def check_fetched(category: str, asked: Asked, policy: PolicyParams) -> str:
    """Judge a category's list once more, by the policy and the reviews of now; return the list's SHA-256.

    Raises:
        LegatoError: it is of something else than what is asked; a record has one layer, no evidence, or a licence that
            is not allowed; or was admitted by a review that is not there any more.
    """
    path = fetched_list(category)
    head, rows = read_list(category)
    check_asked(category, asked, head)
    reviews = read_reviews(category)
    for row in rows:
        where = f"{path}: {row['id']}"
        for layer in LAYERS:
            facts = row["rights"].get(layer)
            if not facts or not facts.get("evidence"):
                raise LegatoError(f"{where}: {layer}: there is no evidence of its rights")
            if why := layer_refusal(row["source"], layer_of(facts), policy):
                raise LegatoError(f"{where}: {layer}: {why}; see docs/archives.md")
        if row.get("review"):
            decision = reviews.get(row["id"])
            if decision is None or decision.verdict != "admit" or decision.record != row["record"]:
                raise LegatoError(f"{where}: was admitted by a decision that {review_path(category)} has no more")
    return sha256_of(path)
