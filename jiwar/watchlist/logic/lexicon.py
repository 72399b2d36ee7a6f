"""Families of spellings: the common given names of the region and how French, English and Arabic write each.

A family gathers what rules of sound cannot: Sahel forms (Mamadou, Abdoulaye), and the vowels that Arabic script leaves
out (محمد and محمود, عمر and عمرو). Two words of different families are different names however alike they look. A
spelling that serves two names stays out, so that sound decides (Salim for سالم and سليم), or stands in both where
sound would not find them (Salah for صلاح, and for صالح from Tripoli to Algiers). A short form has a ~ before it.
Source: our own observation of passports' usual spellings; no list was copied.
"""

# ruff: noqa: E501 - a family stands on one line
from __future__ import annotations

import re
from typing import Final

_FAMILIES: Final = """
muhammad: محمد محمدو ممدو مامادو مامدو مهامادو محمادو mohamed mohammed mohammad mohamad muhammed muhamad muhamed mouhamed mouhammed mouhamad mouhammad mohamud mouhamadou muhammadu mamadou mahamadou mahamadu mahamat mahamane mohamadou mohammadou mamoudou maxamed mehmet magomed mahomed mahomet mukhammad mukhamed mohand muhand mahamadi ~moh ~med ~moha ~mohd
mahmud: محمود mahmoud mahmood mehmood mahmut makhmud makhmoud mahmoudou mamoud maxamuud
ahmad: احمد احمدو امادو حمادو ahmed ahmad ahmet ahmadou ahmadu amadou hamadou akhmed ahmat akhmad ahmedou ahmadu hmed axmed
hamad: حمد
hasan: حسن hassan hasan hassen hacen hacene hassane lahcen lahcene lahsen alassane assane alhassan alhassane khasan lhassan elhassan لحسن xasan
husayn: حسين hussein hussain husain husayn husein hossein hussien houssein houssine hosseini houcine hocine houssain hossain hoessein housseini alhousseini alhousseyni seyni hissene hissein hisseine hissen hussayn hucine khusein khuseyn khusain houssin lhoussaine elhoussine alousseini housseyni usseini hassine xuseen
umar: عمر omar umar oumar amor oumarou omer umaru oumaru omarou oumara cumar
amr: عمرو amr amrou amro amru
uthman: عثمان othman uthman osman ousmane ousman usman othmane athman athmane otmane usmane outhmane usumane ousmanou cismaan cusmaan
ali: علي على ali aly aliou alioune alou ely اعل اعلي cali
abubakr: ابوبكر aboubakr aboubaker aboubakar aboubacar boubacar boubakar boubaker abubakar abubakr abubaker aboubakry bubakar abubaqr
yusuf: يوسف youssef yusuf yousef yousif yusif youssouf youssoufou yousuf yousouf issoufou issouf joseph yossef youcef yucef yousaf يسوفو ايسوفو yusup yousoufou yussuf
ibrahim: ابراهيم ابرهيم ibrahim ibrahima brahim ibraheem ebrahim ibrahime brahima braham ibragim ibrahimou iburahim
ismail: اسماعيل اسمعيل ismail ismael ismaeel esmail ismaila smail ismayil ismahil smain ismaila ismagil
ishaq: اسحاق اسحق ishaq ishak isaac ishaak issaka issac
yaqub: يعقوب yaqub yacoub yakub yaqoub yakoub yacouba yacob yaakoub
musa: موسى موسي musa moussa mousa mossa
isa: عيسى عيسي isa issa eissa
yahya: يحيى يحيي yahya yahia yehia yahaya yehya
zakariya: زكريا زكرياء zakariya zakaria zakariyya zakarya zakaryia zakariyaa zachariah
sulayman: سليمان sulayman suleiman sulaiman soulaiman souleymane soulaymane suleman slimane slimen sliman solaiman solayman souleiman
dawud: داود داوود dawud daoud dawood dawoud daouda dauda daud
harun: هارون هرون harun haroun harouna haroon aaron
idris: ادريس ادريسا idris idriss driss idriss idrissa idrees
adam: ادم adam adem adama adoum adamou adamu
nuh: نوح nuh nouh nooh
salih: صالح saleh salih salah
salim: سليم selim sleem saleem slim
fatima: فاطمة فاطمه fatima fatma fatimah fatimata fatoumata fatimetou fatouma fatime fatimatou fadimata fadimatou fadma fatna fatoum fadumo faduma
aisha: عائشة عايشة عائشه عيشة aisha aicha ayesha aissata aissatou aichatou aishatu aichata aycha aischa
khadija: خديجة خديجه خديجتو khadija khadidja jadija jadiya jadiyetu khadeeja kadidia kadiatou khadijatou hadiza khadijah kadidja khadijetou khadijettou
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
ghulam: غلام ghulam gholam golam goulam gulam
salaah: صلاح salah salaah
rashad: رشاد rashad rachad
nasr: نصر nasr
nasir: ناصر nasser naser nacer nasir naceur
seid: سعيد saeed sayeed seid
sayd: سيد sayed sayyid sayyed سيدي syed sid sidi seyid sayid seyed
mustafa: مصطفى مصطفي mustafa mostafa moustapha mustapha moustafa mostefa moustfa mostapha mustafah
abdallah: عبدالله عبداللة abdallah abdullah abdalla abdulla abdullahi abdellah abdoulaye abdoullah abdulahi abdoulahi abdoullahi abdallahi abdellahi abdillahi cabdullahi cabdulaahi
abdsalam: عبدالسلام abdsalam
abdrahman: عبدالرحمن عبدالرحمان abdramane abdourahmane abderahmane abderrahmane abdurrahman abdulrahman abdelrahman abdirahman abdourhamane abdulrehman abdurrehman abdurehman abdourahamane abdurakhman abdurahman abdourahman
abdrahim: عبدالرحيم abderrahim abdurrahim abdulrahim abdelrahim abdourahim
hamza: حمزة حمزه hamza hamzah khamza
bilal: بلال bilal bilel belal
taha: طه taha
tahir: طاهر tahir taher takhir tohir tahar
tariq: طارق tariq tarek tarik tareq tarak tareeq
usama: اسامة اسامه usama osama oussama ousama ussama
anas: انس anas anass anes
ammar: عمار ammar
amer: عامر amer aamer
haamid: حامد hamed
hameed: حميد hameed hamidou
hammad: حماد hammad hammadi
hassaan: حسان
nusayr: نصير nouceir nusair
saud: سعود saud saoud seoud
sad: سعد saad sad
asad: اسعد asaad assaad
masud: مسعود masud massoud messaoud masoud messaoude
rached: راشد rashed
karim: كريم karim kareem krim
karam: كرم karam
karima: كريمة karima kareema
hisham: هشام hisham hicham hichem hesham hishem hishaam
hashim: هاشم hashim hashem hachem hachim
bashir: بشير bashir bachir basheer bechir besher
bashar: بشار bashar bachar beshar
zayd: زيد zayd zaid zeid zied
ziyad: زياد ziyad ziad ziyed zyad zied
yazid: يزيد yazid yazeed
yunus: يونس yunus younes younis yunis younous younus yunous
yasin: ياسين yasin yacine yassine yaseen yassin yasine yacin
yasir: ياسر yasir yasser yassir yaser yacer
salman: سلمان salman selman salmane
salam: سلام salam selam
rida: رضا ridha reda rida redha reza riza raza
riyad: رياض riyad riad riyadh ryad riadh riaz riyaz
raid: رايد raed raied
murad: مراد murad mourad morad
marwan: مروان marwan marouane merouane marwen
anwar: انور anwar anouar anouer enver
nur: نور nour noor nur
nura: نورا نورة نوره noura nura nora
amin: امين amin amine lamine lemine elamine ameen lamin elemine لمين
arabi: عربي larbi laarbi elarbi arbi arabi laribi لعربي
akhdar: اخضر lakhdar akhdar elakhdar لخضر
hadi: هادي hadi hedi elhadi elhedi
mahdi: مهدي mahdi mehdi elmehdi mahdy mehedi
habib: حبيب habib lahbib elhabib lhabib
munir: منير mounir munir moneer mouneer
nabil: نبيل nabil nabeel nebil
nail: نايل nail nael
sharif: شريف sharif cherif shareef charif sherif chreif
sharaf: شرف sharaf charaf
tawfiq: توفيق tawfiq toufik taoufik tewfik tewfiq tawfik taufiq toufic taoufiq
abbas: عباس abbas abbes abas alghabass ghabass
imran: عمران imran omran imrane emran
luqman: لقمان luqman lokman loqman louqman lokmane
latif: لطيف latif lateef letif
lutfi: لطفي lotfi lutfi loutfi lotfy
farid: فريد farid fareed ferid
farida: فريدة فريده farida fareeda ferida
samir: سمير samir sameer
samira: سميرة سميره samira sameera
jamila: جميلة جميله jamila djamila jameela gamila djemila
rashida: رشيدة رشيده rachida rasheeda
saida: سعيدة سعيده saida saeeda
salima: سليمة سليمه salima selima
salma: سلمى سلمي salma selma
sara: سارة ساره sara sarah
layla: ليلى ليلي layla leila laila leyla
huda: هدى هدي huda houda hoda
zahra: زهرة زهره zahra zohra zahraa
halima: حليمة حليمه halima haleema halimatou
ruqayya: رقية رقيه ruqayya rokia rokaya roukaya ruqaya rouguiatou rokiatou rukayya
safiya: صفية صفيه safiya safia safiyya safiatou
hawa: حواء hawa hawwa haoua
asma: اسماء asma asmaa esma
iman: ايمان iman imane eman imen
abdu: عبده عبدو abdou abdo abdu abdoo abdow
jibril: جبريل jibril djibril gibril jibreel djebril gabriel
adil: عادل adil adel aadil
fuad: فواد fuad fouad foad fuwad
faysal: فيصل faysal faisal faycal feisal fayssal faical faissal feysal
fahd: فهد fahd fahad
fadil: فاضل fadil fadel fadhel fadhil fazil fazel
fadl: فضل fadl fadhl fazl fazal
qasim: قاسم qasim kacem kassem gassem qassem kasim ghassem qasem gacem kassim kacim
qais: قيس qais kais qays kays
bilqasim: بلقاسم ابوقاسم belkacem belgacem belkassem belqasim bilqasim aboulkacem abulqasim abulkasim abuqasim abukacem belqassem bulqasim aboulkassim abuqassim
mukhtar: مختار mukhtar mokhtar mojtar moukhtar moctar muhtar moktar mouctar
mansur: منصور mansur mansour mansoor mansoure
ayyub: ايوب ayyub ayoub ayub ayyoub ayoob ayouba
shuayb: شعيب shuaib chouaib chouaieb shoaib chuaib
ilyas: الياس ilyas elias ilias elyes lyes eliyas iliyas ilyes lyess
luay: لوي luay louay loay
diya: ضياء dhia dia diya ziya dhiaa diaa zia ضيا
ala: علاء ala alaa
aali: عالي
khadr: خضر khidr khadr khedr khider kheder khizr
jafar: جعفر jafar djaafar jaafar jaffar gaafar djafar
abdhadi: عبدالهادي abdelhadi abdulhadi abdelhedi
abdhakim: عبدالحكيم abdelhakim abdulhakim abdelhakeem
abdhalim: عبدالحليم abdelhalim abdulhalim abdelhaleem
abdqadir: عبدالقادر abdelkader abdelkadir abdulqadir abdulkadir abdoulkader abdoulkadri abdelqader abdulqader abdulkader abdikadir abdkader
abdkarim: عبدالكريم abdelkarim abdelkrim abdulkarim abdulkareem abdoulkarim abdikarim
abdelaziz: عبدالعزيز abdaziz abdulaziz abdoulaziz abdellaziz abdilaziz abdiaziz abdelasis abdelazis
khatri: خطري khatri khattri jatri
bushraya: بشرايا bushraya bouchraya buchraya bechraya
wali: ولي wali waly vali oualy
gul: كل قل gul goul
jose: jose josep ~pepe
francisco: francisco ~paco
robert: robert roberto ~bob
william: william ~bill
michael: michael ~mike
jean: jean
jeanne: jeanne
mario: mario
maria: maria marie
kim: kim gim
sissoko: sissoko cissokho cissoko sissokho سيسوكو
lee: lee rhee
park: park pak bak
"""


def _families() -> dict[str, tuple[str, ...]]:
    families: dict[str, tuple[str, ...]] = {}
    for line in _FAMILIES.replace("~", "").split("\n"):
        name, _, spellings = line.partition(":")
        for spelling in dict.fromkeys((name, *spellings.split())):
            if spelling:
                families[spelling] = (*families.get(spelling, ()), name)
    return families


_OF: Final[dict[str, tuple[str, ...]]] = _families()
FAMILY: Final[dict[str, str]] = {spelling: names[0] for spelling, names in _OF.items() if len(names) == 1}
"""A word as `names` folds it -> the vocalised Latin name of its family."""
SERVES_TWO: Final[dict[str, tuple[str, ...]]] = {spelling: names for spelling, names in _OF.items() if len(names) > 1}
"""A word that stands in several families -> their names."""
SHORT: Final = frozenset(re.findall("~([a-z]+)", _FAMILIES))
"""Short forms among them: Moha for Mohamed."""
