import pytest

from app import tabs


async def test_no_tab_is_open_before_the_app_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs, "_apps", [])
    assert not await tabs.is_open("nobody")
