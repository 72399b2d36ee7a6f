"""A code with its word, as the JSON API answers it: programs keep the code, people read the word."""

from typing import Self

from django.utils.translation import get_language
from pydantic import BaseModel

from jiwar.records.words import word


class Coded(BaseModel):
    """`text` is in the language of `Accept-Language`."""

    code: str
    text: str

    @classmethod
    def of(cls, group: str, code: object) -> Self:
        """The word of a group of `words.toml`."""
        return cls(code=str(code), text=word(group, code, get_language() or "en"))
