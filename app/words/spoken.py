"""What screen readers say that nobody sees, and where one may skip to."""

DONE, UNDONE = "Done", "Not done"
FINISHED = "Answer finished"
FILES_CHANGED = {1: "1 file changed", 0: "{count} files changed"}
"""By the count; 0 stands for all others."""
NEEDS = "Needs you: {what}"
SKIP_LINKS = "Skip"
TO_COMPOSER = "To the composer"
TO_ANSWER = "To the last answer"
TO_APPROVAL = "To the question that waits"
TO_MAIN = "To the page"
