import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidArgumentError
from domain.jid import Jid, Server, parse_phone


@pytest.mark.parametrize(
    ("text", "user", "server"),
    [
        ("15550100200@c.us", "15550100200", Server.USER),
        ("15550100200@s.whatsapp.net", "15550100200", Server.USER),
        ("15550100200:12@c.us", "15550100200", Server.USER),
        ("9000000001@lid", "9000000001", Server.LID),
        ("120363000000000000@g.us", "120363000000000000", Server.GROUP),
        ("15550100200-1600000000@g.us", "15550100200-1600000000", Server.GROUP),
        ("120363000000000000@newsletter", "120363000000000000", Server.NEWSLETTER),
        ("status@broadcast", "status", Server.BROADCAST),
    ],
)
def test_reads_every_form_of_address(text: str, user: str, server: Server) -> None:
    assert Jid.parse(text) == Jid(user=user, server=server)


@pytest.mark.parametrize(
    "text",
    ["", "@", "@c.us", "15550100200@", "0155501002@c.us", "abc@c.us", "1@c.us", "15550100200@example.org",
     "1555010 0200@c.us", "15550100200@c.us@c.us", "१२३४५६७८९@c.us", "1" * 100 + "@lid", "status@c.us"],
)  # fmt: skip
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Jid.parse(text, field="to")
    assert (caught.value.reason, caught.value.field) == ("INVALID_JID", "to")


@pytest.mark.parametrize("text", ["+1 (555) 010-0200", "15550100200", "1.555.010.0200"])
def test_a_phone_number_is_enough_for_a_user(text: str) -> None:
    assert Jid.parse_recipient(text) == Jid(user="15550100200", server=Server.USER)


@pytest.mark.parametrize("text", ["", "+", "012345678", "123456", "1234567890123456", "1555CALLNOW", "٣٤٥٦٧٨٩٠"])
def test_refuses_what_is_no_phone_number(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_phone(text)
    assert caught.value.reason == "INVALID_PHONE"


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused_with_a_typed_error(text: str) -> None:
    try:
        jid = Jid.parse_recipient(text)
    except InvalidArgumentError as error:
        assert error.reason in {"INVALID_JID", "INVALID_PHONE"}
    else:
        assert Jid.parse(str(jid)) == jid


def test_the_masked_form_keeps_the_number_to_itself() -> None:
    assert Jid.parse("15550100200@c.us").masked() == "…0200@c.us"
