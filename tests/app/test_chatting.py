"""What a person does on the chat page, as the page sends it."""

from pathlib import Path

import httpx2
import pytest

from app.words.transcript import GO_ON
from tests.app.api.streams import turn
from tests.app.serving import Server
from tests.app.tabs import CHAT, HISTORY, LIST, QUEUE, RUN, Tab, opened


@pytest.fixture
def session(api: httpx2.Client) -> str:
    return api.post("sessions", json={"model": "demo:scripted"}).json()["id"]


async def arrive(tab: Tab) -> None:
    await tab.send(f"{CHAT}.arrive")
    await tab.until(lambda: tab.of(CHAT, "model") and tab.of(RUN, "label"))


async def test_the_first_prompt_makes_a_session_and_goes_there(server: Server, api: httpx2.Client) -> None:
    async with opened(server) as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.choose_mode", {"mode": "edit"})
        await tab.send(f"{CHAT}.send", {"form": {"prompt": " count to 2 "}})
        await tab.until(lambda: tab.events)
        path = tab.events[0]["payload"]["path"]
    made = api.get(path.replace("/s/", "sessions/")).json()
    assert (made["name"], made["mode"], made["model"]) == ("count to 2", "edit", "demo:scripted")


async def test_a_prompt_goes_to_the_session_of_the_address_even_while_another_is_still_shown(
    server: Server, api: httpx2.Client, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        tab.path = "/"
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 2"}})
        await tab.until(lambda: tab.events)
        assert tab.of(CHAT, "at") == ""
        path = tab.events[0]["payload"]["path"]
    assert api.get(path.replace("/s/", "sessions/")).json()["name"] == "count to 2"
    assert api.get(f"sessions/{session}").json()["rows"] == []


async def test_the_rows_of_the_session_before_are_gone_once_another_is_shown(
    server: Server, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "say one"}})
        await tab.idle_after(1)
        tab.path = "/"
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(CHAT, "session_id") == "")
        assert tab.rows == []


async def test_an_approval_is_shown_and_its_answer_lets_the_file_be_written(
    server: Server, api: httpx2.Client, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "write a.txt with Hello you"}})
        await tab.until(lambda: tab.of(RUN, "asking"))
        [asked] = tab.of(RUN, "asking")
        assert (asked["title"], asked["subject"], asked["detail"]) == ("Write a file", "a.txt", "Hello you\n")
        assert tab.of(RUN, "label") == "Needs you"
        answer = {"approval_id": asked["approval_id"], "answer": "allow_once"}
        await tab.send(f"{CHAT}.answer", answer)
        await tab.idle_after(1)
        assert tab.of(RUN, "asking") == []
        await tab.send(f"{CHAT}.answer", answer)
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "This question has been answered already."
    workspace = Path(api.get(f"sessions/{session}").json()["workspace"])
    assert (workspace / "a.txt").read_text() == "Hello you\n"


async def test_a_running_turn_is_stopped(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 5000 slowly"}})
        await tab.until(lambda: "w5 " in tab.answer)
        await tab.send(f"{CHAT}.stop", {"turn_id": tab.of(RUN, "turn_id")})
        await tab.idle_after(1)
        assert tab.rows[-1]["text"] == "Stopped."
        assert not tab.answer


async def test_a_late_press_on_stop_leaves_the_next_turn_alone(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 20 slowly"}})
        await tab.until(lambda: tab.of(RUN, "turn_id"))
        first = tab.of(RUN, "turn_id")
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 30 slowly"}})
        await tab.until(lambda: tab.of(RUN, "turn_id") not in {"", first})
        await tab.send(f"{CHAT}.stop", {"turn_id": first})
        await tab.idle_after(2)
        assert tab.answer.endswith("w30")


async def test_a_waiting_prompt_is_edited_steered_and_dropped(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "write a.txt with Hello"}})
        await tab.until(lambda: tab.of(RUN, "asking"))
        for words in ("count to 2", "count to 3"):
            await tab.send(f"{CHAT}.send", {"form": {"prompt": words}})
        await tab.until(lambda: len(waiting(tab)) == 2)
        one, other = (row["id"] for row in tab.of(QUEUE, "rows"))
        await tab.send(f"{CHAT}.edit", {"form": {"prompt": "count to 4", "prompt_id": one}})
        await tab.until(lambda: waiting(tab)[0] == ("count to 4", "queued"))
        await tab.send(f"{CHAT}.steer", {"prompt_id": one})
        await tab.until(lambda: waiting(tab)[0] == ("count to 4", "steering"))
        await tab.send(f"{CHAT}.drop", {"prompt_id": other})
        await tab.until(lambda: len(waiting(tab)) == 1)
        [asked] = tab.of(RUN, "asking")
        await tab.send(f"{CHAT}.answer", {"approval_id": asked["approval_id"], "answer": "allow_once"})
        await tab.idle_after(2)
        kinds = [row["kind"] for row in tab.rows]
        assert kinds[kinds.index("tool") + 1] == "user"
        assert waiting(tab) == []
        await tab.send(f"{CHAT}.steer", {"prompt_id": one})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "This prompt is no longer waiting."


