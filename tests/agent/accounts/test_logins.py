"""Where people are signed in."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from agent import accounts
from agent.accounts import logins
from agent.accounts.tokens import hashed
from agent.core.errors import NotAllowed, NotFound
from agent.core.guests import guest
from agent.core.identity import User
from agent.store.audit import AuditEntryRow
from agent.store.columns import new_id, now
from agent.store.engine import reading
from agent.store.users import LoginSessionRow

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"


async def test_one_sees_where_one_is_signed_in(owner: User, other: User) -> None:
    await accounts.sign_in(owner, FIREFOX, "192.0.2.1")
    await accounts.sign_in(other, "Chrome", "192.0.2.2")
    [mine] = await accounts.signed_in(owner)
    assert (mine.browser, mine.place) == (FIREFOX, "192.0.2.1")
    assert mine.expires_at - mine.created_at > timedelta(days=29)


async def test_what_a_browser_says_of_itself_is_one_short_line(owner: User) -> None:
    await accounts.sign_in(owner, "a\nb\0\x1b[31m\u202e" + "x" * 5000)
    [mine] = await accounts.signed_in(owner)
    assert mine.browser.startswith("a b [31m xxx")
    assert len(mine.browser) == logins.BROWSER_LENGTH


async def test_signing_out_ends_one_sign_in_at_once(owner: User) -> None:
    here, there = await accounts.sign_in(owner), await accounts.sign_in(owner)
    assert await accounts.whose(here) == owner
    await accounts.sign_out(here)
    assert await accounts.whose(here) is None
    assert await accounts.whose(there) == owner
    await accounts.sign_out(here)
    await accounts.sign_out("mss_nobodys")


async def test_one_ends_ones_own_sign_ins_and_nobody_elses(owner: User, other: User) -> None:
    token = await accounts.sign_in(owner)
    [mine] = await accounts.signed_in(owner)
    for who, one in ((other, mine.id), (owner, new_id()), (owner, "../x"), (owner, "")):
        with pytest.raises(NotFound, match="login"):
            await accounts.end_sign_in(who, one)
    assert await accounts.whose(token) == owner
    await accounts.end_sign_in(owner, mine.id)
    assert await accounts.whose(token) is None


async def test_one_signs_out_everywhere_and_others_stay(owner: User, other: User) -> None:
    mine = [await accounts.sign_in(owner) for _ in range(3)]
    theirs, program = await accounts.sign_in(other), await accounts.issue_token(owner, "program")
    assert [await accounts.whose(token) for token in mine] == [owner] * 3
    await accounts.sign_out_everywhere(owner)
    assert [await accounts.whose(token) for token in mine] == [None] * 3
    assert await accounts.whose(theirs) == other
    assert await accounts.whose(program) == owner


async def test_the_sign_in_used_longest_ago_makes_room(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "MOST_AT_ONCE", 2)
    first, second, third = [await accounts.sign_in(owner) for _ in range(3)]
    assert [await accounts.whose(token) for token in (first, second, third)] == [None, owner, owner]


async def test_a_guest_who_signs_out_is_over_but_still_counts(owner: User) -> None:
    token = await accounts.new_guest("192.0.2.9")
    await accounts.sign_out(token)
    await accounts.sign_in(owner)
    wanted = select(LoginSessionRow.expires_at).where(LoginSessionRow.token_hash == hashed(token))
    assert await reading(lambda store: store.exec(wanted).one()) <= now()


async def test_a_guest_is_signed_in_nowhere() -> None:
    for verb in (accounts.signed_in, accounts.sign_out_everywhere):
        with pytest.raises(NotAllowed, match="guest"):
            await verb(guest(new_id()))


async def test_each_coming_and_going_is_written_down(owner: User) -> None:
    token = await accounts.sign_in(owner, FIREFOX, "192.0.2.1")
    await accounts.sign_in(owner)
    await accounts.sign_out(token)
    [left] = await accounts.signed_in(owner)
    await accounts.end_sign_in(owner, left.id)
    await accounts.sign_out_everywhere(owner)
    entries = await reading(
        lambda store: [*store.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq)))]
    )
    actions = [entry.action for entry in entries if entry.user_id == owner.id]
    assert actions == ["signed_in", "signed_in", "signed_out", "sign_in_ended", "signed_out"]
    assert token not in "".join(entry.body for entry in entries)
