import pytest

from agent.core.errors import Invalid
from agent.core.messages import File, Message, Text, ToolCall, ToolResult, Unknown
from agent.core.provider import Abilities, Credential, ModelEntry, Request
from agent.core.tools import ToolDefinition
from agent.providers._checks import GO_ON, check_credential, check_request, without_files

IMAGE = File(media_type="image/png", data="aGk=", name="cat.png")
PDF = File(media_type="application/pdf", data="aGk=", name="paper.pdf")
TOOL = ToolDefinition(name="look", description="Look.", parameters={}, kind="read", effect="pure")


def credential(**fields: object) -> Credential:
    return Credential.model_validate(fields)


def model(**abilities: bool | None) -> ModelEntry:
    return ModelEntry(id="compatible:m", name="m", abilities=Abilities(**abilities))


def said(*parts: Text | File | ToolResult) -> Message:
    return Message(role="user", parts=parts)


def request(*messages: Message) -> Request:
    return Request(model="m", messages=messages, tools=(TOOL,))


@pytest.mark.parametrize(
    "given",
    [
        credential(secret="sk-1"),
        credential(secret="ya29.a", auth_type="oauth_token"),
        credential(secret='{"type": "service_account"}', auth_type="service_account"),
        credential(auth_type="none", base_url="http://127.0.0.1:11434/v1"),
        credential(secret="sk-1", base_url="https://models.example.org/v1"),
    ],
)
def test_what_can_be_sent_passes(given: Credential) -> None:
    check_credential("openai", "OPENAI_API_KEY", given)


@pytest.mark.parametrize("auth_type", ["api_key", "oauth_token"])
@pytest.mark.parametrize("secret", ["sk 1", "sk-1\n", "sk\x00", "sk–1"])
def test_a_key_of_two_words_is_refused_and_not_repeated(secret: str, auth_type: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_credential("openai", "OPENAI_API_KEY", credential(secret=secret, auth_type=auth_type))
    assert refused.value.code == "key_malformed"
    assert refused.value.values == {"provider": "openai", "setting": "OPENAI_API_KEY"}


@pytest.mark.parametrize(
    ("address", "fault", "meant"),
    [
        ("models.example.org", "no_url", "https://host/v1"),
        ("https://me:sk-1@example.org/v1", "user", "https://example.org/v1"),
        ("https://example.org/v1?key=sk-1", "query", "https://example.org/v1"),
        ("https://example.org/v1/chat/completions", "endpoint", "https://example.org/v1"),
    ],
)
def test_an_address_is_refused_with_the_one_that_was_meant(address: str, fault: str, meant: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_credential("compatible", "KEY", credential(secret="sk-1", base_url=address))
    assert refused.value.code == "address_malformed"
    assert refused.value.values == {"provider": "compatible", "fault": fault, "meant": meant}


@pytest.mark.parametrize(
    ("file", "abilities", "code"),
    [
        (IMAGE, {"images": False}, "model_without_images"),
        (PDF, {"pdf": False}, "model_without_pdf"),
    ],
)
def test_a_file_just_sent_to_a_model_that_does_not_know_it_is_refused(
    file: File, abilities: dict[str, bool], code: str
) -> None:
    asked = request(said(Text(text="Look."), file))
    with pytest.raises(Invalid) as refused:
        check_request(model(**abilities), asked)
    assert (refused.value.code, refused.value.values) == (code, {"model": "compatible:m"})


def test_what_nobody_says_hinders_nothing() -> None:
    asked = request(said(IMAGE, PDF))
    assert check_request(model(), asked) is asked
    assert check_request(model(images=True, pdf=True, tools=True), asked) is asked


def test_a_file_of_another_kind_is_no_matter() -> None:
    asked = request(said(PDF))
    assert check_request(model(images=False), asked) == asked


def test_older_files_become_notes_and_only_those_the_model_does_not_know() -> None:
    asked = request(said(IMAGE, PDF), Message(role="assistant", parts=()), said(Text(text="And now?")))
    sent = check_request(model(images=False), asked)
    assert sent.messages[0].parts == (Text(text="[file cat.png, image/png, not shown]"), PDF)
    assert sent.messages[1:] == asked.messages[1:]
    assert sent.tools == asked.tools


def test_what_a_tool_shows_becomes_a_note_while_the_prompt_is_still_answered() -> None:
    call = Message(role="assistant", parts=(ToolCall(id="c", name="look", arguments={}),))
    result = ToolResult(call_id="c", outcome="ok", text="A cat.", files=(IMAGE, PDF))
    sent = check_request(model(images=False), request(said(Text(text="Look.")), call, said(result)))
    (shown,) = sent.messages[-1].parts
    assert isinstance(shown, ToolResult)
    assert shown.text == "A cat.\n[file cat.png, image/png, not shown]"
    assert shown.files == (PDF,)


def test_a_result_without_words_is_its_note() -> None:
    result = ToolResult(call_id="c", outcome="ok", text="", files=(IMAGE,))
    (message,) = without_files([said(result)], ("image/",))
    assert message.parts[0] == result.model_copy(
        update={"text": "[file cat.png, image/png, not shown]", "files": ()}
    )


def test_tools_are_left_out_for_a_model_that_calls_none() -> None:
    asked = request(said(Text(text="Hi")))
    assert check_request(model(tools=False), asked) == asked.model_copy(update={"tools": ()})


def test_a_request_without_a_prompt_is_nobody_s_fault() -> None:
    assert check_request(model(images=False), request()) == request()


PAUSED = Message(role="assistant", parts=(Text(text="I look"), Unknown(opaque={"anthropic": {"type": "x"}})))


@pytest.mark.parametrize(
    ("model_id", "is_added"), [("anthropic:m", False), ("gemini:m", True), ("mistral:m", True)]
)
def test_who_did_not_pause_is_asked_to_go_on(model_id: str, is_added: bool) -> None:  # noqa: FBT001
    asked = Request(model="m", messages=(Message(role="user", parts=(Text(text="Look"),)), PAUSED))
    sent = check_request(ModelEntry(id=model_id, name="m"), asked).messages
    assert sent == (*asked.messages, GO_ON) if is_added else asked.messages
