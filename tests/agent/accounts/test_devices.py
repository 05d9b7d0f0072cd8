"""The device login: typed code by typed code, against a model, and many at once."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import col, delete, select

from agent import accounts, config
from agent.accounts import api_tokens, devices, limiting, tokens
from agent.accounts.api_tokens import Issued, NewToken
from agent.config import Settings
from agent.core.errors import Conflict, LimitReached, NotAllowed, NotFound
from agent.core.guests import guest
from agent.core.identity import SCOPES, Principal, Scope, User
from agent.store.audit import AuditEntryRow
from agent.store.columns import new_id, now
from agent.store.engine import connect, disconnect, reading, writing
from agent.store.users import ApiTokenRow, DeviceCodeRow, UserRow
from tests.agent.sessions.talk import sqlite_only

PLACE = "192.0.2.7"
NONE: tuple[Scope, ...] = ()


async def begun(client: str = "maestro-cli", scopes: tuple[Scope, ...] = NONE) -> tuple[str, str]:
    """The codes of a program that has begun: its own, and the one it shows."""
    codes = await accounts.begin_device(client, PLACE, scopes)
    return codes.device_code.get_secret_value(), codes.user_code.get_secret_value()


async def allowed(user: User, user_code: str) -> None:
    await accounts.allow_device(user, (await accounts.device(user, user_code, PLACE)).id)


async def test_a_program_that_is_let_in_speaks_for_the_person(other: User) -> None:
    device_code, user_code = await begun()
    assert await accounts.redeem_device(device_code) == "authorization_pending"
    shown = await accounts.device(other, user_code, PLACE)
    assert (shown.client, shown.place, shown.scopes) == ("maestro-cli", PLACE, api_tokens.FOR_SESSIONS)
    await accounts.allow_device(other, shown.id)
    issued = await accounts.redeem_device(device_code)
    assert isinstance(issued, Issued)
    assert (issued.source, issued.name, issued.scopes) == ("device", "maestro-cli", api_tokens.FOR_SESSIONS)
    assert issued.expires_at
    assert issued.expires_at - now() > timedelta(days=89)
    principal = await accounts.identify(issued.token.get_secret_value())
    assert principal == Principal(user=other, way="token", id=issued.id, scopes=api_tokens.FOR_SESSIONS)
    assert await accounts.redeem_device(device_code) == "expired_token"
    assert [token.id for token in await accounts.issued_tokens(other)] == [issued.id]


@pytest.mark.usefixtures("owner")
async def test_codes_are_hard_to_guess_and_kept_as_hashes() -> None:
    codes = await accounts.begin_device("tool", PLACE, NONE)
    assert (codes.expires_in, codes.interval) == (600, 5)
    device_code, user_code = codes.device_code.get_secret_value(), codes.user_code.get_secret_value()
    assert len(device_code) == 47
    assert device_code.startswith("msd_")
    assert set(user_code.replace("-", "", 1)) <= set("BCDFGHJKLMNPQRSTVWXZ")
    assert len(user_code) == 9
    row = await reading(lambda store: store.exec(select(DeviceCodeRow)).one())
    for secret in (device_code, user_code, user_code.replace("-", "")):
        assert secret not in row.model_dump_json()
        assert secret not in repr(codes) + codes.model_dump_json()
    assert row.device_hash == tokens.hashed(device_code)


@pytest.mark.parametrize("written", [str.lower, "  {0} ".format, lambda code: code.replace("-", " – ")])
async def test_a_code_is_read_however_it_is_typed(owner: User, written: Callable[[str], str]) -> None:
    _, user_code = await begun()
    assert (await accounts.device(owner, written(user_code), PLACE)).client == "maestro-cli"


async def test_what_a_program_wants_is_shown_and_is_what_it_gets(owner: User) -> None:
    device_code, user_code = await begun(scopes=("settings:write", "sessions:read"))
    assert (await accounts.device(owner, user_code, PLACE)).scopes == ("sessions:read", "settings:write")
    await allowed(owner, user_code)
    issued = await accounts.redeem_device(device_code)
    assert isinstance(issued, Issued)
    assert issued.scopes == ("sessions:read", "settings:write")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", "unnamed program"),
        ("\0\n\u202e", "unnamed program"),
        ("two\nlines", "two lines"),
        ("half \ud800", "half"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("x" * 1000, "x" * 80),
    ],
)
async def test_a_programs_name_cannot_deceive_by_its_letters(owner: User, said: str, shown: str) -> None:
    _, user_code = await begun(said)
    assert (await accounts.device(owner, user_code, PLACE)).client == shown


async def test_a_program_that_is_denied_is_told_that_it_is_over(owner: User, other: User) -> None:
    device_code, user_code = await begun()
    shown = await accounts.device(owner, user_code, PLACE)
    await accounts.deny_device(owner, shown.id)
    assert await accounts.redeem_device(device_code) == "expired_token"
    for person in (owner, other):
        with pytest.raises(Conflict, match="device_closed"):
            await accounts.allow_device(person, shown.id)
        with pytest.raises(NotFound, match="device_code"):
            await accounts.device(person, user_code, PLACE)
    assert await accounts.redeem_device(device_code) == "expired_token"


@pytest.mark.parametrize("is_allowed", [True, False])
async def test_a_code_holds_for_ten_minutes(
    owner: User, monkeypatch: pytest.MonkeyPatch, *, is_allowed: bool
) -> None:
    device_code, user_code = await begun()
    shown = await accounts.device(owner, user_code, PLACE)
    if is_allowed:
        await accounts.allow_device(owner, shown.id)
    monkeypatch.setattr(devices, "now", lambda: now() + timedelta(minutes=10))
    assert await accounts.redeem_device(device_code) == "expired_token"
    with pytest.raises(NotFound):
        await accounts.device(owner, user_code, PLACE)
    with pytest.raises(Conflict):
        await accounts.allow_device(owner, shown.id)
    made = [token for token in await accounts.issued_tokens(owner) if token.source == "device"]
    assert made == []


@sqlite_only
@pytest.mark.parametrize(
    "code",
    ["", "x", "msd_", "msd_" + "x" * 42, "mst_" + "x" * 43, "msd_" + "é" * 43, "\ud800", "\0", "x" * 10**6],
)
@pytest.mark.usefixtures("owner")
async def test_what_was_never_a_code_is_said_to_be_none(code: str) -> None:
    assert await accounts.redeem_device(code) == "invalid_request"


@pytest.mark.usefixtures("owner")
async def test_a_code_nobody_was_given_has_had_its_time() -> None:
    assert await accounts.redeem_device(tokens.new_token("msd")) == "expired_token"


async def test_who_polls_too_fast_has_to_wait_five_seconds_longer(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    del owner
    device_code, _ = await begun()
    said: list[object] = []
    for seconds in (0, 1, 7, 23):
        moment = now() + timedelta(seconds=seconds)
        monkeypatch.setattr(devices, "now", lambda moment=moment: moment)
        said.append(await accounts.redeem_device(device_code))
    # Six seconds are too few once they must be ten; then they must be fifteen.
    assert said == ["authorization_pending", "slow_down", "slow_down", "authorization_pending"]


async def test_the_user_code_is_no_device_code(owner: User) -> None:
    device_code, user_code = await begun()
    await allowed(owner, user_code)
    assert await accounts.redeem_device(user_code) == "invalid_request"
    with pytest.raises(NotFound):
        await accounts.device(owner, device_code, PLACE)


async def test_of_many_who_redeem_at_once_one_gets_the_token(owner: User) -> None:
    device_code, user_code = await begun()
    await allowed(owner, user_code)
    answers = await asyncio.gather(*(accounts.redeem_device(device_code) for _ in range(12)))
    assert len([answer for answer in answers if isinstance(answer, Issued)]) == 1
    assert {answer for answer in answers if isinstance(answer, str)} == {"expired_token"}
    made = [token for token in await accounts.issued_tokens(owner) if token.source == "device"]
    assert len(made) == 1


async def test_of_many_who_answer_at_once_one_is_heard(owner: User, other: User) -> None:
    device_code, user_code = await begun()
    shown = await accounts.device(owner, user_code, PLACE)
    verbs = [accounts.allow_device, accounts.deny_device] * 3
    people = [owner, other, other, owner, owner, other]
    asked = (verb(person, shown.id) for verb, person in zip(verbs, people, strict=True))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, devices.Device)]) == 1
    assert len([answer for answer in answers if isinstance(answer, Conflict)]) == 5
    row = await reading(lambda store: store.exec(select(DeviceCodeRow)).one())
    heard = next(each for each, answer in enumerate(answers) if not isinstance(answer, Exception))
    assert (row.state, row.user_id) == ("denied" if heard % 2 else "approved", people[heard].id)
    assert isinstance(await accounts.redeem_device(device_code), str if heard % 2 else Issued)


async def test_of_many_polls_at_once_one_is_in_time(owner: User) -> None:
    device_code, _ = await begun()
    answers = await asyncio.gather(*(accounts.redeem_device(device_code) for _ in range(6)))
    assert sorted(map(str, answers)) == ["authorization_pending", *["slow_down"] * 5]
    assert owner


async def test_the_sixth_wrong_guess_of_a_person_is_refused(owner: User, other: User) -> None:
    _, user_code = await begun()
    for number in range(5):
        with pytest.raises(NotFound):
            await accounts.device(owner, f"BBBB-BBB{number}", f"192.0.2.{number}")
    with pytest.raises(LimitReached, match="too_often") as refused:
        await accounts.device(owner, user_code, "192.0.2.99")
    assert 0 < int(str(refused.value.values["seconds"])) <= 600
    assert await accounts.device(other, user_code, "192.0.2.99")


async def test_the_sixth_wrong_guess_from_a_place_is_refused(owner: User, other: User) -> None:
    _, user_code = await begun()
    for number in range(5):
        with pytest.raises(NotFound):
            await accounts.device([owner, other][number % 2], "BBBB-BBBB", PLACE)
    with pytest.raises(LimitReached, match="too_often"):
        await accounts.device(other, user_code, PLACE)
    assert await accounts.device(other, user_code, "192.0.2.99")


async def test_many_guesses_at_once_are_not_one(owner: User) -> None:
    guesses = (accounts.device(owner, f"BBBB-BB{number}", PLACE) for number in range(10, 40))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert len([answer for answer in answers if isinstance(answer, NotFound)]) == 5
    assert len([answer for answer in answers if isinstance(answer, LimitReached)]) == 25


async def test_right_codes_are_no_guesses(owner: User) -> None:
    _, user_code = await begun()
    for _ in range(12):
        assert await accounts.device(owner, user_code, PLACE)


async def test_there_is_an_end_to_open_codes(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MOST_OPEN", 3)
    codes = [await begun() for _ in range(3)]
    with pytest.raises(LimitReached, match="devices_full"):
        await begun()
    await allowed(owner, codes[0][1])
    await begun()


async def test_a_place_cannot_begin_for_ever_where_others_come_from_elsewhere(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert owner
    for _ in range(12):
        await begun()  # on one's own machine
    monkeypatch.setenv("MAESTRO_LIMITS", "on")
    config.settings.cache_clear()
    for _ in range(10):
        await begun()
    with pytest.raises(LimitReached, match="too_often"):
        await begun()
    assert await accounts.begin_device("tool", "192.0.2.99", NONE)


@pytest.mark.usefixtures("owner")
async def test_what_has_ended_is_cleared_away(monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = await begun()
    monkeypatch.setattr(devices, "now", lambda: now() + timedelta(minutes=11))
    await begun()
    hashes = await reading(lambda store: list(store.exec(select(DeviceCodeRow.device_hash))))
    assert len(hashes) == 1
    assert tokens.hashed(old) not in hashes


@pytest.mark.usefixtures("owner")
async def test_a_code_that_is_shown_already_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["BBBB-BBBB", "BBBB-BBBB", "CCCC-CCCC"])
    monkeypatch.setattr(devices, "new_user_code", lambda: next(drawn))
    assert [(await begun())[1] for _ in range(2)] == ["BBBB-BBBB", "CCCC-CCCC"]


async def test_who_has_too_many_tokens_lets_nobody_in(other: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_tokens, "MOST_TOKENS", 1)
    by = Principal(user=other, way="cookie", id=new_id())
    made = await accounts.make_token(other, NewToken(name="mine"), by)
    device_code, user_code = await begun()
    with pytest.raises(LimitReached, match="tokens_full"):
        await allowed(other, user_code)
    await accounts.revoke_token(other, made.id)
    await allowed(other, user_code)
    assert isinstance(await accounts.redeem_device(device_code), Issued)


async def test_a_guest_lets_nobody_in(owner: User) -> None:
    _, user_code = await begun()
    shown = await accounts.device(owner, user_code, PLACE)
    nobody = guest(new_id())
    for asking in (
        accounts.device(nobody, user_code, PLACE),
        accounts.allow_device(nobody, shown.id),
        accounts.deny_device(nobody, shown.id),
    ):
        with pytest.raises(NotAllowed, match="guest"):
            await asking


@pytest.mark.parametrize(
    "device_id", ["", "x", "\0", "\ud800", "x" * 36, "0198c0de-0000-7000-8000-000000000000"]
)
async def test_a_device_that_is_not_there_cannot_be_answered(owner: User, device_id: str) -> None:
    for verb in (accounts.allow_device, accounts.deny_device):
        with pytest.raises(Conflict, match="device_closed"):
            await verb(owner, device_id)


async def test_who_is_gone_lets_nobody_in(other: User) -> None:
    device_code, user_code = await begun()
    await allowed(other, user_code)
    await writing(lambda store: store.exec(delete(UserRow).where(col(UserRow.id) == other.id)))
    assert await accounts.redeem_device(device_code) == "expired_token"


async def test_what_people_answer_is_written_down(other: User) -> None:
    first, second = await begun("first"), await begun("second")
    await allowed(other, first[1])
    await accounts.deny_device(other, (await accounts.device(other, second[1], PLACE)).id)
    issued = await accounts.redeem_device(first[0])
    assert isinstance(issued, Issued)
    mine = select(AuditEntryRow).where(AuditEntryRow.user_id == other.id).order_by(col(AuditEntryRow.seq))
    entries = await reading(lambda store: list(store.exec(mine)))
    assert [entry.action for entry in entries] == ["device_allowed", "device_denied", "token_made"]
    assert PLACE in entries[0].body
    assert "second" in entries[1].body
    secrets = (*first, *second, issued.token.get_secret_value())
    assert not [secret for entry in entries for secret in secrets if secret in entry.body]


class Login:
    """What the model knows of one program's login."""

    def __init__(self, codes: tuple[str, str], scopes: tuple[Scope, ...], began: datetime) -> None:
        self.device_code, self.user_code = codes
        self.scopes = scopes
        self.began = began
        self.state = "pending"
        self.person: User | None = None
        self.interval = 5
        self.polled: datetime | None = None
        self.id = ""


