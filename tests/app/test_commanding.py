import httpx2
import pytest

from app.commanding import COMMANDS, is_command, unescaped
from app.words.commanding import TAKES, WHAT
from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.app.tabs import CHAT, RUN, STATE, Tab, opened

COMMANDING = f"{STATE}.app___commanding____commanding_state"


@pytest.fixture
def session(api: httpx2.Client) -> str:
    made = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
    turn(api, made, "count to 1")
    return made


async def arrive(tab: Tab) -> None:
    await tab.send(f"{CHAT}.arrive")
    await tab.until(lambda: tab.of(CHAT, "session_id") and tab.of(RUN, "label"))


async def send(tab: Tab, text: str) -> None:
    await tab.send(f"{CHAT}.send", {"form": {"prompt": text}})


def test_every_command_says_what_it_does_and_what_it_takes() -> None:
    assert COMMANDS.keys() == WHAT.keys()
    assert {name for name, one in COMMANDS.items() if one.needs_argument is not False} == TAKES.keys()


@pytest.mark.parametrize(
    ("text", "sent"), [("//usr/bin", "/usr/bin"), ("///", "//"), ("a // b", "a // b"), ("", "")]
)
def test_two_slashes_send_a_text_that_begins_with_one(text: str, sent: str) -> None:
    assert not is_command(text)
    assert unescaped(text) == sent


async def test_model_mode_and_name_are_changed_by_command(
    server: Server, api: httpx2.Client, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, "/model compatible:other")
        await tab.until(lambda: tab.of(CHAT, "model") == "compatible:other")
        await send(tab, "/MODE Plan")
        await tab.until(lambda: tab.of(CHAT, "mode") == "plan")
        await send(tab, "/rename  A new name ")
        await tab.until(lambda: tab.of(CHAT, "name") == "A new name")
    found = api.get(f"sessions/{session}").json()
    assert (found["model"], found["mode"], found["name"]) == ("compatible:other", "plan", "A new name")
    assert len([row for row in found["rows"] if row["kind"] == "user"]) == 1, "no model was told"


async def test_a_command_leads_on_and_takes_away(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, "/clear")
        await tab.until(lambda: tab.events)
        assert tab.events.pop()["payload"]["path"] == "/"
        await send(tab, "/export json")
        await tab.until(lambda: tab.events)
        address = tab.events.pop()["payload"]["url"]
        with server.client() as api:
            assert api.get(address.removeprefix("/api/v1/")).json()["session"]["id"] == session
        await send(tab, "/fork")
        await tab.until(lambda: tab.events)
        path = tab.events.pop()["payload"]["path"]
        assert path.startswith("/s/")
        assert not path.endswith(session)


async def test_a_running_turn_is_stopped_by_command(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, "count to 5000 slowly")
        await tab.until(lambda: "w5 " in tab.answer)
        await send(tab, "/stop")
        await tab.idle_after(2)
        await send(tab, "/stop")
        await tab.until(lambda: tab.sentence == "Nothing runs here.")


async def test_the_commands_are_listed_until_that_is_closed(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, "/help")
        await tab.until(lambda: tab.of(COMMANDING, "helps") is True)
        await tab.send(f"{COMMANDING}.close")
        await tab.until(lambda: tab.of(COMMANDING, "helps") is False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/compress now", "There is no command /compress."),
        ("/", "There is no command /."),
        ("/etc/hosts is broken\nmend it", "There is no command /etc/hosts."),
        ("/mode", "Say which: /mode MODE."),
        ("/mode root", "/mode takes one of plan, ask, edit, auto."),
        ("/model nonsense", "nonsense is no model id"),
        ("/export pdf", "/export takes one of markdown, json."),
        ("/clear the table", "/clear stands alone."),
    ],
)
async def test_what_is_no_command_is_said_and_handed_back_and_reaches_no_model(
    server: Server, session: str, text: str, says: str
) -> None:
    before = server.stored(session)
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, text)
        await tab.until(lambda: tab.of(COMMANDING, "handed"))
        assert tab.of(COMMANDING, "text") == text
        assert tab.sentence.startswith(says)
    assert server.stored(session) == before


@pytest.mark.parametrize("text", ["/export", "/rename x", "/fork", "/stop"])
async def test_a_page_without_a_session_says_that_it_is_too_early(server: Server, text: str) -> None:
    async with opened(server) as tab:
        await send(tab, text)
        await tab.until(lambda: tab.sentence)
        assert tab.sentence.startswith("Nothing was asked in this session yet")


async def test_a_prompt_that_is_refused_is_handed_back(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        form = {"prompt": "look at this", "attachments": "gone"}
        await tab.send(f"{CHAT}.send", {"form": form})
        await tab.until(lambda: tab.of(COMMANDING, "handed"))
        assert tab.of(COMMANDING, "text") == "look at this"


async def test_two_slashes_reach_the_model_as_one(server: Server, api: httpx2.Client, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, "//usr/bin holds programs")
        await tab.idle_after(2)
    told = [row["text"] for row in api.get(f"sessions/{session}").json()["rows"] if row["kind"] == "user"]
    assert told[-1] == "/usr/bin holds programs"


async def test_an_exclamation_mark_runs_a_line_and_asks_no_model(server: Server, api: httpx2.Client) -> None:
    async with opened(server) as tab:
        await send(tab, "! echo hello")
        await tab.until(lambda: tab.events)
        path = tab.events[0]["payload"]["path"]
    async with opened(server, path) as tab:
        await arrive(tab)
        await tab.until(lambda: any(row["kind"] == "tool" for row in tab.rows))
        await tab.send(f"{CHAT}.stop", {"turn_id": tab.of(RUN, "turn_id") or "none"})
        await tab.until(lambda: tab.of(RUN, "is_working") is False)
        await send(tab, "!!important")
        await tab.until(lambda: any(row["text"] == "!important" for row in tab.rows))
    found = api.get(path.replace("/s/", "sessions/")).json()
    assert (found["name"], found["rows"][0]["title"], found["rows"][0]["is_own"]) == (
        "echo hello",
        "shell",
        True,
    )
    assert found["rows"][0]["values"] == {"command": "echo hello"}


@pytest.mark.parametrize(
    ("text", "says"), [("!", "Type a command line after the !."), ("! " + "x" * 10_001, "A command line has")]
)
async def test_a_line_that_says_nothing_or_too_much_is_handed_back(
    server: Server, session: str, text: str, says: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await send(tab, text)
        await tab.until(lambda: tab.of(COMMANDING, "handed"))
        assert tab.sentence.startswith(says)
