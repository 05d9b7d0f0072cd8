"""What goes wrong at a provider, told by its status, its codes and its words."""

import json
import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from google.auth.exceptions import RefreshError
from google.genai.errors import APIError

from agent.core.errors import ProviderError
from agent.core.provider import Credential
from agent.providers._errors import Translated, classify, provider_error, retry_after, stream_error

ROWS = Path(os.environ.get("MAESTRO_ACCEPTANCE_DATA", ""), "cases", "error_class.jsonl")
CASES = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()] if ROWS.is_file() else []
KINDS = {
    "retryable": {"rate", "overloaded"},
    "terminal": {"quota"},
    "validation_required": {"auth"},
    "model_not_found": {"bad_request"},
    "unclassified": {"overloaded", "auth"},
}
"""Google's client sorts its errors otherwise; what it passes on as it is, we tell by its status."""
PATIENCE = 300.0
"""Seconds of waiting that Google's client calls the end; to us it is a long wait, and who asks decides."""
SET_ASIDE = {"erro-be99e3835f": "rate"}
"""Rows we see otherwise: a model without free capacity may have some later; that is nobody's quota."""


def thrown(payload: dict[str, Any]) -> APIError:
    """The SDK's error for a row's payload."""
    if "parsed" in payload:
        return APIError(payload["parsed"]["code"], {"error": payload["parsed"]})
    if "object" in payload:
        error = payload["object"].get("error", payload["object"])
        return APIError(error.get("code") or error["status"], {"error": error})
    return APIError(429, json.loads(payload["raw_message"]))


@pytest.mark.skipif(not CASES, reason="MAESTRO_ACCEPTANCE_DATA names no folder with cases")
@pytest.mark.parametrize("row", CASES, ids=lambda row: row["id"])
def test_errors_of_google_as_its_own_client_sorts_them(row: dict[str, Any]) -> None:
    error = provider_error(thrown(row["payload"]))
    assert error is not None
    wait, asked = error.retry_after, row.get("retry_after_ms")
    if row["id"] in SET_ASIDE:
        assert error.kind == SET_ASIDE[row["id"]]
    elif asked and asked > PATIENCE * 1000:
        assert error.kind == "rate"
    else:
        assert error.kind in KINDS[row["kind"]]
    if asked is not None:
        assert wait == pytest.approx(asked / 1000, abs=1e-5)
    if "message" in row:
        assert error.message == row["message"]


def test_no_row_slips_away() -> None:
    assert len(CASES) in {0, 27}


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "context_length_exceeded", "context"),
        (400, "Your prompt is too long: 200001 tokens > 200000 maximum", "context"),
        (400, "The input token count (9) exceeds the maximum number of tokens allowed (8).", "context"),
        (400, "This model's maximum context length is 8192 tokens.", "context"),
        (400, "request (9000 tokens) exceeds the available context size (8192 tokens)", "context"),
        (429, "insufficient_quota", "quota"),
        (400, "Your credit balance is too low", "quota"),
        (400, "API key not valid. Please pass a valid API key.", "auth"),
        (400, "The response was filtered by content management policy", "safety"),
        (400, "tool_use_failed", "cut"),
        (429, "You exceeded your current quota, please check your plan and billing details.", "rate"),
        (429, "Quota exceeded for metric: requests, limit: 0", "quota"),
        (429, "Quota exceeded for metric: requests, limit: 0.5", "rate"),
        (429, "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quota"),
        (429, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "rate"),
        (429, "You have exhausted your capacity on this model.", "quota"),
        (429, "RATE_LIMIT_EXCEEDED: You have exhausted your capacity on this model.", "rate"),
        (403, "This API method requires billing to be enabled.", "quota"),
        (400, "billing_not_active", "quota"),
        (307, "", "bad_request"),
        (409, "", "overloaded"),
        (499, "", "overloaded"),
        (None, "overloaded_error", "overloaded"),
        (200, "rate_limit_error", "rate"),
        (200, "invalid_request_error", "bad_request"),
        (None, "something nobody foresaw", "overloaded"),
    ],
)
def test_words_tell_the_kind(status: int | None, words: str, kind: str) -> None:
    assert classify(status, words) == kind