class Logins(RuleBasedStateMachine):
    """Programs begin, poll early and late; people allow and deny; time goes on; everybody may try twice."""

    logins = Bundle("logins")
    moment = now()

    def __init__(self, runner: asyncio.Runner, people: list[User]) -> None:
        super().__init__()
        self.run = runner.run
        self.people = people
        self.made: dict[str, Login] = {}
        self.run(self.empty())

    async def empty(self) -> None:
        def work(store: devices.Store) -> None:
            store.exec(delete(DeviceCodeRow))
            store.exec(delete(ApiTokenRow))

        await writing(work)
        await limiting.close()

    @rule(target=logins, scopes=st.lists(st.sampled_from(SCOPES), unique=True))
    def begin(self, scopes: list[Scope]) -> Login:
        login = Login(self.run(begun(scopes=tuple(scopes))), tuple(scopes), self.moment)
        login.id = self.run(accounts.device(self.people[0], login.user_code, PLACE)).id
        return login

    @rule(seconds=st.sampled_from([1.0, 4.4, 4.5, 5.0, 9.0, 10.0, 60.0, 300.0, 600.0]))
    def wait(self, seconds: float) -> None:
        type(self).moment += timedelta(seconds=seconds)

    @rule(login=logins, person=st.sampled_from([0, 1]))
    def type_the_code(self, login: Login, person: int) -> None:
        self.run(limiting.close())
        looking = accounts.device(self.people[person], login.user_code, PLACE)
        if self.state(login) == "pending":
            assert self.run(looking).id == login.id
        else:
            with pytest.raises(NotFound, match="device_code"):
                self.run(looking)

    @rule(login=logins, person=st.sampled_from([0, 1]), answer=st.sampled_from(["approved", "denied"]))
    def answer(self, login: Login, person: int, answer: str) -> None:
        verb = accounts.allow_device if answer == "approved" else accounts.deny_device
        answering = verb(self.people[person], login.id)
        if self.state(login) == "pending":
            assert self.run(answering).id == login.id
            login.state, login.person = answer, self.people[person]
        else:
            with pytest.raises(Conflict, match="device_closed"):
                self.run(answering)

    @rule(login=logins)
    def poll(self, login: Login) -> None:
        self.compare(login, self.run(accounts.redeem_device(login.device_code)))

    @rule(login=logins)
    def poll_twice_at_once(self, login: Login) -> None:
        async def both() -> list[Issued | devices.Waiting]:
            asked = (accounts.redeem_device(login.device_code) for _ in range(2))
            return await asyncio.gather(*asked)

        for answer in sorted(
            self.run(both()), key=lambda answer: (isinstance(answer, str), answer == "slow_down")
        ):
            self.compare(login, answer)

    def compare(self, login: Login, answer: Issued | devices.Waiting) -> None:
        """Compare an answer with the model's, which takes note of it."""
        state = self.state(login)
        if state == "approved":
            assert isinstance(answer, Issued)
            assert set(answer.scopes) == set(login.scopes or api_tokens.FOR_SESSIONS)
            login.state = "redeemed"
            self.made[answer.id] = login
        elif state == "pending":
            since = self.moment - login.polled if login.polled else timedelta(hours=1)
            in_time = since >= timedelta(seconds=login.interval) - devices.GRACE
            assert answer == ("authorization_pending" if in_time else "slow_down")
            login.polled = self.moment
            login.interval += 0 if in_time else 5
        else:
            assert answer == "expired_token"

    def state(self, login: Login) -> str:
        is_over = self.moment - login.began >= devices.LASTS
        return "expired" if is_over and login.state in {"pending", "approved"} else login.state

    @invariant()
    def each_token_is_that_of_a_person_who_allowed_it(self) -> None:
        rows = self.run(reading(lambda store: list(store.exec(select(ApiTokenRow)))))
        assert {row.id for row in rows} == self.made.keys()
        for row in rows:
            login = self.made[row.id]
            assert login.state == "redeemed"
            assert login.person
            assert row.user_id == login.person.id


@pytest.fixture
def runner(settings: Settings) -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        connect(settings.database)
        yield runner
        runner.run(limiting.close())
        runner.run(disconnect())


def test_the_flow_is_what_its_model_says(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [UserRow(email=f"{uid}@example.org", name=uid, provider="test", provider_uid=uid) for uid in "ab"]
    runner.run(writing(lambda store: store.add_all(rows)))
    people = [User.model_validate(row.model_dump(include=set(User.model_fields))) for row in rows]
    for module in (devices, api_tokens):
        monkeypatch.setattr(module, "now", lambda: Logins.moment)
    settings = hypothesis.settings(max_examples=20, stateful_step_count=30)
    run_state_machine_as_test(lambda: Logins(runner, people), settings=settings)
