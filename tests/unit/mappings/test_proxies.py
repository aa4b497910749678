"""Proxies: asked for alike over both transports."""

from hypothesis import given, settings
from hypothesis import strategies as st

from application.sessions.own_proxy import GivenProxy, ProxyChange
from domain.proxy import Proxy
from entrypoints.grpc.converters.sessions import proxy_from_proto
from entrypoints.grpc.gen.pombo.v1 import session_pb2 as pb
from entrypoints.grpc.session_service import _proxy_change
from entrypoints.rest.given_proxy import read_proxy, read_proxy_change
from entrypoints.rest.models.proxies import GivenProxy as GivenModel
from entrypoints.rest.models.sessions import UpdateSessionRequest

QUICK = settings(max_examples=25)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
GIVEN = st.builds(GivenProxy, url=st.sampled_from(["http://a.example:1", "no"]), username=TEXTS, password=TEXTS)


@QUICK
@given(GIVEN)
def test_what_is_given_is_the_same_over_both(proxy: GivenProxy) -> None:
    asked = {"url": proxy.url, "username": proxy.username, "password": proxy.password}
    assert read_proxy(GivenModel.model_validate(asked)) == proxy
    message = pb.Proxy(**asked)
    assert proxy_from_proto(pb.Proxy.FromString(message.SerializeToString())) == proxy
    change = ProxyChange(proxy)
    assert read_proxy_change(UpdateSessionRequest.model_validate({"proxy": asked})) == change
    assert _proxy_change(pb.Session(proxy=message)) == change


def test_taking_it_away_is_not_leaving_it() -> None:
    assert read_proxy(None) is None
    assert read_proxy_change(UpdateSessionRequest.model_validate({"proxy": None})) == ProxyChange(None)
    assert read_proxy_change(UpdateSessionRequest.model_validate({"name": "x"})) is None
    assert _proxy_change(pb.Session()) == ProxyChange(None)


@QUICK
@given(st.from_type(Proxy))
def test_an_address_is_read_as_it_was_written(proxy: Proxy) -> None:
    again = Proxy.parse(proxy.url)
    assert (again.scheme, again.host, again.port) == (proxy.scheme, proxy.host, proxy.port)
