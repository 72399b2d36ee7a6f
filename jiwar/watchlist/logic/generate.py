"""Invented identities of the region, for benchmarks, tests and the demonstration. The same seed gives the same people.

Given names are as frequent as `frequency` says they are in the region, and one in five is rare; family names have the
long tail that they have. The parts are put together at random: that a generated person resembles a living one is
chance.
"""

# ruff: noqa: E501, SIM905 - word lists are read as words
from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from typing import Final

from .dates import PartialDate
from .evidence import Document, Name, Subject
from .frequency import usual
from .names import read_name

_Spellings = tuple[str, ...]

# Arabic / Latin spellings, the commoner names first.
_MEN: Final = """محمد/Mohamed,Mohammed,Muhammad,Mouhamadou;أحمد/Ahmed,Ahmad,Amadou;علي/Ali,Aly;عبد الله/Abdallah,Abdullah,Abdoulaye
إبراهيم/Ibrahim,Brahim,Ibrahima;عمر/Omar,Oumar;يوسف/Youssef,Yusuf,Issoufou;حسن/Hassan,Hacène;حسين/Hussein,Houcine;مصطفى/Mustafa,Moustapha
خالد/Khaled,Khalid;عثمان/Ousmane,Osman,Uthman;سليمان/Souleymane,Suleiman,Slimane;موسى/Moussa,Musa;عيسى/Issa,Aissa;صالح/Saleh,Salih
عبد الرحمن/Abderrahmane,Abdurrahman;عبد القادر/Abdelkader,Abdulqadir;عبد العزيز/Abdelaziz,Abdulaziz;جمال/Jamal,Djamel;كمال/Kamel,Kamal
سعيد/Saïd,Saeed;رشيد/Rachid,Rashid;طارق/Tarek,Tariq;هشام/Hichem,Hisham;ياسين/Yacine,Yasin;أيوب/Ayoub,Ayyub;بلال/Bilal;زكريا/Zakaria
أبو بكر/Aboubacar,Abubakar;إدريس/Idriss,Idris;إسماعيل/Ismaïl,Ismail;هارون/Haroun,Harun;داود/Daoud,Dawud;يحيى/Yahya,Yahia;آدم/Adam,Adoum
محمود/Mahmoud;فتحي/Fathi;منصور/Mansour,Mansur;الطاهر/Tahar,Taher;المختار/Mokhtar;بشير/Bachir,Bashir;الهادي/Hedi,Hadi;عبد السلام/Abdessalem,Abdussalam
مفتاح/Miftah;سالم/Salem;ناصر/Nasser,Naceur;نبيل/Nabil;كريم/Karim;مراد/Mourad,Murad;سمير/Samir;عادل/Adel;فيصل/Faysal,Faïçal;وليد/Oualid,Walid
عبد الحكيم/Abdelhakim,Abdulhakim;عبد الكريم/Abdelkrim,Abdulkarim;نور الدين/Noureddine,Nuruddin;سيف الدين/Seifeddine,Saifuddin;حمزة/Hamza;أنس/Anas
شعبان/Chaabane,Shaaban;رمضان/Ramadan,Romdhane;جبريل/Jibril,Djibril;لمين/Lamine;سيدي/Sidi;بابا/Baba;الشيخ/Cheikh,Sheikh;أغ/Ag"""
_WOMEN: Final = """فاطمة/Fatima,Fatma,Fatoumata;عائشة/Aïcha,Aisha,Aïssata;مريم/Mariam,Maryam,Meriem;خديجة/Khadija,Khadidja;زينب/Zeinab,Zaynab,Zineb
أمينة/Amina,Aminata;سعاد/Souad,Suad;نادية/Nadia;سميرة/Samira;حليمة/Halima;رقية/Rokia,Ruqayya;هاجر/Hajer,Hadjer;سلمى/Salma;ليلى/Leïla,Layla;نورا/Nora
هدى/Houda,Huda;إيمان/Imane,Iman;أسماء/Asma;سارة/Sara;حواء/Hawa;زهرة/Zahra,Zohra;صفية/Safia,Safiya;جميلة/Djamila,Jamila;كلثوم/Kalthoum,Oulthoum"""
_FAMILIES: Final = """المقريف/Megaryef,El Megarief;الورفلي/El Werfalli,Warfali;القذافي/Kadhafi,Gaddafi;الزاوي/Zaoui,Al-Zawi;المصراتي/Misrati,El Mosrati
الطرابلسي/Trabelsi,Tarabulsi;الدرسي/El Drissi,Darsi;العبيدي/Laabidi,Al-Obeidi;الشريف/Cherif,Sharif;التواتي/Touati,Tuwati;السنوسي/Senoussi,Sanusi
الفزاني/Fezzani,Fazzani;البوعزيزي/Bouazizi;الغرياني/Gheriani,Ghariani;المنصوري/Mansouri,Mansuri;الهاشمي/Hachemi,Hashimi;بوزيد/Bouzid,Buzaid
بلقاسم/Belkacem,Belgacem;بن عيسى/Ben Aïssa,Benissa;التارقي/Targui,Tarqi;الأنصاري/Ansari;كونتا/Kounta,Kunta;مايغا/Maïga,Maiga;ديالو/Diallo;تراوري/Traoré
سيسي/Cissé,Sisse;كوليبالي/Coulibaly;كيتا/Keïta,Keita;باه/Bah;سو/Sow;ندياي/Ndiaye;ديوب/Diop;توري/Touré,Ture;ديكو/Dicko;كاني/Kane;دياورا/Diawara
الحسناوي/Hasnaoui,Hasnawi;القماطي/Gmati,Qamati;الككلي/Kikli,Kakli;الزنتاني/Zintani;التباوي/Tebaoui,Tebawi;الجبالي/Jebali,Jibali;العياري/Ayari
الماجري/Mejri,Majri;الهمامي/Hammami,Hamami;السعيدي/Saïdi,Saidi;بوعلي/Bouali,Buali;الجزائري/El Djazairi,Jazairi;القسنطيني/Ksentini,Qusantini
بوشارب/Bouchareb;حداد/Haddad;نجار/Najjar,Neddjar;خليفة/Khelifa,Khalifa;مسعود/Messaoud,Masud;زروق/Zerrouk,Zarruq;قدور/Kaddour,Qaddur;بوجمعة/Boudjemaa
الإدريسي/Idrissi;العلوي/Alaoui,Alawi;الفاسي/El Fassi,Fasi;التازي/Tazi;برادة/Berrada,Barrada;بناني/Bennani;الصحراوي/Sahraoui,Sahrawi;الشنقيطي/Chinguetti,Shinqiti
المصري/El Masri,Masry;الصعيدي/El Saidi,Saeedi;النوبي/Nubi,Noubi;السوداني/Soudani,Sudani;الدارفوري/Darfouri,Darfuri;الزغاوي/Zaghawi,Zaghaoui;التشادي/Tchadi"""

