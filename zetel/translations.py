"""Puts the Dutch texts together: many fragments `locale/nl/<part>.po` become one `django.mo`.

There is one fragment per noun, so that each part of the product carries its own texts. The compiled file is not
kept in the repository: `zetel up`, `make` and the tests write it into the data folder, where Django looks first.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from zetel import config

LOCALE = "nl"
FRAGMENTS = Path(__file__).parent / "locale" / LOCALE


class TranslationError(Exception):
    """A fragment cannot be used; the text names the file and what to do."""


def fragments() -> list[Path]:
    return sorted(FRAGMENTS.glob("*.po"))


def read(file: Path) -> Catalog:
    """One fragment. Raises TranslationError when it cannot be read."""
    try:
        with file.open("rb") as lines:
            return read_po(lines, locale=LOCALE, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        raise TranslationError(f"{file.name}: {error}; correct that entry") from error


def texts(catalog: Catalog) -> list[Message]:
    """The messages of a fragment, without its header."""
    return [message for message in catalog if message.id]


def forms(message: Message) -> tuple[str, ...]:
    """The text of a message: one form, or one per plural."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def merged(files: list[Path] | None = None) -> Catalog:
    """All fragments as one catalogue; of a text that stands in several, the first counts."""
    whole = Catalog(locale=LOCALE, domain="django", charset="utf-8")
    for file in fragments() if files is None else files:
        for message in texts(read(file)):
            if whole.get(message.id, message.context) is None:
                whole.add(message.id, message.string, context=message.context)
    return whole


def faults(files: list[Path] | None = None) -> list[str]:
    """What is wrong with the fragments, each with its cure: empty, uncertain or disagreeing texts."""
    found = []
    origin: dict[tuple[object, object], tuple[Path, tuple[str, ...]]] = {}
    for file in fragments() if files is None else files:
        for message in texts(read(file)):
            if message.fuzzy:
                found.append(
                    f"{file.name}: {message.id!r} is marked fuzzy; check its text and remove the mark"
                )
            if not all(forms(message)):
                found.append(f"{file.name}: {message.id!r} has no Dutch text; write it")
            other, first = origin.setdefault((message.id, message.context), (file, forms(message)))
            if first != forms(message):
                here = f"{first[0]!r} in {other.name} but {forms(message)[0]!r} in {file.name}"
                found.append(f"{message.id!r} is {here}; keep one of them")
    return found


def write(root: Path) -> Path:
    """Write the compiled texts below `root` as Django expects them, and say where."""
    target = root / LOCALE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    with draft.open("wb") as out:
        write_mo(out, merged())
    draft.replace(target)  # a process that starts meanwhile reads the old file or the new one, never half
    return target


def main() -> int:
    try:
        print(write(config.load().locale_root))
    except (TranslationError, config.ConfigError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
