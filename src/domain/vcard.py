"""Contact cards as vCards 3.0 (RFC 2426), which is what WhatsApp carries."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.contact_content import CardAddress, CardEntry, CardName, CardPhone, ContactCard

_FOLD: Final = 75
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_ESCAPE: Final = re.compile(r"[\\;,]")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PARAMETER: Final = re.compile(r'[;:]|"[^"]*"')
_MAX_LINES: Final = 5_000
_ITEM: Final = re.compile(r"item[0-9]+\.", re.IGNORECASE)
_NAME_PARTS: Final = 5
_ADDRESS_PARTS: Final = 7
_WAID: Final = "waid"


class _Line(NamedTuple):
    name: str
    types: tuple[str, ...]
    waid: str | None
    value: str


def write_vcard(card: ContactCard) -> str:
    """A card as WhatsApp carries it. ``waid`` is WhatsApp's own parameter for the number a person is found by."""
    return "\n".join(_lines(card))


def read_vcard(text: str, *, name: str | None = None) -> ContactCard:
    """Reads what can be read of a vCard; the rest is passed over. ``name`` is shown where the card has none."""
    known: dict[str, list[_Line]] = {}
    for line in _read_lines(text):
        known.setdefault(line.name, []).append(line)

    def first(wanted: str) -> str | None:
        lines = known.get(wanted)
        return _plain(lines[0].value) or None if lines else None

    organisation = _parts(known["ORG"][0].value, 2) if "ORG" in known else (None, None)
    return ContactCard(
        name=_read_name(known, name),
        phones=tuple(
            CardPhone(phone=_plain(line.value), type=_type(line), whatsapp=line.waid) for line in known.get("TEL", ())
        ),
        emails=tuple(CardEntry(value=_plain(line.value), type=_type(line)) for line in known.get("EMAIL", ())),
        urls=tuple(CardEntry(value=_plain(line.value), type=_type(line)) for line in known.get("URL", ())),
        addresses=tuple(_read_address(line) for line in known.get("ADR", ())),
        company=organisation[0],
        department=organisation[1],
        title=first("TITLE"),
        birthday=first("BDAY"),
    )


def _lines(card: ContactCard) -> Iterator[str]:
    name = card.name
    yield "BEGIN:VCARD"
    yield "VERSION:3.0"
    yield f"N:{_joined(name.last, name.first, name.middle, name.prefix, name.suffix)}"
    yield f"FN:{_escaped(name.formatted)}"
    if card.company is not None or card.department is not None:
        yield f"ORG:{_joined(card.company, card.department)}"
    if card.title is not None:
        yield f"TITLE:{_escaped(card.title)}"
    for phone in card.phones:
        waid = "" if phone.whatsapp is None else f";{_WAID}={phone.whatsapp}"
        yield f"TEL{_type_parameter(phone.type)}{waid}:{_escaped(phone.phone)}"
    for email in card.emails:
        yield f"EMAIL{_type_parameter(email.type)}:{_escaped(email.value)}"
    for url in card.urls:
        yield f"URL{_type_parameter(url.type)}:{_escaped(url.value)}"
    for address in card.addresses:
        parts = (None, None, address.street, address.city, address.state, address.zip, address.country)
        yield f"ADR{_type_parameter(address.type)}:{_joined(*parts)}"
    if card.birthday is not None:
        yield f"BDAY:{_escaped(card.birthday)}"
    yield "END:VCARD"


def _type_parameter(kind: str | None) -> str:
    return "" if kind is None else f";type={kind}"


def _escaped(text: str) -> str:
    return _LINE_END.sub(r"\\n", _ESCAPE.sub(r"\\\g<0>", text))


def _joined(*parts: str | None) -> str:
    return ";".join(_escaped(part or "") for part in parts)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def _parts(value: str, count: int) -> Sequence[str | None]:
    """The parts between semicolons that aren't escaped, None for empty ones."""
    parts = [""]
    for piece in re.findall(r"\\.|;|[^\\;]+|\\", value, re.DOTALL):
        if piece == ";":
            parts.append("")
        else:
            parts[-1] += piece
    read = [_plain(part) or None for part in parts[:count]]
    return read + [None] * (count - len(read))


def _read_lines(text: str) -> Iterator[_Line]:
    unfolded: list[str] = []
    for line in _LINE_END.split(text)[:_MAX_LINES]:
        # A line that begins with a space goes on where the one before it ended.
        if line[:1] in {" ", "\t"} and unfolded:
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    for line in unfolded:
        head, parameters, value = _split(line)
        if head is not None:
            yield _Line(
                _ITEM.sub("", head).upper(),
                tuple(each for name, each in parameters if name in {"type", ""}),
                next((each for name, each in parameters if name == _WAID and each.isascii() and each.isdigit()), None),
                value,
            )


def _split(line: str) -> tuple[str | None, Sequence[tuple[str, str]], str]:
    cuts = [found.start() for found in _PARAMETER.finditer(line) if found[0] in ";:"]
    colon = next((cut for cut in cuts if line[cut] == ":"), None)
    if colon is None:
        return None, (), ""
    head, *rest = re.split(r";(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", line[:colon])
    parameters = []
    for parameter in rest:
        name, equals, value = parameter.partition("=")
        parameters.append((name.lower(), value.strip('"')) if equals else ("", name))
    return head, parameters, line[colon + 1 :]


def _type(line: _Line) -> str | None:
    """The first type that says more than that it is preferred, or that it is mail of the internet's kind."""
    each = (word for kind in line.types for word in kind.split(","))
    return next((word for word in each if word.upper() not in {"PREF", "INTERNET", "VOICE", ""}), None)


def _read_name(known: dict[str, list[_Line]], otherwise: str | None) -> CardName:
    parts = _parts(known["N"][0].value, _NAME_PARTS) if "N" in known else [None] * _NAME_PARTS
    last, first, middle, prefix, suffix = parts
    shown = _plain(known["FN"][0].value) if "FN" in known else ""
    words = " ".join(part for part in (prefix, first, middle, last, suffix) if part)
    return CardName(
        formatted=shown or otherwise or words or "", first=first, last=last, middle=middle, prefix=prefix, suffix=suffix
    )


def _read_address(line: _Line) -> CardAddress:
    _, _, street, city, state, code, country = _parts(line.value, _ADDRESS_PARTS)
    return CardAddress(street=street, city=city, state=state, zip=code, country=country, type=_type(line))
