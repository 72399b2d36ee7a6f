"""Questions in other people's forms: tables, and batches of a reconciliation service."""

import io
import json

from pydantic import ValidationError

from jiwar.watchlist.logic import reconciliation
from jiwar.watchlist.logic.table import Table
from jiwar.watchlist.questions import QuestionIn
from jiwar.wire.faults import Refused, of_pydantic
from jiwar.wire.strict_json import JsonRefused, parse
from tests.fuzz.target import storable, target

TABLE = 'name,birth_date,sex,nationality,document,document_country\n"سالم ""x"" ولد خطار",1984-03-09,M,LBY,AB 12,NER\n'
BATCH = {
    "q0": {
        "query": "Salem Ould Khattar",
        "type": ["person"],
        "limit": 3,
        "type_strict": "any",
        "properties": [
            {"pid": "birth_date", "v": "1984-03-09"},
            {"pid": "document", "v": ["NER:AB12", {"id": "x", "name": "AB12"}]},
            {"pid": "identifier", "v": "plate:LBY:5-1234"},
            {"pid": "sex", "v": "m"},
        ],
    }
}


@target("jiwar.watchlist.logic.table", corpus=lambda: [TABLE.encode(), b"\xef\xbb\xbfname;born\r\nOmar;1984\r\n"])
def table_of_questions(data: bytes) -> None:
    """Whatever a row holds, the rows after it are read."""
    try:
        rows = list(Table(io.BytesIO(data), {}, ";" if b";" in data[:20] else ","))
    except Refused as refused:
        storable(refused.faults)
        return
    for row in rows:
        assert (row.query is None) == bool(row.faults)
        if row.query is not None:
            storable([row.query.names, row.query.documents, row.query.nationality])


@target("jiwar.watchlist.logic.reconciliation", corpus=lambda: [json.dumps(BATCH).encode()])
def reconciliation_batch(data: bytes) -> None:
    """What is read of a batch is a question of the JSON API, or refused there with its reason."""
    try:
        asked = reconciliation.read(parse(data), frozenset({"person", "vessel"}), 5)
    except JsonRefused:
        return
    except Refused as refused:
        storable(refused.faults)
        return
    for one in asked:
        assert 1 <= one.limit <= 5
        try:
            storable(QuestionIn.model_validate(one.question))
        except ValidationError as error:
            storable(of_pydantic(error.errors()))
