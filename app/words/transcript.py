"""Sentences of the transcript: what calls came to, what changed, what a turn used."""

from agent.core.messages import Usage

COPY = "Copy"
FORK_HERE = "Fork"
FORK_MEANS = "Fork: go on from here in a copy of this session, with an empty workspace"
LINK = "Link"
LINK_MEANS = "Copy a link to this place"
OPEN_KEYS, PICK_MODEL, ASK_AGAIN, BEGIN_NEW = "Open keys", "Pick another model", "Try again", "New session"
AGAIN_MEANS = "Ask the same once more; what was done already stays, and the turn goes on from there"
GO_ON = "Go on."
COPY_ANSWER = "Copy this answer"
CALLED_WITH = "As it was called"
NEW_OUTPUT = "New output"
SPENT_BY_SESSION = "This session: {spent}"
PRICE_UNKNOWN = "price unknown"
LOOKED = "Looked at {what}"
LOOKS = {
    "file": ("{n} file", "{n} files"),
    "folder": ("{n} folder", "{n} folders"),
    "search": ("{n} search", "{n} searches"),
    "page": ("{n} page", "{n} pages"),
    "service": ("{n} answer of a service", "{n} answers of services"),
}
"""What a call that changes nothing looks at, one and many."""
OWN = {"shell": ("You ran", "You are running")}
"""What a person called themselves, done and being done."""
COUNTS = {
    "line": ("{n} line", "{n} lines"),
    "match": ("{n} match", "{n} matches"),
    "file": ("{n} file", "{n} files"),
    "entry": ("{n} entry", "{n} entries"),
    "change": ("{n} changed line", "{n} changed lines"),
}
EXIT = "Exit {code}"
LINES_OUT = "… {n} more {lines} …"
DIFF = {"added": "added", "removed": "removed", "same": "unchanged", "at": "from line"}
"""How the lines of a diff are read out."""


def counted(words: tuple[str, str], number: int) -> str:
    """A number of things in words.

    >>> counted(COUNTS["match"], 1), counted(COUNTS["match"], 2000)
    ('1 match', '2,000 matches')
    """
    return words[number != 1].format(n=f"{number:,}")


def duration(seconds: float) -> str:
    """How long something took, as people say it.

    >>> duration(0.4), duration(12.2), duration(75), duration(3720)
    ('0.4 s', '12 s', '1 min 15 s', '1 h 2 min')
    """
    if seconds < 10:  # noqa: PLR2004  below, tenths are worth saying
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def tokens(number: int) -> str:
    """A number of tokens, short.

    >>> tokens(950), tokens(4210), tokens(1_250_000)
    ('950', '4.2k', '1.2M')
    """
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}{letter}".replace(".0", "")
    return str(number)


def price(cost: float | None) -> str:
    """A price in US dollars; of small ones more digits.

    >>> price(1.5), price(0.0042), price(0.0), price(None)
    ('$1.50', '$0.0042', '$0.00', 'price unknown')
    """
    if cost is None:
        return PRICE_UNKNOWN
    return f"${cost:.2f}" if cost >= 0.1 or not cost else f"${cost:.4f}"  # noqa: PLR2004  ten cents


def spent_in_short(usage: Usage) -> str:
    """What a session has used, in a word: its price, else its tokens.

    >>> (
    ...     spent_in_short(Usage(input=4200, cost=0.5)),
    ...     spent_in_short(Usage(input=4200)),
    ...     spent_in_short(Usage()),
    ... )
    ('$0.50', '4.2k tokens', '')
    """
    if not usage.input + usage.output:
        return ""
    return f"{tokens(usage.input + usage.output)} tokens" if usage.cost is None else price(usage.cost)


def spent(usage: Usage, seconds: float | None = None) -> str:
    """What a turn or a session has used, in a line; empty when it used nothing.

    >>> spent(Usage(input=4200, cached=3000, output=350, cost=0.0123), 12)
    '12 s · 4.2k tokens read, 3k of them cached · 350 written · $0.0123'
    """
    said = [duration(seconds)] if seconds is not None else []
    if usage.input or usage.output:
        cached = f", {tokens(usage.cached)} of them cached" if usage.cached else ""
        read = "1 token" if usage.input == 1 else f"{tokens(usage.input)} tokens"
        said += [f"{read} read{cached}", f"{tokens(usage.output)} written"]
        said.append(price(usage.cost))
    return " · ".join(said)
