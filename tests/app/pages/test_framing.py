"""What stands around the pages that are no chat."""

import re

import pytest
import reflex as rx

from app.pages.framing import framed


@pytest.mark.parametrize("here", ["/sessions", "/settings"])
def test_a_page_says_where_one_is(here: str) -> None:
    drawn = str(framed("A title", here, rx.el.p("Content")))
    places = re.findall(r'\{[^{}]*to:"(/[a-z]+)"[^{}]*\}', drawn)
    current = re.findall(r'\{[^{}]*"aria-current":"page"[^{}]*\}', drawn)
    assert {"/sessions", "/settings"} <= {*places}
    assert [place for place in current if f'to:"{here}"' in place]
    assert len(current) == 1
