import pytest

from agent.core.events import StepFinished
from agent.core.messages import Message, Text, Usage
from app.composing import Measured, attached
from tests.app.serving import Server
from tests.app.tabs import CHAT, STATE, opened

COMPOSING = f"{STATE}.app___composing____composing_state"


def step(usage: Usage) -> StepFinished:
    message = Message(role="assistant", parts=(Text(text="Hi"),))
    return StepFinished(turn_id="t", message=message, stop="end_turn", usage=usage)


def test_the_last_step_says_how_full_the_window_is() -> None:
    view = Measured()
    assert view.used == 0
    view.apply(step(Usage(input=900, cached=500, output=100)))
    assert view.used == 1000
    view.apply(step(Usage()))
    assert view.used == 1000, "a model that does not count says nothing"


@pytest.mark.parametrize(
    ("form", "ids"),
    [({}, ()), ({"attachments": "a,,b"}, ("a", "b")), ({"attachments": ["a"]}, ("['a']",))],
)
def test_the_ids_of_files_are_read_from_a_form(form: dict[str, object], ids: tuple[str, ...]) -> None:
    assert attached(form) == ids


async def test_a_new_page_says_who_answers_and_what_to_begin_with(server: Server) -> None:
    async with opened(server) as tab:
        await tab.send(f"{CHAT}.offer")
        await tab.until(lambda: tab.of(COMPOSING, "starters"))
        assert (tab.of(COMPOSING, "is_demo"), tab.of(COMPOSING, "can_add_key")) == (True, True)
        assert tab.of(COMPOSING, "without_images") == ["demo:scripted"]


async def test_a_prompt_goes_to_the_session_that_was_made_for_its_files(server: Server) -> None:
    with server.client() as api:
        session = api.post("sessions", json={"model": "demo:scripted"}).json()["id"]
        file = api.post(f"sessions/{session}/attachments?name=a.txt", content=b"milk").json()["id"]
        async with opened(server) as tab:
            form = {"prompt": "count to 1", "session_id": session, "attachments": file}
            await tab.send(f"{CHAT}.choose_mode", {"mode": "plan"})
            await tab.send(f"{CHAT}.choose_model", {"model": "demo:scripted"})
            await tab.send(f"{CHAT}.send", {"form": form})
            await tab.until(lambda: f"/s/{session}" in str(tab.events))
        found = api.get(f"sessions/{session}").json()
    assert (found["mode"], found["rows"][0]["text"]) == ("plan", "count to 1[a.txt]")


async def test_a_prompt_reaches_no_session_of_another(server: Server) -> None:
    _, theirs = server.neighbour()
    before = server.stored(theirs)
    async with opened(server) as tab:
        await tab.send(f"{CHAT}.choose_model", {"model": "demo:scripted"})
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "Hi", "session_id": theirs}})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "There is no such session here."
    assert server.stored(theirs) == before
