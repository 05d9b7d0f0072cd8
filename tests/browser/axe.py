"""What axe-core finds wrong with a page."""

from functools import cache

from playwright.async_api import Page

from tests.app.serving import ROOT

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ("serious", "critical")
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that a theme can break."""
RUN = """async ([standards, colours]) => {
  const more = {"target-size": {enabled: true}, "label-content-name-mismatch": {enabled: true}};
  const all = {runOnly: standards, rules: more};
  const wanted = colours ? {runOnly: colours} : all;
  const {violations} = await axe.run(document, {...wanted, resultTypes: ["violations"]});
  return violations.map(({id, impact, nodes}) => [
    impact, id, nodes.map(({html, any}) => html.slice(0, 200) + " " + (any[0]?.message ?? "")),
  ]);
}"""


@cache
def _axe() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


async def findings(page: Page, *, colours: bool = False) -> list[str]:
    """The serious and the critical of what it finds; by all rules, or by those that see colours."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    found = await page.evaluate(RUN, [STANDARDS, OF_COLOURS if colours else None])
    return [f"{impact}: {name}: {nodes}" for impact, name, nodes in found if impact in GRAVE]
