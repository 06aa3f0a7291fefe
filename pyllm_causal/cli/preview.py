"""`--dry-run`: what would be sent to a language model, and nothing sent."""

from __future__ import annotations

from typing import Any

from . import console, inputs


def would_send(question: str, data: str, describe: str | None, share: str | None, given: dict[str, Any]) -> None:
    """Print the requests that `question` would make, step by step."""
    from ..causal.refuters import menu
    from ..data import Table
    from ..language import preview

    checks = menu()
    how, table = inputs.share(share), Table.read(data, describe=inputs.describe(describe))
    requests, left = preview.would_send(inputs.without_keys(question), table.profile, given, checks, share=how)  # type: ignore[arg-type]
    console.tell(f"Nothing was sent. This is what would be sent, step by step: {', '.join(r.step for r in requests)}.")
    console.tell(left)
    for request in requests:
        console.document(request.model_dump(mode="json"))
