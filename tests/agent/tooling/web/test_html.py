import asyncio
import re
import time
from contextlib import suppress

import pytest

from agent.core.errors import ToolFailed
from agent.tooling.web import _converting, html
from agent.tooling.web.html import markdown, title

HERE = "https://example.org/docs/page.html"
PAGE = """<!DOCTYPE html><html><head><title>Tea</title><style>p{}</style><script>track()</script></head><body>
<nav><a href="/menu">Menu</a></nav>
<main><h1>Tea &amp; time</h1>
<p>Boil <a href="water.html#hot">water</a> and <b>wait</b>. See <a href="//other.example.org/x">more</a>.</p>
<ul><li>green<li>black<ol><li>strong</ol></ul>
<pre><code class="language-py">def boil():
    return 100</code></pre>
<table><tr><th>Tea<th>Minutes<tr><td>green<td>2</table>
<img src="cup.png" alt="A cup"><img src="data:image/png;base64,AAAA" alt="Inside">
<p hidden>Unseen order</p><p style="display: none">Unseen order</p><template>Unseen order</template>
<noscript>Unseen order</noscript><!-- Unseen order --><svg><text>Drawn</text></svg>
</main></body></html>"""


async def test_a_page_is_read_with_its_form_and_its_links() -> None:
    text = await markdown(PAGE, HERE)
    for line in (
        "# Tea & time",
        "[water](https://example.org/docs/water.html#hot) and **wait**",
        "[more](https://other.example.org/x)",
        "- green",
        "```py\ndef boil():\n    return 100\n```",
        "| green | 2       |",
        "![A cup](https://example.org/docs/cup.png)",
    ):
        assert line in text


async def test_what_people_do_not_see_is_not_read() -> None:
    text = await markdown(PAGE, HERE)
    for unseen in ("Unseen", "track", "p{}", "Menu", "data:", "Drawn"):
        assert unseen not in text


async def test_unclosed_and_broken_markup_is_read() -> None:
    assert (await markdown("<p>One<p>Two<b>bold<i>both</b>end", HERE)).startswith("One\n\nTwo**bold")
    assert await markdown("", HERE) == ""
    assert (await markdown("a < b & c", HERE)).strip() == "a < b & c"
    assert (await markdown("half a \ud83d letter", HERE)).strip() == "half a ? letter"


def wide(rows: int) -> str:
    return "<table><tr>" + "<td>x" * 100_000 + "<tr><td>x" * rows


BOMBS = {
    "a wide row in a long table": wide(400_000),
    "columns that one cell spans": "<table>" + "<tr><td colspan=1000>x" * 150_000,
    "rows that one cell spans": "<table>" + "<tr><td rowspan=65000 colspan=1000>x" * 100_000,
}


@pytest.mark.parametrize("page", BOMBS.values(), ids=BOMBS)
async def test_a_page_that_is_vast_once_laid_out_is_stopped(page: str) -> None:
    with pytest.raises(ToolFailed, match=r"far too large|could not be read in"):
        await markdown(page, HERE)


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<font><p>", '<a href="x">'])
async def test_endless_nesting_is_read_or_refused_in_time(tag: str) -> None:
    begun = time.monotonic()
    with suppress(ToolFailed):
        await markdown(tag * (2_000_000 // len(tag)), HERE)
    assert time.monotonic() - begun < html.SECONDS + 3


async def test_a_page_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "SECONDS", 0.05)
    with pytest.raises(ToolFailed, match=r"could not be read in 0\.05 seconds"):
        await markdown("<p>x" * 500_000, HERE)


async def test_others_work_on_while_a_page_is_read() -> None:
    longest, last = 0.0, time.monotonic()
    reading = asyncio.create_task(markdown("<p>word <b>word</b></p>" * 100_000, HERE))
    while not reading.done():
        await asyncio.sleep(0.001)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert "**word**" in reading.result()
    assert longest < 0.5


def test_no_page_is_longer_than_the_longest() -> None:
    found = _converting.markdown("<br>x" * 2_000_000, HERE)
    assert len(found) == _converting.MOST_TEXT


@pytest.mark.parametrize(
    ("page", "named"),
    [
        ("<TITLE>Tea</TITLE>", "Tea"),
        ('<title lang="en">\n Tea\n time </title>', "Tea time"),
        ("<title></title>", ""),
        ("<titles>Tea</titles>", ""),
        ("<p>none", ""),
        ("<title>" + "x" * 600, "x" * 500),
    ],
)
def test_a_title_is_one_line(page: str, named: str) -> None:
    assert title(page) == named


def test_no_title_is_looked_for_forever() -> None:
    begun = time.monotonic()
    assert title("<title " * 10_000) == ""
    assert time.monotonic() - begun < 1
    assert re.match("x*", title("<title>" + "<" * 1_000_000))
