"""What every connector through proxies does. Fixture: ``place``."""

from dataclasses import dataclass

import pytest

from application.ports.proxy_connector import ProxyConnector
from domain.errors import InvalidArgumentError, UnavailableError
from domain.proxy import Proxy


@dataclass(frozen=True)
class Place:
    """Proxies, and what is behind them.

    Attributes:
        proxies: those that can be used, each with its credentials.
        wrong: the same with a wrong password.
        dead: one that isn't there.
        private: one that isn't public.
        host, port: a host that says what it hears.
        barred: a host that no proxy gets to.
    """

    connector: ProxyConnector
    proxies: tuple[Proxy, ...]
    wrong: tuple[Proxy, ...]
    dead: Proxy
    private: Proxy
    host: str
    port: int
    barred: str


class ProxyConnectorContract:
    async def test_a_host_is_reached_through_each(self, place: Place) -> None:
        for proxy in place.proxies:
            place.connector.check(proxy)
            reader, writer = await place.connector.connect(proxy, place.host, place.port)
            for text in (b"hello", bytes(range(256)) * 1_000):
                writer.write(text)
                await writer.drain()
                assert await reader.readexactly(len(text)) == text
            writer.close()

    async def test_a_wrong_password_is_refused(self, place: Place) -> None:
        assert place.wrong
        for proxy in place.wrong:
            with pytest.raises(UnavailableError) as refused:
                await place.connector.connect(proxy, place.host, place.port)
            assert refused.value.reason == "PROXY_REFUSED"
            assert proxy.password is not None
            assert str(proxy.password.value) not in refused.value.message

    async def test_one_that_isn_t_there(self, place: Place) -> None:
        place.connector.check(place.dead)
        with pytest.raises(UnavailableError) as failed:
            await place.connector.connect(place.dead, place.host, place.port)
        assert failed.value.reason == "PROXY_UNREACHABLE"

    async def test_a_host_that_can_t_be_reached(self, place: Place) -> None:
        for proxy in place.proxies:
            with pytest.raises(UnavailableError) as failed:
                await place.connector.connect(proxy, place.barred, place.port)
            assert failed.value.reason == "PROXY_UNREACHABLE"

    async def test_one_that_isn_t_public(self, place: Place) -> None:
        with pytest.raises(InvalidArgumentError) as refused:
            place.connector.check(place.private)
        assert (refused.value.reason, refused.value.field) == ("PROXY_TARGET_REFUSED", "proxy.url")
        with pytest.raises(UnavailableError) as failed:
            await place.connector.connect(place.private, place.host, place.port)
        assert failed.value.reason == "PROXY_UNREACHABLE"
