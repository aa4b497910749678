"""A proxy as a caller gives it."""

from application.sessions.own_proxy import GivenProxy, ProxyChange
from entrypoints.rest.models import proxies
from entrypoints.rest.models.sessions import UpdateSessionRequest


def read_proxy(given: proxies.GivenProxy | None) -> GivenProxy | None:
    """The proxy, not looked at yet."""
    return None if given is None else GivenProxy(url=given.url, username=given.username, password=given.password)


def read_proxy_change(body: UpdateSessionRequest) -> ProxyChange | None:
    """What is asked; here null isn't the same as nothing."""
    return ProxyChange(read_proxy(body.proxy)) if "proxy" in body.model_fields_set else None
