"""Turns HTML into Markdown; its own program, so that a page that takes too long or too much can be stopped.

It knows nothing of the rest: reads HTML from its standard input, and writes Markdown.
"""

import resource
import sys
from contextlib import suppress

from html_to_markdown import ConversionOptions, convert

MOST_MEMORY = 1 << 30
"""Bytes; a table can be made that is a thousand times larger as Markdown."""
MOST_SECONDS = 20
"""Of the processor; whoever started it has less patience, unless they are gone."""
MOST_TEXT = 5 << 20
"""Characters."""


def markdown(html: str, address: str) -> str:
    r"""HTML as Markdown: no scripts, menus and hidden text; links and images by their whole addresses.

    Args:
        html: the page.
        address: where it is, for links that are relative.

    >>> markdown('<nav>Menu</nav><h1>Hi</h1><p>See <a href="b">that</a>.', "https://example.org/a")
    '# Hi\n\nSee [that](https://example.org/b).\n'
    """
    options = ConversionOptions(extract_metadata=False, base_url=address, inline_data_media="drop_element")
    return (convert(html, options).content or "")[:MOST_TEXT]


def main(address: str) -> None:
    """Convert what comes in."""
    for limit, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_CPU, MOST_SECONDS)):
        with suppress(ValueError, OSError):  # macOS has no limit for memory
            resource.setrlimit(limit, (most, most))
    html = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(markdown(html, address).encode())


if __name__ == "__main__":
    main(sys.argv[1])
