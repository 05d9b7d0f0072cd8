import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from app.build import BUILT
from app.building import ENDPOINT, POLICY, OwnScripts, SameOrigin, SessionPage, inline_hashes, rewrite
from app.scripts import LOADED

NAMED = """const env={PING:`http://localhost:8000/ping`,EVENT:"ws://localhost:8000/_event",other:1};"""
FOREIGN = """fetch("http://localhost:9000/x");fetch("https://example.org/_event");"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built page, in small."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "env.js").write_text(NAMED)
    (tmp_path / "assets" / "else.js").write_text(FOREIGN)
    (tmp_path / "index.html").write_text("<script>one()</script><script src='x.js'></script>")
    (tmp_path / "404.html").write_text('<script type="module" async>two()\n</script><script>one()</script>')
    return tmp_path


def built(folder: Path) -> None:
    SameOrigin().post_build(static_dir=folder)  # pyright: ignore[reportCallIssue]


def test_the_endpoints_are_taken_from_the_pages_own_origin(folder: Path) -> None:
    built(folder)
    script = (folder / "assets" / "env.js").read_text()
    assert not ENDPOINT.search(script)
    assert "globalThis.location?.origin" in script
    assert "`/ping`" in script
    assert ".replace(/^http/,`ws`)+`/_event`" in script
    assert script.endswith("other:1};")
    assert (folder / "assets" / "else.js").read_text() == FOREIGN


def test_a_page_without_endpoints_is_told_loudly(folder: Path) -> None:
    (folder / "assets" / "env.js").write_text(FOREIGN)
    with pytest.raises(RuntimeError, match="names no endpoints"):
        built(folder)


def test_a_script_says_whether_it_named_an_endpoint(folder: Path) -> None:
    assert rewrite(folder / "assets" / "env.js")
    assert not rewrite(folder / "assets" / "env.js")
    assert not rewrite(folder / "assets" / "else.js")


def test_the_hashes_of_all_inline_scripts_are_noted_once(folder: Path) -> None:
    built(folder)
    hashed = [base64.b64encode(hashlib.sha256(code).digest()).decode() for code in (b"one()", b"two()\n")]
    assert json.loads((folder / POLICY).read_text()) == sorted(f"sha256-{one}" for one in hashed)
    assert inline_hashes(folder / "index.html") == [f"sha256-{hashed[0]}"]


def test_the_page_that_was_really_built_names_no_fixed_address() -> None:
    scripts = list((BUILT / "assets").glob("*.js"))
    assert scripts
    for script in scripts:
        assert not ENDPOINT.search(script.read_text("utf-8")), script.name
    noted = set(json.loads((BUILT / POLICY).read_text("utf-8")))
    for page in BUILT.glob("*.html"):
        assert set(inline_hashes(page)) <= noted
        assert not re.search(
            r"https?://(?!localhost|www\.w3\.org)[\w.-]+/\S+\.(?:js|css|woff2?)", page.read_text()
        )


def test_the_pages_own_scripts_are_put_beside_it(folder: Path) -> None:
    OwnScripts().post_build(static_dir=folder)  # pyright: ignore[reportCallIssue]
    assert {file.name for file in folder.glob("*.js")} == set(LOADED)


def test_a_built_page_holds_its_scripts_before_react_comes() -> None:
    """What React puts in comes when somebody may long have pressed a key."""
    for page in ("index.html", "settings.html", "sessions.html", "s/any.html"):
        text = (BUILT / page).read_text()
        found = re.findall(r"""<script[^>]* ?src="(/\w+\.js)\?v=\w+">""", text)
        assert found == [f"/{file}" for file in LOADED]


def test_the_page_of_a_session_is_drawn_when_it_is_built() -> None:
    page = BUILT / "s" / "any.html"
    assert 'id="composer"' in page.read_text("utf-8")


def test_a_page_of_a_session_that_is_not_drawn_is_told_loudly(folder: Path) -> None:
    with pytest.raises(RuntimeError, match=r"app/building\.py"):
        SessionPage().post_build(static_dir=folder)  # pyright: ignore[reportCallIssue]
