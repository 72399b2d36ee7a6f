"""Documents of the demonstration's made-up people: zones to scan or to type at the post."""

import datetime as dt
from dataclasses import dataclass

from jiwar.documents.services import MrzFormat, write


@dataclass(frozen=True, slots=True)
class Paper:
    """One made-up traveller's document; `about` says whom the officer will find."""

    about: str
    format: MrzFormat
    state: str
    number: str
    surname: str
    given_names: str
    birth_date: dt.date
    sex: str

    def zone(self, today: dt.date) -> str:
        """Its machine readable zone, valid for three years more."""
        return write(
            self.format,
            document_code="P" if self.format is MrzFormat.TD3 else "I",
            issuer=self.state,
            nationality=self.state,
            number=self.number,
            surname=self.surname,
            given_names=self.given_names,
            birth_date=self.birth_date,
            sex=self.sex,
            expiry=dt.date(today.year + 3, 6, 15),
        )


PAPERS = (
    Paper("the person of Libya's alert", MrzFormat.TD3, "LBY", "K0451187", "OULD KHATTAR", "SALEM",
          dt.date(1984, 3, 9), "M"),
    Paper("the same person, another passport and spelling", MrzFormat.TD3, "NER", "09PC11873", "WALAD KHATAR", "SALIM",
          dt.date(1984, 3, 9), "M"),
    Paper("an innocent namesake", MrzFormat.TD2, "NER", "D2201944", "OULD KHATTAR", "SALEM", dt.date(1996, 11, 2), "M"),
    Paper("a person of the sample UN list", MrzFormat.TD3, "LBY", "HB1200457", "EL MEGARYEF", "YOUSSEF",
          dt.date(1984, 6, 17), "M"),
    Paper("nobody on any list", MrzFormat.TD1, "NER", "ID7730152", "ABDOU", "MARIAMA", dt.date(1979, 1, 24), "F"),
)  # fmt: skip


def spoiled(zone: str) -> str:
    """The zone with one digit of the document number misread: its check digit fails."""
    lines = zone.split("\n")
    line = 0 if len(lines) == 3 else 1
    place = next(i for i, c in enumerate(lines[line]) if c.isdigit() and (len(lines) == 2 or i >= 5))
    digit = str((int(lines[line][place]) + 1) % 10)
    lines[line] = lines[line][:place] + digit + lines[line][place + 1 :]
    return "\n".join(lines)


def mrz_samples(today: dt.date) -> list[str]:
    """Lines of a text file: for each document what it is and its zone, and one zone that was misread."""
    lines = []
    for paper in PAPERS:
        lines += [f"# {paper.about}", *paper.zone(today).split("\n"), ""]
    return [*lines, "# the first one, one digit misread", *spoiled(PAPERS[0].zone(today)).split("\n")]