_STATES: Final = {
    "DZA": 18,
    "LBY": 14,
    "TUN": 12,
    "EGY": 12,
    "MAR": 12,
    "SDN": 8,
    "NER": 8,
    "MLI": 6,
    "TCD": 6,
    "MRT": 4,
}
_FIRST_BIRTH: Final = date(1945, 1, 1)
_ROOTS: Final = "بتجحخدرزسشصطعغفقكلمنه"
_ROOT_LATIN: Final = dict(
    zip(_ROOTS, "b t j h kh d r z s ch s t a gh f k k l m n h".split(), strict=True),
)


def _entries(text: str) -> list[tuple[str, _Spellings]]:
    pairs = (entry.strip().split("/") for entry in text.replace("\n", ";").split(";"))
    return [(arabic, tuple(latin.split(","))) for arabic, latin in pairs]


_MALE, _FEMALE, _SURNAMES = _entries(_MEN), _entries(_WOMEN), _entries(_FAMILIES)


def _shares(entries: list[tuple[str, _Spellings]]) -> list[float]:
    """Cumulative shares of the names, as frequent as `frequency.usual` says, and of one more: a rare name."""
    listed = [usual(read_name(arabic).parts[0]) for arabic, _ in entries]
    scale = (1 - _RARE) / sum(listed)
    return [*accumulate(share * scale for share in listed), 1.0]


