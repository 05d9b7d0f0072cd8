"""People sign in at a certified issuer, in a real browser, and out again."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from tests.app.signing_in import Community, community
from tests.browser.axe import findings
from tests.browser.chat import Chat
from tests.browser.chromium import marks

pytestmark = marks("signing")

AT_ONCE = 2_000
"""Milliseconds within which a right that has ended is felt."""


@pytest.fixture(scope="module")
def here(
    built: None,  # noqa: ARG001  the page comes first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Community]:
    with community(tmp_path_factory.mktemp("community"), MAESTRO_LIMITS="off") as running:
        yield running


@asynccontextmanager
async def visitor(browser: Browser) -> AsyncIterator[Page]:
    """A tab of somebody with a browser of their own."""
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.set_default_timeout(20_000)
        # The issuer's page asks for a font of others.
        await context.route(re.compile(r"^https://"), lambda route: route.abort())
        yield await context.new_page()


async def sign_in(page: Page, here: Community, login: str, path: str = "/") -> Chat:
    """Open an address, and sign in as a person does; gives the page that was meant."""
    await page.goto(here.server.url + path)
    await expect(page).to_have_url(re.compile(r"/login"))
    await page.get_by_role("link", name="Sign in with").click()
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[name=password]").fill("anything")
    await page.locator("button[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()
    chat = Chat(page, here.server)
    await chat.alive()
    return chat


async def test_somebody_signs_in_and_works(here: Community, browser: Browser) -> None:
    async with visitor(browser) as page:
        chat = await sign_in(page, here, "ada")
        await expect(page).to_have_url(f"{here.server.url}/")
        await chat.work("count to 3")
        found = await page.context.cookies(here.server.url)
        [kept] = [cookie for cookie in found if cookie["name"].startswith("maestro") and cookie["httpOnly"]]
        assert (kept["name"], kept["httpOnly"], kept["sameSite"]) == (
            f"maestro-{here.server.port}",
            True,
            "Lax",
        )
        assert kept["value"] not in await page.evaluate("document.cookie + JSON.stringify(sessionStorage)")


async def test_a_deep_link_survives_the_way_there_and_back(here: Community, browser: Browser) -> None:
    with here.signed_in("deep") as api:
        session = api.post("/api/v1/sessions", json={"name": "Deep down"}).json()["id"]
    async with visitor(browser) as page:
        await sign_in(page, here, "deep", f"/s/{session}")
        await expect(page).to_have_url(f"{here.server.url}/s/{session}")
        await expect(page.locator("header h1")).to_have_text("Deep down")


async def test_who_signs_out_is_out_in_every_tab(here: Community, browser: Browser) -> None:
    async with visitor(browser) as page:
        await sign_in(page, here, "grace")
        other = Chat(await page.context.new_page(), here.server)
        await other.open()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page).to_have_url(re.compile(r"/login$"))
        await expect(other.page).to_have_url(re.compile(r"/login"), timeout=AT_ONCE)
        await page.goto(here.server.url + "/settings")
        await expect(page).to_have_url(re.compile(r"/login\?next=/settings$"))


async def test_a_second_person_sees_nothing_of_the_first(here: Community, browser: Browser) -> None:
    async with visitor(browser) as page, visitor(browser) as elsewhere:
        first = await sign_in(page, here, "first")
        await first.work("count to 5")
        second = await sign_in(elsewhere, here, "second")
        await expect(second.page.locator("#sidebar li")).to_have_count(0)
        await elsewhere.goto(f"{here.server.url}/s/{first.session_id}")
        await expect(second.flash).to_contain_text("There is no such session here.")
        await expect(second.answers).to_have_count(0)
        await expect(first.answers).to_have_count(1)


async def test_who_says_no_reads_why_and_may_try_again(here: Community, browser: Browser) -> None:
    async with visitor(browser) as page:
        await page.goto(here.server.url + "/settings")
        await page.get_by_role("link", name="Sign in with").click()
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.get_by_role("alert")).to_contain_text("You were not signed in")
        await page.get_by_role("link", name="Sign in with").click()
        await expect(page.locator("input[name=login]")).to_be_visible()


async def test_who_types_their_address_leaves_for_good(here: Community, browser: Browser) -> None:
    async with visitor(browser) as page:
        chat = await sign_in(page, here, "leaver")
        await chat.work("count to 3")
        await page.goto(f"{here.server.url}/settings#account")
        account, leaving = page.locator("#account"), page.get_by_role("button", name="Delete my account")
        await expect(account).to_contain_text("You are signed in as leaver@example.org.")
        await leaving.click()
        await account.get_by_label("Your e-mail address").fill("somebody@example.org")
        await leaving.last.press("Enter")
        await account.get_by_role("button", name="Yes").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was deleted.")
        await account.get_by_label("Your e-mail address").fill("leaver@example.org")
        await leaving.last.press("Enter")
        assert await findings(page) == []
        await page.emulate_media(color_scheme="dark")
        assert await findings(page, colours=True) == []
        await account.get_by_role("button", name="Yes").click()
        await expect(page).to_have_url(re.compile(r"/login"))
    with here.server.database() as database:
        found = database.execute("SELECT count(*) FROM users WHERE email = 'leaver@example.org'")
        assert found.fetchone() == (0,)


@pytest.mark.parametrize("path", ["/login", "/login?error=login_denied"])
async def test_the_page_to_sign_in_is_for_everybody(here: Community, browser: Browser, path: str) -> None:
    async with visitor(browser) as page:
        await page.goto(here.server.url + path)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await findings(page) == [], scheme
        await page.set_viewport_size({"width": 320, "height": 512})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        await expect(page.get_by_role("link", name="Sign in with")).to_be_in_viewport()
