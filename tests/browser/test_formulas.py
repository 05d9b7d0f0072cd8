"""Formulas in an answer are drawn as MathML; what is none stays text."""

import pytest
from playwright.async_api import expect

from tests.app.serving import Server
from tests.browser.axe import findings
from tests.browser.chromium import marks
from tests.browser.conftest import Opening
from tests.browser.telling import said, told

pytestmark = marks("hostile")

FORMULAS = r"""
Euler: $e^{i\pi} + 1 = 0$, and \(a_1 * b_2 * c\) in a line.

$$
\int_0^1 x^2 \, dx = \frac{1}{3}
$$

\[ \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix} \]

- in a list: $\sqrt{2}$

| in a table |
|---|
| $\alpha$ |

> in a quote: $\beta$
"""
TEXTS = {
    "prices": "It costs $5 and $10, or $5-$10 a month; US$5 to US$7.",
    "names": "Set $HOME and $PATH, or ${HOME}/$USER.",
    "left open": "It begins $x + 1 and never ends, nor does $$ this.",
    "wrong": r"$\frac{1$ and $\nosuchcommand{x}$",
    "code": "`$x$` and `\\(y\\)`",
    "escaped": r"\$x\$",
    "an address": "https://example.org/?a=$b$",
}
HOSTILE = {
    "a link that runs": r"$\href{javascript:window.harmed=true}{x}$",
    "a picture": r"$\includegraphics[width=9em]{https://evil.example/x.png}$",
    "markup": r"$\text{<img src=x onerror='window.harmed=true'>}$ $<script>window.harmed=true</script>$",
    "an attribute": r"$\htmlData{onclick=harmed}{x} \class{page}{x} \id{composer}{x} \style{top:0}{x}$",
    "a growing one": r"$\def\a{xxxxx}\def\b{\a\a\a\a\a\a\a\a\a\a}\def\c{\b\b\b\b\b\b\b\b\b\b}\c\c\c\c\c\c$",
    "one in itself": r"$\def\a{\a\a}\a$",
    "a deep one": "$$" + "{" * 900 + "x" + "}" * 900 + "$$",
    "a large one": r"$\rule{99999em}{99999em} \kern 99999em x$",
}


async def test_formulas_are_drawn(tab: Opening, server: Server) -> None:
    chat = await tab(server, told(server, said("t", FORMULAS)))
    await expect(chat.answers.first.locator("math")).to_have_count(7)
    await expect(chat.answers.first.locator("math[display=block]")).to_have_count(2)
    await expect(chat.answers.first.locator("li math msqrt")).to_have_count(1)
    await expect(chat.answers.first.locator("td math, blockquote math")).to_have_count(2)
    await expect(chat.answers.first.locator("em")).to_have_count(0)
    assert await findings(chat.page) == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_what_is_no_formula_stays_text(tab: Opening, server: Server, text: str) -> None:
    chat = await tab(server, told(server, said("t", f"{text}\n\n$seen$")))
    await expect(chat.answers.first.locator("math")).to_have_count(1)
    words = text.replace("`", "") if "`" in text else text.replace(r"\$", "$")
    await expect(chat.answers.first).to_contain_text(words)


async def test_a_formula_in_a_block_of_code_is_code(tab: Opening, server: Server) -> None:
    text = "```latex\n$x$\n```\n\n    $indented$\n\n$seen$"
    chat = await tab(server, told(server, said("t", text)))
    await expect(chat.answers.first.locator("math")).to_have_count(1)
    await expect(chat.answers.first.locator("pre")).to_have_text(["$x$\n", "$indented$\n"])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_formula_harms_nothing(tab: Opening, server: Server, text: str) -> None:
    chat = await tab(server, told(server, said("t", f"{text} $seen$")))
    await expect(chat.answers.first.locator("math").last).to_contain_text("s")
    assert await chat.page.evaluate("window.harmed") is None
    assert await chat.answers.locator("a, img, script, [onclick], [style], .page, #composer").count() == 0
    await chat.composer.press("a")
    await expect(chat.composer).to_have_value("a")
    await chat.composer.fill("")
    wide = "answer => answer.scrollWidth <= answer.closest('.column').clientWidth + 1"
    assert await chat.answers.first.evaluate(wide)
