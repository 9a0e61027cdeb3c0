"""Who may call, for how long a key is believed, and how often it may call."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from darkroom.adapters.memory.access import MemoryKeyStore, MemoryTokenVerifier
from darkroom.adapters.memory.clock import MemoryClock
from darkroom.domain import api_keys, limits
from darkroom.domain.callers import ApiKey, Caller, Scope
from darkroom.errors import (
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
    TransientError,
    UnauthenticatedError,
)
from darkroom.usecases.access import DEFAULT_SCOPES, Access, Keys


class WatchedKeyStore(MemoryKeyStore):
    """Counts the lookups, and can be taken down."""

    def __init__(self) -> None:
        super().__init__()
        self.lookups = 0
        self.down = False

    def get(self, digest: str) -> ApiKey | None:
        self.lookups += 1
        if self.down:
            raise TransientError("down")
        return super().get(digest)


TOKEN_CALLER = Caller(owner="oidc-1", key_id="oidc-1", scopes=frozenset({"jobs:read"}), requests_per_minute=60)


@dataclass
class House:
    clock: MemoryClock = field(default_factory=MemoryClock)
    store: WatchedKeyStore = field(default_factory=WatchedKeyStore)

    def __post_init__(self) -> None:
        self.keys = Keys(self.store, self.clock, stage="dev")
        self.access = self.open_access()

    def open_access(self) -> Access:
        """As another process of the authorizer has it: the same store, nothing remembered."""
        return Access(
            self.store,
            self.clock,
            stage="dev",
            requests_per_minute=60,
            tokens=MemoryTokenVerifier({"good-token": TOKEN_CALLER}),
        )


@pytest.fixture
def house() -> House:
    return House()


def test_a_key_is_its_owner_with_its_scopes_and_rate(house: House) -> None:
    secret, key = house.keys.create("acme", scopes=["jobs:read", "admin"], requests_per_minute=7)
    caller = house.access.authenticate(api_key=secret)
    assert caller == Caller(
        owner="acme", key_id=key.key_id, scopes=frozenset({"jobs:read", "admin"}), requests_per_minute=7
    )


def test_a_key_without_scopes_and_rate_gets_all_but_admin_and_the_stages_rate(house: House) -> None:
    secret, _ = house.keys.create("acme")
    caller = house.access.authenticate(api_key=secret)
    assert (
        caller.scopes
        == DEFAULT_SCOPES
        == frozenset({"uploads:write", "jobs:write", "jobs:read", "faces:write", "faces:read"})
    )
    assert caller.requests_per_minute == 60


def test_the_secret_is_stored_nowhere(house: House) -> None:
    secret, key = house.keys.create("acme", label="ci")
    assert key.digest == api_keys.digest(secret)
    assert secret not in repr(house.store.list())
    assert secret[-49:-6] not in repr(vars(house.store)) + repr(vars(house.access))


def test_a_stolen_digest_is_no_key(house: House) -> None:
    _, key = house.keys.create("acme")
    with pytest.raises(UnauthenticatedError):
        house.access.authenticate(api_key=key.digest)


def test_nobody_is_nobody(house: House) -> None:
    for nothing in ({}, {"api_key": ""}, {"bearer": ""}, {"api_key": None, "bearer": None}):
        with pytest.raises(UnauthenticatedError, match="neither a key nor a bearer token"):
            house.access.authenticate(**nothing)


def test_a_malformed_key_costs_no_lookup(house: House) -> None:
    with pytest.raises(UnauthenticatedError, match="form"):
        house.access.authenticate(api_key="password")
    assert house.store.lookups == 0


def test_the_log_learns_that_a_key_is_another_stages(house: House) -> None:
    secret, _ = Keys(MemoryKeyStore(), house.clock, stage="prod").create("acme")
    with pytest.raises(UnauthenticatedError, match="made for stage prod, and this is dev"):
        house.access.authenticate(api_key=secret)


def test_a_bearer_token_is_what_the_issuer_says(house: House) -> None:
    assert house.access.authenticate(bearer="good-token") == TOKEN_CALLER
    with pytest.raises(UnauthenticatedError):
        house.access.authenticate(bearer="other-token")


def test_a_stage_without_an_issuer_takes_no_tokens(house: House) -> None:
    access = Access(house.store, house.clock, stage="dev", requests_per_minute=60, tokens=None)
    with pytest.raises(UnauthenticatedError, match="no bearer tokens"):
        access.authenticate(bearer="good-token")


def test_a_bad_key_is_not_made_good_by_a_token_beside_it(house: House) -> None:
    with pytest.raises(UnauthenticatedError):
        house.access.authenticate(api_key="password", bearer="good-token")


# --- the cache --------------------------------------------------------------------------------------------------------


def test_a_known_key_is_looked_up_once_while_it_is_fresh(house: House) -> None:
    secret, _ = house.keys.create("acme")
    for _ in range(5):
        house.access.authenticate(api_key=secret)
        house.clock.advance(limits.KEY_CACHED // 6)
    assert house.store.lookups == 1


def test_a_revoked_key_is_dead_within_a_minute_wherever_it_was_cached(house: House) -> None:
    secret, key = house.keys.create("acme")
    house.access.authenticate(api_key=secret)
    house.keys.revoke(key.key_id)
    with pytest.raises(UnauthenticatedError, match="revoked"):
        house.open_access().authenticate(api_key=secret)
    house.clock.advance(limits.KEY_CACHED)
    assert limits.KEY_CACHED <= 60 * limits.SECOND
    with pytest.raises(UnauthenticatedError, match="revoked"):
        house.access.authenticate(api_key=secret)


def test_use_does_not_prolong_a_cached_key(house: House) -> None:
    secret, key = house.keys.create("acme")
    house.access.authenticate(api_key=secret)
    house.keys.revoke(key.key_id)
    for _ in range(9):
        house.clock.advance(limits.KEY_CACHED // 10)
        house.access.authenticate(api_key=secret)
    house.clock.advance(limits.KEY_CACHED // 10)
    with pytest.raises(UnauthenticatedError):
        house.access.authenticate(api_key=secret)


def test_a_new_key_works_at_once_even_where_it_was_refused_before(house: House) -> None:
    entropy = bytes(range(32))
    secret = api_keys.mint("dev", entropy)
    with pytest.raises(UnauthenticatedError, match="unknown"):
        house.access.authenticate(api_key=secret)
    Keys(house.store, house.clock, stage="dev", entropy=lambda _: entropy).create("acme")
    assert house.access.authenticate(api_key=secret).owner == "acme"


def test_a_clock_that_is_set_back_does_not_keep_a_key_alive(house: House) -> None:
    secret, _ = house.keys.create("acme")
    house.access.authenticate(api_key=secret)
    house.clock.advance(-limits.DAY)
    house.access.authenticate(api_key=secret)
    assert house.store.lookups == 2


def test_the_cache_is_bounded_and_drops_what_was_unused_longest(house: House) -> None:
    secrets = [house.keys.create("acme")[0] for _ in range(1_001)]
    house.access.authenticate(api_key=secrets[0])
    for secret in secrets[1:-1]:
        house.access.authenticate(api_key=secret)
    house.access.authenticate(api_key=secrets[0])  # used again: now the second is the longest unused
    house.access.authenticate(api_key=secrets[-1])
    before = house.store.lookups
    house.access.authenticate(api_key=secrets[0])
    assert house.store.lookups == before
    house.access.authenticate(api_key=secrets[1])
    assert house.store.lookups == before + 1


def test_trouble_of_the_store_is_not_taken_for_a_bad_key(house: House) -> None:
    secret, _ = house.keys.create("acme")
    house.store.down = True
    with pytest.raises(TransientError):
        house.access.authenticate(api_key=secret)
    house.store.down = False
    assert house.access.authenticate(api_key=secret).owner == "acme"


# --- rates ------------------------------------------------------------------------------------------------------------


def test_a_key_is_admitted_as_often_as_its_rate_and_then_told_how_long_to_wait(house: House) -> None:
    secret, _ = house.keys.create("acme", requests_per_minute=3)
    caller = house.access.authenticate(api_key=secret)
    house.clock.advance(-(house.clock.now() % limits.MINUTE) + 12_345)  # 12.345 s into a minute
    for _ in range(3):
        house.access.admit(caller)
    with pytest.raises(TooManyRequestsError) as refusal:
        house.access.admit(caller)
    assert refusal.value.retry_after == 48  # 47.655 s, rounded up: waiting it out must suffice
    assert "48 s" in refusal.value.fix
    house.clock.advance(refusal.value.retry_after * limits.SECOND)
    house.access.admit(caller)


def test_the_wait_is_never_zero(house: House) -> None:
    caller = Caller(owner="acme", key_id="k", scopes=frozenset(), requests_per_minute=1)
    house.clock.advance(-(house.clock.now() % limits.MINUTE) + limits.MINUTE - 1)
    house.access.admit(caller)
    with pytest.raises(TooManyRequestsError) as refusal:
        house.access.admit(caller)
    assert refusal.value.retry_after == 1


def test_two_keys_of_one_owner_are_counted_apart(house: House) -> None:
    callers = [house.access.authenticate(api_key=house.keys.create("acme", requests_per_minute=1)[0]) for _ in range(2)]
    for caller in callers:
        house.access.admit(caller)
    with pytest.raises(TooManyRequestsError):
        house.access.admit(callers[0])


def test_processes_share_one_count(house: House) -> None:
    caller = Caller(owner="acme", key_id="k", scopes=frozenset(), requests_per_minute=2)
    house.access.admit(caller)
    house.open_access().admit(caller)
    with pytest.raises(TooManyRequestsError):
        house.open_access().admit(caller)


# --- an operator's work -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"owner": ""}, "owner"),
        ({"owner": "Acme"}, "owner"),
        ({"owner": "a/b"}, "owner"),
        ({"owner": "../x"}, "owner"),
        ({"owner": "a#b"}, "owner"),
        ({"owner": "a" * 65}, "owner"),
        ({"owner": "acme\n"}, "owner"),
        ({"owner": "acme", "label": "x" * 101}, "label"),
        ({"owner": "acme", "label": "two\nlines"}, "label"),
        ({"owner": "acme", "scopes": ["jobs:delete"]}, "scope"),
        ({"owner": "acme", "requests_per_minute": 0}, "rate"),
        ({"owner": "acme", "requests_per_minute": 100_001}, "rate"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(house: House, arguments: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        house.keys.create(**arguments)  # type: ignore[arg-type]
    assert [name for name, _ in refusal.value.problems] == [named]
    assert named in refusal.value.detail
    assert house.store.list() == []


def test_every_fault_of_an_order_is_named_at_once(house: House) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        house.keys.create("A B", label="\x00", scopes=["x"], requests_per_minute=0)
    assert [name for name, _ in refusal.value.problems] == ["owner", "label", "scope", "rate"]


def test_keys_are_listed_oldest_first_with_the_revoked_ones(house: House) -> None:
    made = []
    for owner in ("b", "a", "c"):
        made.append(house.keys.create(owner)[1])
        house.clock.advance(1)
    revoked = house.keys.revoke(made[1].key_id)
    assert house.keys.list() == [made[0], revoked, made[2]]
    assert revoked.revoked_at == house.clock.now()


def test_an_unknown_id_cannot_be_revoked(house: House) -> None:
    with pytest.raises(NotFoundError):
        house.keys.revoke("0" * 16)


def test_every_scope_can_be_given(house: House) -> None:
    secret, _ = house.keys.create("acme", scopes=list(Scope))
    assert house.access.authenticate(api_key=secret).scopes == frozenset(Scope)
