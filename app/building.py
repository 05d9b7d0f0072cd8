"""What our build adds to Reflex's: an origin that is not fixed, hashes of scripts, and our own scripts."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Unpack

from reflex.plugins import Plugin
from reflex_base.plugins.base import PostBuildContext, PreCompileContext

from app import scripts

ENDPOINT = re.compile(r"(?P<quote>[`\"'])(?P<scheme>ws|http)s?://localhost:8000(?P<path>/[\w-]+)(?P=quote)")
INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
POLICY = "inline-scripts.json"
ANY_SESSION = "/s/any"
"""The address that stands for that of each session when the page is built."""


class SameOrigin(Plugin):
    """Lets the built page speak to wherever it came from: Reflex writes one address into it."""

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """Rewrite the endpoints and note the hashes of the inline scripts.

        Raises:
            RuntimeError: Reflex lays out its page in another way than this code knows.
        """
        folder = Path(context["static_dir"])
        changed = [file for file in folder.rglob("assets/*.js") if rewrite(file)]
        if not changed:
            raise RuntimeError(
                "The built page names no endpoints: Reflex has changed, look at app/building.py."
            )
        hashes = sorted({hashed for page in folder.rglob("*.html") for hashed in inline_hashes(page)})
        (folder / POLICY).write_text(json.dumps(hashes), "utf-8")


class SessionPage(Plugin):
    """Lets the page of a session be drawn when it is built, as all others are: one for all sessions.

    Without it a browser is sent an empty page, and draws nothing before the last script has run.
    """

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Have React Router draw it beside those without a variable part."""
        context["add_modify_task"]("react-router.config.js", with_session_page)

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """See that it was.

        Raises:
            RuntimeError: Reflex sets React Router in another way than this code knows.
        """
        if not Path(context["static_dir"], f".{ANY_SESSION}.html").exists():
            raise RuntimeError(
                "The page of a session is not drawn: Reflex has changed, look at app/building.py."
            )


class OwnScripts(Plugin):
    """Lets the built page hold its own scripts as the two files it loads."""

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """Write them."""
        scripts.write(Path(context["static_dir"]))


def with_session_page(config: str) -> str:
    """React Router's settings with the page of a session among those that are drawn.

    >>> with_session_page('{"prerender": true}')
    '{"prerender": ({ getStaticPaths }) => [...getStaticPaths(), "/s/any"]}'
    """
    drawn = f'({{ getStaticPaths }}) => [...getStaticPaths(), "{ANY_SESSION}"]'
    return config.replace('"prerender": true', f'"prerender": {drawn}')


def rewrite(file: Path) -> bool:
    """Let a script take its endpoints from the page's origin; says whether it named any."""
    before = file.read_text("utf-8")
    after = ENDPOINT.sub(_from_origin, before)
    if after != before:
        file.write_text(after, "utf-8")
    return after != before


def _from_origin(found: re.Match[str]) -> str:
    origin = "(globalThis.location?.origin??`http://localhost:8000`)"
    socket = ".replace(/^http/,`ws`)" if found["scheme"] == "ws" else ""
    return f"({origin}{socket}+`{found['path']}`)"


def inline_hashes(page: Path) -> list[str]:
    """The hashes a Content-Security-Policy needs to let a page's inline scripts run."""
    return [
        "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in INLINE.findall(page.read_text("utf-8"))
    ]