@pytest.mark.parametrize("error", [TypeError("ours"), AttributeError("ours"), KeyError("ours")])
def test_a_mistake_of_ours_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), Translated(Credential()):
        raise error


def test_an_account_that_cannot_be_renewed_is_an_auth_error() -> None:
    error = provider_error(RefreshError("invalid_grant: Invalid JWT Signature."))
    assert error is not None
    assert error.kind == "auth"


def test_a_key_is_never_repeated() -> None:
    error = provider_error(OSError("no way to https://example.org/?key=sk-123"), "sk-123")
    assert error is not None
    assert error.message == "no way to https://example.org/?key=…"


def test_a_provider_error_passes_as_it_is() -> None:
    error = stream_error("server_error", "It broke.")
    assert provider_error(error) is error
    assert (error.kind, error.message) == ("overloaded", "server_error It broke.")


def test_a_key_in_an_error_inside_a_stream_is_taken_out_too() -> None:
    with pytest.raises(ProviderError) as caught, Translated(Credential.model_validate({"secret": "sk-123"})):
        raise stream_error("invalid_api_key", "Your key sk-123 is not valid.")
    assert (caught.value.kind, caught.value.message) == ("auth", "invalid_api_key Your key … is not valid.")
    assert caught.value.__suppress_context__


class Answer:
    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class RefusedError(Exception):
    def __init__(self, says: Answer | str = "", details: object = None) -> None:
        super().__init__(says if isinstance(says, str) else "")
        self.response = says if isinstance(says, Answer) else None
        self.details = details


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RefusedError(Answer(retry_after="2")), 2.0),
        (RefusedError(Answer(retry_after_ms="1500", retry_after="9")), 1.5),
        (RefusedError(Answer(retry_after="soon")), None),
        (RefusedError(Answer(retry_after="Mon, 01 Jan 2001 00:00:00 GMT")), 0.0),
        (RefusedError(details={"error": {"details": [{"retryDelay": "0.5s"}]}}), 0.5),
        (RefusedError("Rate limit reached. Please try again in 6m0s."), 360.0),
        (RefusedError("Please try again in 20ms."), 0.02),
        (RefusedError("Please retry after 26 seconds."), 26.0),
        (RefusedError("Please retry in 1h2m3.5s."), 3723.5),
        (RefusedError("RequestsPerMinute"), 60.0),
        (RefusedError("Please try again in a while."), None),
        (RefusedError(), None),
    ],
)
def test_how_long_to_wait(error: Exception, wait: float | None) -> None:
    assert retry_after(error) == wait


class OfOpenAIError(RefusedError):
    """As an SDK raises it."""

    body: object = None


OfOpenAIError.__module__ = "openai"


@pytest.mark.parametrize(("says", "is_passing"), [("true", True), ("False", False), ("later", None)])
def test_a_provider_says_itself_whether_to_ask_again(says: str, *, is_passing: bool | None) -> None:
    error = provider_error(OfOpenAIError(Answer(x_should_retry=says)))
    assert error is not None
    assert error.is_passing is is_passing


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "No."}, "No."),
        ({"error": {"message": "No."}}, "No."),
        ({"error": "No."}, "No."),
        ([{"error": {"code": 400, "message": "No."}}], "No."),
        ({"detail": "No."}, "No."),
        ({"detail": [{"loc": ["body", "model"], "msg": "Field required"}]}, "Field required"),
        ([], "said by the SDK"),
        (None, "said by the SDK"),
    ],
)
def test_the_sentence_is_found_wherever_a_server_puts_it(body: object, words: str) -> None:
    refused = OfOpenAIError("said by the SDK")
    refused.body = body
    error = provider_error(refused)
    assert error is not None
    assert error.message == words


def test_a_date_to_wait_for() -> None:
    wait = retry_after(
        RefusedError(Answer(retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=60))))
    )
    assert wait is not None
    assert 55 < wait <= 60
