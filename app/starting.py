"""What an empty page offers: prompts to begin with, drawn from what lies in the workspace."""

from collections.abc import Iterable

from app.words.composing import OF_CODE, OF_DEMO, OF_GIT, OF_NOTHING, OF_README, OF_TESTS, OF_WORDS

MOST = 4
CODE = (".py", ".js", ".ts", ".go", ".rs", ".java", ".c", ".cpp", ".rb", ".php", ".cs", ".swift", ".kt")


def starters(names: Iterable[str], *, is_demo: bool = False) -> list[str]:
    """Up to four prompts; what a demo understands, where no model answers.

    >>> starters(["README.md", "tests/", ".git/"])[:2]
    ['Read README.md and say what this project is, in five sentences.', 'Run the tests, and mend what fails.']
    """
    if is_demo:
        return list(OF_DEMO)
    known = sorted(names)
    if not known:
        return list(OF_NOTHING)
    readme = next((name for name in known if name.upper().startswith("README")), "")
    has_tests = any(name in ("tests/", "test/", "spec/") or "test_" in name for name in known)
    offered = {
        OF_README.format(name=readme): bool(readme),
        OF_TESTS: has_tests,
        OF_GIT: ".git/" in known,
        OF_CODE: any(name.endswith(CODE) or name == "src/" for name in known),
        OF_WORDS: True,
    }
    return [prompt for prompt, fits in offered.items() if fits][:MOST]
