"""A command line as a shell would run it: the simple commands in it, and how sure we are of each."""

from agent.core.messages import Value


class Redirection(Value):
    """Where a command reads from or writes to."""

    operator: str
    """With the descriptor in front of it: `2>`."""
    target: str
    is_certain: bool = True
    """Whether the target is what the shell makes of it; else it is as it was written."""


class Command(Value):
    """A simple command, wherever in the line it stands."""

    words: tuple[str, ...] = ()
    """As the shell passes them; those that are not certain as they were written."""
    unknown: tuple[int, ...] = ()
    """Places of the words that may become something else, or several: a variable, a glob."""
    assignments: tuple[str, ...] = ()
    """Names of the variables set in front of it, or instead of it."""
    redirections: tuple[Redirection, ...] = ()
    text: str = ""
    """As it was written, without its redirections."""
    is_wrapper: bool = False
    """Whether all it does is to run commands that are in the line too."""
    is_within: bool = False
    """Whether a wrapper runs it."""

    @property
    def certain(self) -> int:
        """How many of the words, from the first, are certain.

        >>> Command(words=("cp", "$from", "to"), unknown=(1,)).certain
        1
        """
        return min(self.unknown, default=len(self.words))

    @property
    def name(self) -> str:
        """The program without its folder; empty when there is none, or nobody knows it.

        >>> Command(words=("/bin/ls", "-l")).name
        'ls'
        """
        return self.words[0].rpartition("/")[2] if self.certain else ""


NOBODY_KNOWS = Command(words=("…",), unknown=(0,), is_within=True)
"""Some command or other, run by one we see."""


class Line(Value):
    """Everything that a command line may run."""

    commands: tuple[Command, ...] = ()
    is_understood: bool = True
    """Whether these are all that it runs; where it is False there are none."""
    why: str = ""
    """A code: why it was not understood."""
