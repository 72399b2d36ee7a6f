"""Bodies of an edition of this state's lists, and of a post's word on which one it holds. Neither names a person."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from jiwar.exchange.attachments import Descriptor
from jiwar.records.content import Body, Moment, NodeCode
from jiwar.records.kinds import YEAR, Kind, nobody, register

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
HashOrNone = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
Count = Annotated[int, Field(ge=0, le=20_000_000)]
Sequence = Annotated[int, Field(ge=0, lt=2**53)]


class EditionBody(Body):
    """The manifest of an edition (`logic.edition`, `exchange.editions`).

    `previous`: hash of the record of the edition before it, empty for the first. `same_as`: this is the whole of an
    edition that was told of before, by that record's hash, for the one `post`. `subjects`: how many there are when it
    is put on. `sha256`, `size`: of the plain file, which `files` carry one after another. It ends with the record.
    """

    model_config = ConfigDict(title="Edition of the lists")
    sequence: Annotated[Sequence, Field(ge=1)]
    previous: HashOrNone
    form: Literal["whole", "changes"]
    same_as: HashOrNone = ""
    post: NodeCode | None = None
    subjects: Count
    added: Count
    amended: Count
    removed: Count
    made_at: Moment
    sha256: Hash
    size: Annotated[int, Field(ge=1, le=800_000_000)]
    files: Annotated[tuple[Descriptor, ...], Field(min_length=1, max_length=16)]


class HoldingBody(Body):
    """A post says which edition it holds; `sequence` 0: none. `code`: why it holds no newer one, "" where it does."""

    model_config = ConfigDict(title="Edition that a post holds")
    sequence: Sequence
    edition: HashOrNone
    subjects: Count
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,40}$")] = ""


# The file behind an edition names people, its record does not; no agreement opens either to another state.
EDITION = register(
    Kind("list.edition", 1, EditionBody, personal=False, posts=True, addressees=nobody, longest=YEAR, priority=3)
)
HOLDING = register(Kind("list.holding", 1, HoldingBody, personal=False, addressees=nobody, longest=YEAR, priority=7))
