import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from agent.core.identity import User
from agent.store.engine import writing
from agent.store.users import LlmConfigurationRow, ToolPermissionRow, UserRow


async def test_what_is_unique_is_kept_unique(owner: User) -> None:
    def user(email: str, uid: str) -> UserRow:
        return UserRow(email=email, name="A", provider="google", provider_uid=uid)

    def configuration() -> LlmConfigurationRow:
        return LlmConfigurationRow(user_id=owner.id, provider="p", auth_type="api_key", credentials=b"x")

    def permission() -> ToolPermissionRow:
        return ToolPermissionRow(user_id=owner.id, tool_name="shell")

    doubles: list[tuple[SQLModel, SQLModel]] = [
        (user("a@example.org", "1"), user("a@example.org", "2")),
        (user("b@example.org", "3"), user("c@example.org", "3")),
        (configuration(), configuration()),
        (permission(), permission()),
    ]
    for first, second in doubles:
        await writing(lambda store, row=first: store.add(row))
        with pytest.raises(IntegrityError):
            await writing(lambda store, row=second: store.add(row))
