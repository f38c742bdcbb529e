"""From espeak-ng's IPA to the numbers Kokoro was trained on."""

# Sounds that Kokoro writes with one sign of its own. espeak-ng joins their letters with "^".
_JOINED = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "e^ɪ": "A",
    "o^ʊ": "O",
    "ə^ʊ": "Q",
    "ɔ^ɪ": "Y",
    "d^z": "ʣ",
    "d^ʒ": "ʤ",
    "t^s": "ʦ",
    "t^ʃ": "ʧ",
    "s^s": "S",
}
# American English: r-coloured vowels as two signs, no length marks, flaps and glottal stops as Kokoro heard them.
_ENGLISH = {
    "ʔn": "tn",
    "ʔ": "t",
    "ɚ": "əɹ",
    "r": "ɹ",
    "x": "k",
    "ç": "k",
    "ɐ": "ə",
    "ɜːɹ": "ɜɹ",
    "ɜː": "ɜɹ",
    "ɪə": "iə",
    "ː": "",
    "ɾ": "T",
}
_OTHER_LANGUAGES = {"-": ""}

# The model's numbering, as runs that start at a number.
_RUNS = {
    1: ";:,.!?",
    9: '—…"()“” \u0303ʣʥʦʨᵝꭧAI',
    31: "O",
    33: "Q",
    35: "ST",
    39: "W",
    41: "Yᵊabcdef",
    50: "hijklmnopqrstuvwxyzɑɐɒæ",
    75: "βɔɕç",
    80: "ɖðʤə",
    85: "ɚɛɜ",
    90: "ɟ",
    92: "ɡ",
    99: "ɥ",
    101: "ɨɪʝ",
    110: "ɯɰŋɳɲɴø",
    118: "ɸθœ",
    123: "ɹ",
    125: "ɾɻ",
    128: "ʁɽʂʃʈʧ",
    135: "ʊʋ",
    138: "ʌɣɤ",
    142: "χʎ",
    147: "ʒʔ",
    156: "ˈˌː",
    162: "ʰ",
    164: "ʲ",
    169: "↓",
    171: "→↗↘",
    177: "ᵻ",
}
_NUMBER = {sign: start + offset for start, run in _RUNS.items() for offset, sign in enumerate(run)}

MAX_TOKENS = 508  # of the 510 it takes, two frame the sentence


def kokoro_tokens(ipa: str, language: str) -> list[int]:
    """Token numbers for `ipa` (see EspeakLibrary.phonemes); signs the model does not know are left out."""
    for joined, sign in _JOINED.items():
        ipa = ipa.replace(joined, sign)
    ipa = ipa.replace("^", "").replace("g", "ɡ")
    for sound, written in (_ENGLISH if language == "en" else _OTHER_LANGUAGES).items():
        ipa = ipa.replace(sound, written)
    return [_NUMBER[sign] for sign in ipa if sign in _NUMBER][:MAX_TOKENS]
