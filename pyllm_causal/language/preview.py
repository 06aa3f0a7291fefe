"""Everything that can be known of what would be sent, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import challenge, draft, read
from .client import Request

if TYPE_CHECKING:
    from ..profile import Profile
    from ..settings import Share


def would_send(
    question: str,
    profile: Profile,
    given: Mapping[str, Any],
    registry: Mapping[str, str],
    *,
    share: Share = "profile",
) -> tuple[list[Request], str]:
    """The requests that are known before the first reply, and a sentence about the others.

    The reading always is. Drafting and challenging follow from the reading: they are known where the person has named
    treatment and outcome. `registry` are the checks with their descriptions. The phrasing needs the answer. Raises `CausalError` for unusable fields.
    """
    requests = read.would_send(question, profile, share=share)
    if not (given.get("treatment") and given.get("outcome")):
        return requests, (
            "The later steps depend on the first reply: they send the same columns again, the challenge step the checks'"
            " descriptions and the last one the sentences of the answer. No step sends a row."
            " With --treatment and --outcome they are shown too."
        )
    reading = read.read_question(question, profile, None, overrides=given)
    if reading.query is None:
        return requests, "The later steps depend on the first reply. No step sends a row."
    query = reading.query
    if query.graph is None:
        graph, _ = draft.by_rule(query, profile)
        requests.append(draft.request_for(query, profile, draft.asked_about(query, profile, graph), share))
        query = query.model_copy(update={"graph": graph})
    requests.append(challenge.request_for(query, profile, registry, share))
    return requests, (
        "The later steps are shown for the fields that you gave; the model's reading may still change them."
        " A repair sends the faulty reply back. The last step sends the sentences of the answer. No step sends a row."
    )
