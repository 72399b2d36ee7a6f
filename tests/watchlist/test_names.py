"""Names a reader of Arabic and French takes for the same, and names that she does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.watchlist.logic.evidence import SAME_PART, Code, Name, Query, Subject, compare
from jiwar.watchlist.logic.names import MAX_PARTS, fold, likeness, read_name

SAME = """
يوسف المقريف = Youssef El Megaryef
يوسف المقريف = Yusuf al-Magarief
محمد = Mohamed
محمد = Muhammad
محمد = Mouhamadou
محمد = Mamadou
Mahamat = Mohammed
جمال = Djamel
Djamel = Jamal
Aboubaker = Abu Bakr
أبو بكر = Aboubaker
أبو بكر = Abu Bakr
Boubacar = ابوبكر
عبد الرحمن = Abderrahmane
عبد الرحمن = Abd-ur-Rehman
عبدالرحمان = Abdul Rahman
عبد الرحمن ولد العامر = ABDERRAHMANE OULD EL AMAR
عبد الله = Abdoulaye
عبد القادر = Abdelkader
عبد العزيز بوتفليقة = Abdelaziz Bouteflika
عبد الحكيم بلحاج = Abdelhakim Belhadj
عبد الحق = Abdul-Haq
عبد العزيز = ABDUL AZIZ
عبد العزيز = Abdelaziz
عبد العلي = Abdelali
عبد الأحد = Abdul Ahad
عبد الإله = Abdelilah
سعد الدين = Saduddin
أزهر مظهري = Azhar Mazhari
إلياس = Elyes
الوليد = Walid
سعيد = Said
سيد = Said
بوتشيش = Boutchiche
راضي عبد السميع أبواليزيد العياشي = RADI ABD EL SAMIE ABOU EL YAZID EL AYASHI
نور الدين بن علي بن بلقاسم الدريسي = NOUREDDINE BEN ALI BEN BELKASSEM AL-DRISSI
زكريا الصبار = ZAKARYA ESSABAR
هدايت الله = HIDAYATULLAH
جلال الدين حقانى = Jallalouddine Haqani
أيمن محمد ربيع الظواهري = Ayman Mohamed Rabi Al-Zawahiri
معمر القذافي = Muammar Gaddafi
معمر القذافي = Mouammar Kadhafi
معمر القذافي = Moammar Qadhafi
زين العابدين بن علي = Zine El Abidine Ben Ali
الشمري = Al-Shammari
الشهري = Chehri
صلاح = Salah
صالح = Saleh
فتحي باشاغا = Fathi Bashagha
خليفة حفتر = Khalifa Haftar
مختار بلمختار = Mokhtar Belmokhtar
إياد أغ غالي = Iyad Ag Ghali
الغنوشي = Ghannouchi
بورقيبة = Bourguiba
الشريف = Cherif
رضا = Ridha
رضا = Reda
ظافر = Dhafer
عثمان = Ousmane
عائشة = Aïcha
مُحَمَّد = محمـــد
موسى = Moussa
طه = Taha
هشام = Hichem
قاسم = Kacem
لطفي = Lotfi
فاطمه = Fatoumata
Умаров Доку = Umarov Doku
"""

OTHER = """
حسن | حسين
Hassan | Hussein
حسن | Houcine
عمر | عمرو
عمر | Amr
Omar | Amrou
الشمري | الشهري
Shammari | Chehri
عبد الرحمن | عبد الرحيم
Abd al-Rahman | Abderrahim
Abdul Rahman | Rahman
محمود | محمد
محمود | Mohamed
حمد | أحمد
Jamil | Jamal
كريم | Karam
كمال | Jamal
علي | علاء
نصر | ناصر
سعيد | سعد
Saeed | Saad
رشيد | Rashad
خالد | خلود
فاطمة | Fathi
أبو بكر | أبو نصر
Abu Ali | Ali
Karim | Karima
كريم | Karima
كريمة | Karim
كريم | كريمة
Amin | Amina
Salim | Salma
Diawara | Diriye
عبد العزيز | عزيز
عبد الله | عبد الإله
عبد العزيز | عبد العظيم
"""


def rows(table: str, between: str) -> list[tuple[str, str]]:
    return [tuple(part.strip() for part in row.split(between)) for row in table.strip().splitlines()]


@pytest.mark.parametrize(("one", "other"), rows(SAME, "="))
def test_spellings_of_one_name_meet(one: str, other: str) -> None:
    left, right = read_name(one).parts, read_name(other).parts
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert likeness(a, b) >= SAME_PART, (a.text, b.text)
        assert set(a.keys) & set(b.keys), "an index would not find it"


@pytest.mark.parametrize(("one", "other"), rows(OTHER, "|"))
def test_other_names_stay_apart(one: str, other: str) -> None:
    (left,), (right,) = read_name(one).parts, read_name(other).parts
    assert likeness(left, right) < SAME_PART


def score(query: str, listed: str) -> float:
    return compare(Query((query,)), Subject("k", (Name(listed),)), lambda _: 8.0).score


@pytest.mark.parametrize(
    ("same", "other", "listed"),
    [
        ("محمد بن سلمان", "سلمان بن محمد", "Mohammed bin Salman"),
        ("Ahmed Ould Sidi", "Sidi Ould Ahmed", "أحمد ولد سيدي"),
    ],
)
def test_father_and_son_reversed_is_no_full_match(same: str, other: str, listed: str) -> None:
    assert score(same, listed) > 0.9
    assert score(other, listed) < 0.1
    differences = compare(Query((other,)), Subject("k", (Name(listed),)), lambda _: 8.0).differences
    assert Code.NASAB_REVERSED in {difference.code for difference in differences}


def test_family_name_first_is_a_small_difference() -> None:
    found = compare(Query(("HADDAD Karim",)), Subject("k", (Name("Karim Haddad"),)), lambda _: 8.0)
    assert found.score > 0.8
    assert [difference.code for difference in found.differences] == [Code.NAME_ORDER]


def test_brothers_share_all_but_the_given_name() -> None:
    assert score("أحمد علي الشهري", "محمد علي الشهري") < 0.5 < score("محمد علي الشهري", "محمد علي الشهري")


def test_a_grandfather_left_out_costs_little() -> None:
    assert score("Mohamed Chehri", "محمد علي الشهري") > 0.8


@given(st.text(max_size=400))
def test_any_text_is_read_within_bounds(text: str) -> None:
    name = read_name(text)
    assert len(name.parts) == len(name.links) <= MAX_PARTS
    assert all(part.keys and part.readings for part in name.parts)
    assert all(likeness(part, part) == 1.0 for part in name.parts)


LETTERS = "abcdefghijklmnopqrstuvwxyz -'éïçابتثجحخدذرزسشصضطظعغفقكلمنهوي أإآةىئؤء"


@given(st.text(LETTERS, max_size=20), st.text(LETTERS, max_size=20))
def test_likeness_has_no_direction(one: str, other: str) -> None:
    for a in read_name(one).parts:
        for b in read_name(other).parts:
            assert likeness(a, b) == pytest.approx(likeness(b, a))
            assert 0.0 <= likeness(a, b) <= 1.0


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_the_longest_ligature_stays_within_bounds() -> None:
    assert len(fold("\ufdfa" * 200)) <= 800
