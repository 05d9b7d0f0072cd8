"""Command lines: what a shell would run, and what of it can do no harm."""

from agent.core.shell.grammar import parse
from agent.core.shell.harmless import is_harmless, is_plain, is_trusted
from agent.core.shell.line import NOBODY_KNOWS, Command, Line, Redirection

__all__ = ["NOBODY_KNOWS", "Command", "Line", "Redirection", "is_harmless", "is_plain", "is_trusted", "parse"]
