"""Invented identities of the region, for benchmarks, tests and the demonstration. The same seed gives the same people.

Name parts are common ones put together at random; that a generated person resembles a living one is chance.
"""

# ruff: noqa: E501, SIM905 - word lists are read as words
from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from .dates import PartialDate
from .evidence import Document, Name, Subject

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


def _zipf(count: int) -> list[float]:
    """Cumulative weights of a few very common names and many less common."""
    total, out = 0.0, []
    for rank in range(count):
        total += 1 / (rank + 3)
        out.append(total)
    return out


_MALE_WEIGHTS, _FEMALE_WEIGHTS = _zipf(len(_MALE)), _zipf(len(_FEMALE))


def subjects(count: int, seed: int = 1) -> Iterator[Subject]:
    """`count` people with keys "g1", "g2"...: three in ten in Arabic, as many in both scripts."""
    chance = random.Random(seed)  # noqa: S311 - reproducible people, no secrets
    for number in range(1, count + 1):
        yield person(chance, f"g{number}")


def person(chance: random.Random, key: str) -> Subject:
    """One person: given name, father's, often grandfather's, family name; birth date, sex, nationality, passport."""
    sex = "F" if chance.random() < 0.3 else "M"
    chain = chance.choices(_FEMALE, cum_weights=_FEMALE_WEIGHTS) if sex == "F" else []
    chain += chance.choices(_MALE, cum_weights=_MALE_WEIGHTS, k=chance.choice((1, 2, 2, 3)) - (sex == "F") or 1)
    chain.append(chance.choice(_SURNAMES) if chance.random() < 0.6 else _nisba(chance))
    script = chance.random()
    arabic = Name(" ".join(part for part, _ in chain), "original_script" if script >= 0.3 else "primary")
    latin = Name(" ".join(chance.choice(spellings) for _, spellings in chain))
    names = (arabic,) if script < 0.3 else (latin, arabic) if script < 0.6 else (latin,)
    state = chance.choices(tuple(_STATES), tuple(_STATES.values()))[0]
    passport = f"{chance.choice('ABCDEGHKLMNP')}{chance.choice('ABCDEGHKLMNP')}{chance.randrange(10**7):07}"
    documents = (Document("passport", state, passport),) if chance.random() < 0.8 else ()
    return Subject(key, names, (_birth(chance),), (sex,), (state,), documents)


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
