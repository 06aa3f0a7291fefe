"""A study: one table, its picture of causes, a history of answers and a ledger of looks. Python's front end; no terminal."""

from __future__ import annotations

from .asking import ask, connect, read
from .session import last_session
from .study import Study

__all__ = ["Study", "ask", "connect", "last_session", "read"]
