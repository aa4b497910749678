import pytest

from domain.content import Text
from domain.errors import InvalidArgumentError
from domain.jid import Jid
from domain.location_content import Location
from domain.suppression import check_stop_words, check_suppressible, is_stop_word, may_stop

WORDS = check_stop_words(["STOP", "Pare já", "straße"])


@pytest.mark.parametrize("body", ["STOP", "stop", " Stop\n", "pare JÁ", "STRASSE"])
def test_exactly_a_word_stops(body: str) -> None:
    assert may_stop(Text(body=body))
    assert is_stop_word(Text(body=body), WORDS)


@pytest.mark.parametrize("body", ["stop it", "STOP!", "non-stop", "", "pare", "x" * 1000])
def test_more_or_less_does_not(body: str) -> None:
    assert not is_stop_word(Text(body=body), WORDS)


def test_only_a_text_does() -> None:
    place = Location(latitude=1, longitude=2, name="STOP")
    assert not may_stop(place)
    assert not is_stop_word(place, WORDS)
    assert not is_stop_word(Text(body="STOP"), ())


def test_a_word_counts_once() -> None:
    assert check_stop_words(["STOP", "stop ", "end"]) == ("STOP", "end")
    assert check_stop_words([]) == ()


@pytest.mark.parametrize("words", [[""], [" "], ["a\nb"], ["x" * 65], [str(n) for n in range(51)]])
def test_bad_words_are_refused(words: list[str]) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_stop_words(words)
    assert caught.value.reason == "INVALID_STOP_WORDS"


@pytest.mark.parametrize("address", ["120363000000000001@g.us", "status@broadcast", "120363000000@newsletter"])
def test_people_opt_out(address: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_suppressible(Jid.parse(address))
    assert caught.value.reason == "NOT_A_PERSON"
