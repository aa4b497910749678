import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.addresses import Jid, derive_lid, parse_jid, parse_lid, parse_phone
from sandbox.errors import SandboxError


@given(st.from_regex(r"\A\+?[1-9][0-9]{6,14}\Z"))
def test_numbers_lose_their_plus(number: str) -> None:
    assert parse_phone(number) == number.removeprefix("+")


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())))
def test_whatever_is_no_address_is_refused_and_nothing_else_happens(value: object) -> None:
    for parse in (parse_phone, parse_jid, parse_lid):
        try:
            parse(value)
        except SandboxError as error:
            assert error.status in (400, 501)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "123456",
        "0155500012",
        "1234567890123456",
        "1555 0001",
        "15550001\n",
        "\uff11\uff15\uff15\uff15\uff10\uff10\uff10\uff11",
    ],
)
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(SandboxError):
        parse_phone(number)


@pytest.mark.parametrize(
    ("text", "jid"),
    [
        ("15550001@c.us", Jid("15550001")),
        ("15550001@s.whatsapp.net", Jid("15550001")),
        ("15550001:3@c.us", Jid("15550001", device=3)),
        ("9000000000001@lid", Jid("9000000000001", lid=True)),
        ("9000000000001:0@lid", Jid("9000000000001", lid=True, device=0)),
    ],
)
def test_jid_forms(text: str, jid: Jid) -> None:
    assert parse_jid(text) == jid


@pytest.mark.parametrize("text", ["1-2@g.us", "status@broadcast", "1@newsletter"])
def test_chats_that_come_later_are_named(text: str) -> None:
    with pytest.raises(SandboxError, match=text.partition("@")[2].replace(".", r"\.")) as caught:
        parse_jid(text)
    assert caught.value.status == 501


def test_a_number_has_always_the_same_lid() -> None:
    assert derive_lid("15550001") == derive_lid("15550001") != derive_lid("15550002")
    assert derive_lid("15550001", 1) != derive_lid("15550001")
    assert parse_lid(derive_lid("15550001")) == derive_lid("15550001")
    assert len(derive_lid("15550001")) == len("9000000000001@lid")
