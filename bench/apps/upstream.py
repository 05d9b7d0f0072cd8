"""What both references share: the client of the mock provider, and the canned conversation."""

import os
import sys
from pathlib import Path

from openai import AsyncOpenAI

sys.path.insert(0, str(Path(__file__).parent.parent))
from history import history  # noqa: F401

CLIENT = AsyncOpenAI(
    base_url=os.environ.get("MOCK_URL", "http://127.0.0.1:18400/v1"), api_key="x", max_retries=0
)


async def deltas(messages):
    """The provider's answer, piece by piece."""
    async for chunk in await CLIENT.chat.completions.create(model="mock", messages=messages, stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            yield chunk.choices[0].delta.content
