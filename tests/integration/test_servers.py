"""Which servers a run takes."""

import pytest

from tests.integration.servers import servers

NOWHERE = "unix:///nowhere/docker.sock"


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    for name in ("TEST_SERVERS", "TEST_DATABASE_URL", "TEST_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_those_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://somewhere")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://elsewhere")
    for wanted in ("", "any", "embedded"):
        monkeypatch.setenv("TEST_SERVERS", wanted)
        with servers() as found:
            assert (found.database_url, found.redis_url) == ("postgresql://somewhere", "redis://elsewhere")


def test_without_an_engine_the_embedded_ones_stand_in_for_what_isnt_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", "redis://elsewhere")
    with servers() as found:
        assert found.database_url.startswith("postgresql://pombo@/")
        assert found.redis_url == "redis://elsewhere"


def test_containers_that_are_required_are_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SERVERS", "containers")
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://somewhere")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://elsewhere")
    with pytest.raises(ConnectionError, match=NOWHERE), servers():
        pytest.fail("there are servers")


def test_a_misspelt_wish_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SERVERS", "container")
    with pytest.raises(ValueError, match="container"), servers():
        pytest.fail("there are servers")
