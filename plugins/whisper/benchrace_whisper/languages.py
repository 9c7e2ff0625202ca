"""Languages that Whisper knows, by the codes that its tokenizers use."""

from benchrace.plugin import BenchraceError, Category

# As its tokenizer has them.
_NAMES = """
af=afrikaans am=amharic ar=arabic as=assamese az=azerbaijani ba=bashkir be=belarusian bg=bulgarian
bn=bengali bo=tibetan br=breton bs=bosnian ca=catalan cs=czech cy=welsh da=danish de=german
el=greek en=english es=spanish et=estonian eu=basque fa=persian fi=finnish fo=faroese fr=french
gl=galician gu=gujarati ha=hausa haw=hawaiian he=hebrew hi=hindi hr=croatian ht=haitian_creole
hu=hungarian hy=armenian id=indonesian is=icelandic it=italian ja=japanese jw=javanese ka=georgian
kk=kazakh km=khmer kn=kannada ko=korean la=latin lb=luxembourgish ln=lingala lo=lao lt=lithuanian
lv=latvian mg=malagasy mi=maori mk=macedonian ml=malayalam mn=mongolian mr=marathi ms=malay
mt=maltese my=myanmar ne=nepali nl=dutch nn=nynorsk no=norwegian oc=occitan pa=punjabi pl=polish
ps=pashto pt=portuguese ro=romanian ru=russian sa=sanskrit sd=sindhi si=sinhala sk=slovak
sl=slovenian sn=shona so=somali sq=albanian sr=serbian su=sundanese sv=swedish sw=swahili ta=tamil
te=telugu tg=tajik th=thai tk=turkmen tl=tagalog tr=turkish tt=tatar uk=ukrainian ur=urdu uz=uzbek
vi=vietnamese yi=yiddish yo=yoruba yue=cantonese zh=chinese
"""
# Other names of the same, and codes by other standards.
_OTHERS = """
my=burmese ca=valencian nl=flemish ht=haitian lb=letzeburgesch ps=pushto pa=panjabi ro=moldavian
ro=moldovan si=sinhalese es=castilian zh=mandarin no=nb jw=jv he=iw
"""
_PAIRS = [pair.split("=") for pair in _NAMES.split()]
LANGUAGES = frozenset(code for code, _ in _PAIRS)
_CODES = {
    name.replace("_", " "): code
    for code, name in [*_PAIRS, *(pair.split("=") for pair in _OTHERS.split())]
}


def code_of(language: str) -> str | None:
    """Return the code of a language by its code or English name, None for one that is unknown."""
    low = language.strip().lower()
    return low if low in LANGUAGES else _CODES.get(low)


def check_language(language: str, *, english_only: bool, model: str) -> None:
    """Raise `wrong_language` for a code that Whisper, or this model, does not know."""
    if language and language not in LANGUAGES:
        text = f"Whisper knows no language {language!r}"
        raise BenchraceError(Category.WRONG_LANGUAGE, text, "Use a code such as en, de or zh.")
    if english_only and language not in ("", "en"):
        raise BenchraceError(
            Category.WRONG_LANGUAGE,
            f"{model} knows English only, not {language!r}",
            f"Use {model.removesuffix('.en')}, or set the language to en.",
        )