async def test_a_prompt_steers_the_running_turn_when_it_says_so(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "write a.txt with Hello"}})
        await tab.until(lambda: tab.of(RUN, "asking"))
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 2", "steers": "on"}})
        await tab.until(lambda: waiting(tab) == [("count to 2", "steering")])


def waiting(tab: Tab) -> list[tuple[str, str]]:
    return [(row["text"], row["status"]) for row in tab.of(QUEUE, "rows") or []]


async def test_another_model_and_mode_hold_from_the_next_turn_on(
    server: Server, api: httpx2.Client, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.choose_mode", {"mode": "plan"})
        await tab.send(f"{CHAT}.choose_model", {"model": " openai:x "})
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 2"}})
        await tab.idle_after(1)
        assert "OpenAI has no key" in tab.rows[-1]["text"]
    changed = api.get(f"sessions/{session}").json()
    assert (changed["mode"], changed["model"]) == ("plan", "openai:x")


async def test_what_is_no_model_is_refused_and_the_old_one_stays(
    server: Server, api: httpx2.Client, session: str
) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.choose_model", {"model": "nobody:x"})
        await tab.until(lambda: tab.sentence)
        assert "nobody:x is no model id" in tab.sentence
    assert api.get(f"sessions/{session}").json()["model"] == "demo:scripted"


async def test_earlier_rows_are_shown_when_they_are_asked_for(
    server: Server, api: httpx2.Client, session: str
) -> None:
    for _ in range(16):
        turn(api, session, "count to 1")
    async with opened(server, f"/s/{session}") as tab:
        await tab.send(f"{CHAT}.arrive")
        await tab.until(lambda: tab.of(HISTORY, "has_earlier"))
        before = len(tab.rows)
        await tab.send(f"{CHAT}.show_earlier")
        await tab.until(
            lambda: (
                [event for event in tab.events if event["name"].endswith("arrive")] or len(tab.rows) > before
            )
        )
        for event in tab.events:
            await tab.send(event["name"], event["payload"])
        await tab.until(lambda: len(tab.rows) == 48)
        assert not tab.of(HISTORY, "has_earlier")


async def test_a_named_session_is_on_the_list_once_its_turn_has_begun(server: Server, session: str) -> None:
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 4\nand then stop"}})
        await tab.until(lambda: tab.of(CHAT, "name") == "count to 4")
        [entry] = [entry for entry in tab.of(LIST, "entries") if entry["id"] == session]
        assert (entry["name"], entry["href"]) == ("count to 4", f"/s/{session}")


async def test_a_prompt_is_said_anew_in_its_place(server: Server, api: httpx2.Client, session: str) -> None:
    turn(api, session, "count to 1")
    first = api.get(f"sessions/{session}").json()["rows"][0]["id"]
    turn(api, session, "count to 2")
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.until(lambda: tab.rows and tab.rows[0]["can_be_edited"])
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 3", "edits": first}})
        await tab.until(lambda: any("taken back" in row["text"] for row in tab.rows))
        await tab.idle_after(1)
        await tab.send(f"{CHAT}.send", {"form": {"prompt": "count to 4", "edits": first}})
        await tab.until(lambda: tab.sentence == "There is no such prompt here any more.")
    rows = api.get(f"sessions/{session}").json()["rows"]
    assert [row["text"] for row in rows if row["kind"] == "user"] == ["count to 3"]


async def test_a_turn_that_came_to_something_goes_on_when_it_is_tried_again(
    server: Server, api: httpx2.Client, session: str
) -> None:
    turn(api, session, "count to 1")
    first = api.get(f"sessions/{session}").json()["rows"][0]["id"]
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.again", {"form": {"turn_id": first}})
        await tab.until(lambda: any(row["text"] == GO_ON for row in tab.rows))
        await tab.idle_after(1)
    rows = api.get(f"sessions/{session}").json()["rows"]
    assert [row["text"] for row in rows if row["kind"] == "user"] == ["count to 1", GO_ON]


async def test_a_turn_that_came_to_nothing_is_asked_the_same_again(
    server: Server, api: httpx2.Client
) -> None:
    session = api.post("sessions", json={"model": "openai:none"}).json()["id"]
    turn(api, session, "Hello")
    first = api.get(f"sessions/{session}").json()["rows"][0]["id"]
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        await tab.send(f"{CHAT}.again", {"form": {"turn_id": first}})
        await tab.until(lambda: any("taken back" in row["text"] for row in tab.rows))
        await tab.idle_after(1)
    rows = api.get(f"sessions/{session}").json()["rows"]
    assert [row["text"] for row in rows if row["kind"] == "user"] == ["Hello"]
    assert [row["id"] for row in rows if row["kind"] == "user"] != [first]


async def test_a_session_is_renamed_and_an_empty_name_changes_nothing(
    server: Server, api: httpx2.Client, session: str
) -> None:
    turn(api, session, "count to 1")
    async with opened(server, f"/s/{session}") as tab:
        await arrive(tab)
        for name in ("Counting", " "):
            await tab.send(f"{CHAT}.rename", {"form": {"name": name}})
        await tab.until(lambda: tab.of(CHAT, "name") == "Counting")
        [entry] = [entry for entry in tab.of(LIST, "entries") if entry["id"] == session]
        assert entry["name"] == "Counting"
    assert api.get(f"sessions/{session}").json()["name"] == "Counting"
