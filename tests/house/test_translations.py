"""Every text has its Dutch: found in code and templates, whole, without leftovers, and addressing people as `je`."""

import ast
import gettext
import re
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import allauth
import django
import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

from tests.house.source import ROOT, calls, python_files, templates
from zetel.translations import faults, forms, fragments, merged, read, texts

# Which arguments hold text: (singular, plural, context)
KEYWORDS: dict[str, tuple[int, int | None, int | None]] = {
    "_": (0, None, None),
    "gettext": (0, None, None),
    "gettext_lazy": (0, None, None),
    "gettext_noop": (0, None, None),
    "ngettext": (0, 1, None),
    "ngettext_lazy": (0, 1, None),
    "pgettext": (1, None, 0),
    "pgettext_lazy": (1, None, 0),
    "npgettext": (1, 2, 0),
    "npgettext_lazy": (1, 2, 0),
}
PLACES = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")
OTHERS = (Path(django.__file__).parent / "conf", Path(allauth.__file__).parent)
Key = tuple[str, str | None]


@cache
def _wanted() -> dict[Key, str]:
    """Every message of code and templates with the first place where it stands."""
    found: dict[Key, str] = {}
    for source in python_files("zetel"):
        for call in calls(source.tree):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            said = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
            _note(found, name, said, source.place(call))
    for path in templates():
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        rows = extract_python(BytesIO(code.encode()), dict.fromkeys(KEYWORDS), [], {"encoding": "utf-8"})
        for line, name, words, _ in rows:
            _note(found, str(name), _several(words), f"{path.relative_to(ROOT)}:{line}")
    return found


def _several(words: object) -> Sequence[object]:
    """Babel gives one word as it is and several as a sequence."""
    return words if isinstance(words, tuple | list) else (words,)


def _note(found: dict[Key, str], name: str, words: Sequence[object], place: str) -> None:
    if name not in KEYWORDS:
        return
    single, _plural, context = KEYWORDS[name]
    text = words[single] if len(words) > single else None
    if isinstance(text, str) and text:
        kind = words[context] if context is not None else None
        found.setdefault((text, str(kind) if kind is not None else None), place)


def _key(message: Message) -> Key:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context or None)


@cache
def _theirs() -> frozenset[str]:
    """What Django and allauth translate themselves."""
    known: set[str] = set()
    for folder in OTHERS:
        with (folder / "locale" / "nl" / "LC_MESSAGES" / "django.mo").open("rb") as file:
            known |= {str(key) for key in gettext.GNUTranslations(file)._catalog}  # type: ignore[attr-defined]
    return frozenset(known)


def test_fragments_are_whole_and_agree() -> None:
    assert not faults(), "\n".join(faults())


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        ('msgid "Seat"\nmsgstr ""\n', "", "a.po: 'Seat' has no Dutch text; write it"),
        (
            '#, fuzzy\nmsgid "Seat"\nmsgstr "Stoel"\n',
            "",
            "a.po: 'Seat' is marked fuzzy; check its text and remove the mark",
        ),
        (
            'msgid "Seat"\nmsgstr "Stoel"\n',
            'msgid "Seat"\nmsgstr "Zetel"\n',
            "'Seat' is 'Stoel' in a.po but 'Zetel' in b.po; keep one of them",
        ),
    ],
)
def test_a_faulty_fragment_is_named_with_its_cure(
    tmp_path: Path, first: str, second: str, fault: str
) -> None:
    files = [tmp_path / "a.po", tmp_path / "b.po"]
    for file, text in zip(files, (first, second), strict=True):
        file.write_text(text)
    assert faults(files) == [fault]


def test_every_text_has_its_dutch() -> None:
    ours = {_key(message) for message in texts(merged())}
    missing = [
        f"{place}: {text!r}"
        for (text, context), place in _wanted().items()
        if (text, context) not in ours and text not in _theirs()
    ]
    assert not missing, "write the Dutch of these in zetel/locale/nl/<part>.po:\n" + "\n".join(missing)


def test_no_dutch_is_left_over() -> None:
    obsolete = [
        f"{file.name}: {message.id!r}"
        for file in fragments()
        for message in texts(read(file))
        if _key(message) not in _wanted()
    ]
    assert not obsolete, "nothing asks for these any more; remove them:\n" + "\n".join(obsolete)


def test_dutch_and_english_fill_in_the_same_things() -> None:
    wrong = [
        f"{english!r} -> {dutch!r}"
        for message in texts(merged())
        for english, dutch in zip(_english(message), forms(message), strict=True)
        if _places(dutch) - _places(*_english(message)) or _places(english) - _places(dutch) - {"count"}
    ]
    assert not wrong, "use the same %(names)s in both languages:\n" + "\n".join(wrong)


def _english(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _places(*forms_of_one: str) -> set[str]:
    return {name for form in forms_of_one for pair in PLACES.findall(form) for name in pair if name}


def test_dutch_says_je() -> None:
    formal = [
        f"{message.id!r} -> {form!r}"
        for message in texts(merged())
        for form in forms(message)
        if re.search(r"\b([Uu]w?|[Uu]zelf)\b(?![-.])", form)
    ]
    assert not formal, "address people as `je` throughout:\n" + "\n".join(formal)
