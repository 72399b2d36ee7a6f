"""Families of spellings: the common given names of the region and how French, English and Arabic write each.

A family gathers what rules of sound cannot: Sahel forms (Mamadou, Abdoulaye), and the vowels that Arabic script leaves
out (محمد and محمود, عمر and عمرو). Two words of different families are different names however alike they look. A
spelling that serves two names (Salim for سالم and سليم) stays out, so that sound decides.
Source: our own observation of passports' usual spellings; no list was copied.
"""

# ruff: noqa: E501 - a family stands on one line
from __future__ import annotations

from typing import Final

_FAMILIES: Final = """
muhammad: محمد mohamed mohammed mohammad mohamad muhammed muhamad muhamed mouhamed mouhammed mouhamad mouhammad mohd mohamud mouhamadou muhammadu mamadou mahamadou mahamadu mahamat mahamane mohamadou mohammadou mamoudou maxamed mehmet
mahmud: محمود mahmoud mahmood mehmood mahmut
ahmad: احمد ahmed ahmad ahmet ahmadou ahmadu amadou hamadou akhmed ahmat
hamad: حمد
hasan: حسن hassan hasan hassen hacen hacene hassane lahcen lahcene lahsen alassane assane alhassan alhassane
husayn: حسين hussein hussain husain husayn husein hossein hussien houssein houssine hosseini houcine hocine houssain hossain hoessein housseini alhousseini alhousseyni seyni hussayn hucine
umar: عمر omar umar oumar amor oumarou omer umaru oumaru
amr: عمرو amr amrou amro amru
uthman: عثمان othman uthman osman ousmane ousman usman othmane athman athmane otmane usmane
ali: علي على ali aly aliou alioune alou
abubakr: ابوبكر aboubakr aboubaker aboubakar aboubacar boubacar boubakar boubaker abubakar abubakr abubaker aboubakry bubakar abubaqr
yusuf: يوسف youssef yusuf yousef yousif yusif youssouf youssoufou yousuf yousouf issoufou issouf joseph yossef youcef yucef yousaf
ibrahim: ابراهيم ابرهيم ibrahim ibrahima brahim ibraheem ebrahim ibrahime brahima braham
ismail: اسماعيل اسمعيل ismail ismael ismaeel esmail ismaila smail ismayil ismahil
ishaq: اسحاق اسحق ishaq ishak isaac ishaak issaka issac
yaqub: يعقوب yaqub yacoub yakub yaqoub yakoub yacouba yacob yaakoub
musa: موسى موسي musa moussa mousa mossa
isa: عيسى عيسي isa issa eissa
yahya: يحيى يحيي yahya yahia yehia yahaya yehya
zakariya: زكريا زكرياء zakariya zakaria zakariyya zakarya zakaryia zakariyaa zachariah
sulayman: سليمان sulayman suleiman sulaiman soulaiman souleymane soulaymane suleman slimane slimen sliman solaiman solayman souleiman
dawud: داود داوود dawud daoud dawood dawoud daouda dauda daud
harun: هارون هرون harun haroun harouna haroon aaron
idris: ادريس idris idriss driss idriss idrissa idrees
adam: ادم adam adem adama
nuh: نوح nuh nouh nooh
salih: صالح saleh salih
salim: سليم selim sleem saleem slim
fatima: فاطمة فاطمه fatima fatma fatimah fatimata fatoumata fatimetou fatouma fatime fatimatou
aisha: عائشة عايشة عائشه عيشة aisha aicha ayesha aissata aissatou aichatou aishatu aichata aycha aischa
khadija: خديجة خديجه khadija khadidja khadeeja kadidia kadiatou khadijatou hadiza khadijah kadidja
maryam: مريم maryam mariam meriem miriam meryem mariama mariem mariame
zaynab: زينب zaynab zainab zeinab zineb zeineb zenab zeinabou
amina: امينة امينه amina ameena aminata aminatou aminetou
khalid: خالد khalid khaled haled khalled khalide
khalil: خليل khalil khaleel khalill
jamal: جمال jamal djamel djamal jamel gamal djemal
jamil: جميل jamil djamil jameel gamil djemil
kamal: كمال kamal kemal
kamil: كامل kamil
rashid: رشيد rasheed rachid
rashad: رشاد rashad rachad
nasr: نصر nasr
nasir: ناصر nasser naser nacer nasir naceur
seid: سعيد saeed sayeed seid
sayd: سيد sayed sayyid sayyed
mustafa: مصطفى مصطفي mustafa mostafa moustapha mustapha moustafa mostefa moustfa mostapha mustafah
abdallah: عبدالله عبداللة abdallah abdullah abdalla abdulla abdullahi abdellah abdoulaye abdoullah abdulahi abdoulahi abdillahi
abdsalam: عبدالسلام abdsalam
abdrahman: عبدالرحمن عبدالرحمان abdramane abdourahmane abderahmane abderrahmane abdurrahman abdulrahman abdelrahman abdirahman abdourhamane abdulrehman abdurrehman abdurehman abdourahamane
abdrahim: عبدالرحيم abderrahim abdurrahim abdulrahim abdelrahim abdourahim
hamza: حمزة حمزه hamza hamzah
bilal: بلال bilal bilel belal
taha: طه taha
tahir: طاهر tahir taher
tariq: طارق tariq tarek tarik tareq
usama: اسامة اسامه usama osama oussama ousama ussama
anas: انس anas anass anes
"""


def _families() -> dict[str, str]:
    family: dict[str, str] = {}
    for line in _FAMILIES.split("\n"):
        name, _, spellings = line.partition(":")
        for spelling in (name, *spellings.split()):
            if spelling:
                family.setdefault(spelling, name)
    return family


FAMILY: Final[dict[str, str]] = _families()
"""A word as `names` folds it -> the vocalised Latin name of its family."""
