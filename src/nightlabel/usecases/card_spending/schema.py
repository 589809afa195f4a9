"""What a card purchase is, and how a file becomes records: exactly as declared, never guessed.

Declared format: Mac Roman, ``;`` between fields, no quoting, CRLF or LF, one header line.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError, core_schema

from nightlabel.contract.delimited import Delimited, shown

LABEL = "grupo_estabelecimento"

CLASSES = (
    "AGENCIA DE TUR",
    "ALUG DE CARROS",
    "ARTIGOS ELETRO",
    "AUTO PEÇAS",
    "CIA AEREAS",
    "FARMACIAS",
    "HOSP E CLINICA",
    "HOTEIS",
    "INEXISTENTE",
    "JOALHERIA",
    "LOJA DE DEPART",
    "M.O.T.O.",
    "MAT CONSTRUCAO",
    "MOVEIS E DECOR",
    "POSTO DE GAS",
    "RESTAURANTE",
    "SEM RAMO",
    "SERVIÇO",
    "SUPERMERCADOS",
    "TRANS FINANC",
    "VAREJO",
    "VESTUARIO",
)
"""The closed set of labels."""

COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("safra_abertura", pa.int32()),
        ("cidade", pa.string()),
        ("estado", pa.string()),
        ("idade", pa.int32()),
        ("sexo", pa.string()),
        ("limite_total", pa.int32()),
        ("limite_disp", pa.int32()),
        ("data", pa.date32()),
        ("valor", pa.decimal128(12, 2)),
        ("cidade_estabelecimento", pa.string()),
        ("pais_estabelecimento", pa.string()),
        (LABEL, pa.string()),
    ]
)
"""The columns of ``LabelledRecord`` with their storage types, the label last."""

_AMOUNT = re.compile(r"((?:0|[1-9][0-9]{0,9})|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,3})(?:,([0-9]{1,2}))?")
_DATE = re.compile(r"(0?[1-9]|[12][0-9]|3[01])\.(0[1-9]|1[0-2])\.((?:19|20)[0-9]{2})")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")
_KEPT = 65_536  # parsed texts of a field that are remembered


class _FromText:
    """Parses a field from text and nothing else; the texts of a file repeat, so results are kept."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = lru_cache(maxsize=_KEPT)(parse)

    def __get_pydantic_core_schema__(self, *_: Any) -> core_schema.CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.chain_schema([text, core_schema.no_info_plain_validator_function(self._parse)])


def _amount(text: str) -> Decimal:
    value = text.strip(" ")
    if (found := _AMOUNT.fullmatch(value)) is None:
        reason = "a missing amount" if value in ("", "-") else "no amount such as 1.784,13"
        raise PydanticCustomError("NL-A002", "{shown} is {reason}", {"shown": shown(text), "reason": reason})
    whole, cents = found.groups(default="0")
    amount = Decimal(f"{whole.replace('.', '')}.{cents}")
    if amount >= 10**10:
        raise PydanticCustomError("NL-A002", "{shown} is too large", {"shown": shown(text)})
    return amount.quantize(Decimal("0.01"))


def _day(text: str) -> date:
    if (found := _DATE.fullmatch(text)) is None:
        raise PydanticCustomError("NL-A003", "{shown} is no date d.mm.yyyy", {"shown": shown(text)})
    day, month, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise PydanticCustomError("NL-A003", "{shown} is no real day", {"shown": shown(text)}) from None


def _whole(lowest: int, highest: int) -> _FromText:
    bounds = {"lowest": lowest, "highest": highest}

    def parse(text: str) -> int:
        if _WHOLE.fullmatch(text) is None:  # the value points to a client and is not shown
            raise PydanticCustomError("NL-A002", "the text is no whole number")
        if not lowest <= int(text) <= highest:
            raise PydanticCustomError("NL-A009", "the number is not in {lowest} to {highest}", bounds)
        return int(text)

    return _FromText(parse)


def _month(text: str) -> int:
    if re.fullmatch(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])", text) is None:
        raise PydanticCustomError("NL-A009", "the text is no month YYYYMM")
    return int(text)


def _text(pattern: str, meaning: str, *, personal: bool = True) -> _FromText:
    allowed = re.compile(pattern)

    def parse(text: str) -> str:
        value = text.strip(" ")
        if not (allowed.fullmatch(value) and value.isprintable()):
            what = "the text" if personal else shown(text)
            facts = {"shown": what, "meaning": meaning}
            raise PydanticCustomError("NL-A009", "{shown} is no {meaning}", facts)
        return value

    return _FromText(parse)


def _label(text: str) -> str:
    value = text.strip(" ")
    if value not in CLASSES:
        raise PydanticCustomError("NL-A012", "{shown} is none of the known labels", {"shown": shown(text)})
    return value


class Record(BaseModel):
    """One purchase as the night sees it; every field is parsed from text.

    Attributes:
        id: Client id as the bank wrote it; most are damaged, so it is no key.
        safra_abertura: Month in which the account was opened, YYYYMM.
        cidade: City of the client.
        estado: State of the client, two letters.
        idade: Age of the client, years.
        sexo: F or M.
        limite_total: Limit of the card, whole R$.
        limite_disp: Limit left after the purchase, whole R$; may exceed ``limite_total``.
        data: Day of the purchase.
        valor: Amount, R$ with exact cents; a missing amount is refused, it cannot be known.
        cidade_estabelecimento: City of the merchant as the acquirer spells it; may be empty.
        pais_estabelecimento: Country of the merchant, two letters, or empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, _text(r".{1,32}", "id of 1 to 32 characters")]
    safra_abertura: Annotated[int, _FromText(_month)]
    cidade: Annotated[str, _text(r".{1,40}", "city of 1 to 40 characters")]
    estado: Annotated[str, _text(r"[A-Z]{2}", "state of two letters")]
    idade: Annotated[int, _whole(0, 130)]
    sexo: Annotated[str, _text(r"[FM]", "F or M")]
    limite_total: Annotated[int, _whole(0, 999_999_999)]
    limite_disp: Annotated[int, _whole(-999_999_999, 999_999_999)]
    data: Annotated[date, _FromText(_day)]
    valor: Annotated[Decimal, _FromText(_amount)]
    cidade_estabelecimento: Annotated[str, _text(r".{0,40}", "city of up to 40 characters", personal=False)]
    pais_estabelecimento: Annotated[str, _text(r"(?:[A-Z]{2})?", "country of two letters", personal=False)]


class LabelledRecord(Record):
    """One purchase with its category."""

    grupo_estabelecimento: Annotated[str, _FromText(_label)]


TEXT = Delimited(
    columns=tuple(COLUMNS.names),
    encoding="mac_roman",
    alphabet=bytes(range(0x01, 0x80)) + b"\x82",  # the format knows one letter beyond ASCII: 0x82 = Ç
    misplaced=re.compile(rb"\x82(?:(?<=[a-z]\x82)|(?=[a-z]))"),  # é in cp850: Ç never touches a small letter
)
"""The declared format: ``;`` between fields, no quoting."""

read = TEXT.read