_RARE: Final = 0.2
"""The share of given names that stand in none of these lists."""
_LISTED_FAMILY: Final = 0.3
_MALE_SHARES, _FEMALE_SHARES = _shares(_MALE), _shares(_FEMALE)
_SURNAME_WEIGHTS = list(accumulate(1 / (rank + 10) for rank in range(len(_SURNAMES))))


def subjects(count: int, seed: int = 1) -> Iterator[Subject]:
    """`count` people with keys "g1", "g2"..., each with two names: in Arabic and Latin, or in two Latin spellings."""
    chance = random.Random(seed)  # noqa: S311 - reproducible people, no secrets
    for number in range(1, count + 1):
        yield person(chance, f"g{number}")


def person(chance: random.Random, key: str) -> Subject:
    """One person: given name, father's, often grandfather's, family name; birth date, sex, nationality, passport."""
    sex = "F" if chance.random() < 0.3 else "M"
    chain = [_given(chance, _FEMALE, _FEMALE_SHARES)] if sex == "F" else []
    fathers = chance.choice((1, 2, 2, 3)) - (sex == "F") or 1
    chain += [_given(chance, _MALE, _MALE_SHARES) for _ in range(fathers)]
    listed = chance.random() < _LISTED_FAMILY
    chain.append(chance.choices(_SURNAMES, cum_weights=_SURNAME_WEIGHTS)[0] if listed else _nisba(chance))
    latin = Name(" ".join(chance.choice(spellings) for _, spellings in chain))
    if chance.random() < 0.6:
        other = Name(" ".join(part for part, _ in chain), "original_script")
    else:
        other = Name(" ".join(chance.choice(spellings) for _, spellings in chain), "alias")
    names = (other, latin) if chance.random() < 0.3 else (latin, other)
    state = chance.choices(tuple(_STATES), tuple(_STATES.values()))[0]
    passport = f"{chance.choice('ABCDEGHKLMNP')}{chance.choice('ABCDEGHKLMNP')}{chance.randrange(10**7):07}"
    documents = (Document("passport", state, passport),) if chance.random() < 0.8 else ()
    return Subject(key, names, (_birth(chance),), (sex,), (state,), documents)


def _given(chance: random.Random, entries: list[tuple[str, _Spellings]], shares: list[float]) -> tuple[str, _Spellings]:
    at = bisect(shares, chance.random())
    return entries[at] if at < len(entries) else _rare(chance)


def _rare(chance: random.Random) -> tuple[str, _Spellings]:
    """A given name on three root letters that few have."""
    a, b, c = chance.sample(_ROOTS, 3)
    x, y, z = (_ROOT_LATIN[letter] for letter in (a, b, c))
    if chance.random() < 0.5:
        return f"{a}{b}ي{c}", (f"{x}a{y}i{z}".capitalize(), f"{x}e{y}i{z}".capitalize())
    return f"م{a}{b}و{c}", (f"Ma{x}{y}ou{z}", f"Ma{x}{y}u{z}")


def _birth(chance: random.Random) -> PartialDate:
    born = _FIRST_BIRTH + timedelta(days=int(chance.random() * 365 * 63))
    if chance.random() < 0.15:
        return PartialDate(born.year, approximate=chance.random() < 0.3)
    return PartialDate(born.year, born.month, born.day)


def _nisba(chance: random.Random) -> tuple[str, _Spellings]:
    """A made-up family name on three root letters, so that the million have as many family names as a region has."""
    a, b, c = chance.sample(_ROOTS, 3)
    x, y, z = (_ROOT_LATIN[letter] for letter in (a, b, c))
    kind = chance.randrange(3)
    if kind == 0:
        return f"ال{a}{b}ا{c}ي", (f"{x}a{y}a{z}i".capitalize(), f"El {x}e{y}a{z}i")
    if kind == 1:
        return f"بو{a}{b}ي{c}", (f"Bou{x}{y}i{z}", f"Bu{x}a{y}i{z}")
    return f"{a}ا{b}و{c}", (f"{x}a{y}ou{z}".capitalize(), f"{x}a{y}u{z}".capitalize())
