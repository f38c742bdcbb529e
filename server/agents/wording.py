"""Words made comparable: accents folded, Arabic spellings joined, punctuation gone; and which language they are."""

import re
import unicodedata
from collections.abc import Mapping

_WORD = re.compile(r"[^\W_]+")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_ARABIC_FOLDS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ـ": ""})
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال")
_SHORTEST_ARABIC_STEM = 3
_STEM_LETTERS = 4  # envío, envían, envoi, envoyez: endings differ, beginnings meet

_STOP_WORDS = frozenset(
    "stop wait hold no enough quiet non arretez arrete attendez attends silence assez para pare alto espera espere"
    " basta silencio لا توقف انتظر كفي صافي بلاتي وقف حبس".split()
)
_LONE_WORDS = _STOP_WORDS | frozenset(
    "yes yeah yep nope ok okay sure right hello hi hey thanks bye goodbye please sorry what why when who where how oui"
    " ouais si allo bonjour merci pardon quoi pourquoi quand qui comment d accord vale gracias hola perdon que claro"
    " adios bueno نعم اه واه شكرا مرحبا السلام اهلا طيب واخا".split()
)
_COMMON_TEXT: Mapping[str, str] = {
    "fr": "a ai au aux avec avez avoir c ce ces cet cette combien comment d dans de des dois du elle en est et etes eu"
    " fait faites faut il ils j je l la le les leur lui m ma mais me mes moi mon n ne nos notre nous on ont ou par pas"
    " peut peux plus pour pouvez pouvons qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont"
    " suis sur t ta te tes toi ton tu un une vos votre vous y ca est-ce quelque chose puis voudrais veux fais",
    "en": "a about am an and any are as at be been but by can could did do does for from get give had has have he how i"
    " if in is it its just like m make me my of on or our please s she should so some t tell that the their them then"
    " there they this to up us want was we were what when where which who why will with would you your id im ll re ve"
    " know need there",
    "es": "a al algo como con cual cuales cuando cuanto cuanta cuantos cuantas de del donde e el ella en es esa ese"
    " eso esta estan este esto estos etc fue ha hacer hacen hago hay la las le les lo los me mi mis mas muy nos o para"
    " pero por porque puede puedo pueden que quien quiero se ser si sin sobre son soy su sus te tiene tienen tengo tu"
    " tus un una unas uno unos usted ustedes y ya yo",
    "ar": "في من على الى عن هل ما ماذا متي كيف اين كم لماذا هو هي هم انا نحن انت انتم هذا هذه ذلك التي الذي ان او و"
    " يا لا لم لن قد كان يكون مع عند عندكم لديكم لدي بعد قبل كل اي ايه شنو فين واش ديال علاش كيفاش امتي بغيت ممكن",
}
COMMON_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(text.split()) for language, text in _COMMON_TEXT.items()
}
_ALL_COMMON = frozenset().union(*COMMON_WORDS.values())


def fold(text: str) -> str:
    """`text` in lower case without accents or vowel marks, Arabic letters in one spelling, one space between words."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_ARABIC_FOLDS).casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(bare.translate(_ARABIC_FOLDS)))


def content_words(text: str) -> list[str]:
    """The words of `text` that carry meaning, cut to a rough stem so that "envían" finds "envío"."""
    return [_stem(word) for word in fold(text).split() if word not in _ALL_COMMON]


def is_said_alone(text: str) -> bool:
    """Whether people say it on its own, so that even an unsure ear may believe it."""
    said = fold(text).split()
    return bool(said) and (_LONE_WORDS.issuperset(said) or asks_to_stop(text))


def asks_to_stop(text: str) -> bool:
    """Whether there is a word in it that makes anybody fall silent."""
    return not _STOP_WORDS.isdisjoint(fold(text).split())


def guess_language(text: str) -> str | None:
    """ar by its script; fr, en or es by their small words; None when nothing tells."""
    if _ARABIC.search(text):
        return "ar"
    said = fold(text).split()
    hits = {language: sum(word in common for word in said) for language, common in COMMON_WORDS.items()}
    best = max(hits, key=lambda language: hits[language])
    is_clear = hits[best] > 0 and sum(count == hits[best] for count in hits.values()) == 1
    return best if is_clear else None


def _stem(word: str) -> str:
    if not word.isalpha():
        return word  # a product code counts whole
    if _ARABIC.search(word):
        fitting = (prefix for prefix in _ARABIC_PREFIXES if word.startswith(prefix))
        prefix = next(fitting, "")
        if len(word) - len(prefix) >= _SHORTEST_ARABIC_STEM:
            word = word[len(prefix) :]
    return word[:_STEM_LETTERS]
