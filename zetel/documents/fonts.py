"""Our own fonts, and text made fit for them.

A PDF/A may not contain a character without a glyph, and an invoice may not be stopped by a name. So each text is
looked through first: what no font of ours can draw becomes the replacement character, visibly, and the rest of the
name stays. The fonts are OFL-1.1 and come as packages: Inter (Latin, Greek, Cyrillic), Noto Sans for twenty more
scripts and symbols, Noto Emoji, and Noto Sans CJK.
"""

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_FILES = (
    ("fontpkg_inter", "files/Inter[[]opsz,wght].ttf"),
    ("manimgx_fonts", "NotoSans[[]wght].ttf"),
    ("manimgx_fonts", "Noto*[[]wght].ttf"),
    ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc"),
)
_CJK_FACES = {"JP": "JP", "KR": "KR", "TW": "TC", "HK": "HK", "MO": "HK"}
_ZERO_WIDTH_SPACE = "\u200b"
_JOINERS = "\u200c\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_SPACES = re.compile(" +")
# May break anywhere, or it would run off its column. Thai, Lao, Burmese, Khmer and CJK break without spaces, so only
# what is no sentence in them is long.
_LONG_WORD = re.compile(r"\S{60,}|[^\s\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\U0003ffff]{25,}")


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec, f"the font package {package} is not installed"
    assert spec.origin, f"{package} is no package"
    return Path(spec.origin).parent


@cache
def font_files() -> tuple[Path, ...]:
    """Every font file that may be drawn from, most wanted first."""
    found: dict[Path, None] = {}
    for package, pattern in _FILES:
        for path in sorted(_package_folder(package).glob(pattern)):
            if "Italic" not in path.name:
                found[path] = None
    return tuple(found)


def font_folders() -> list[Path]:
    """The folders that hold them."""
    return list(dict.fromkeys(path.parent for path in font_files()))


def families(country: str) -> list[str]:
    """The font families in the order of `font_files`; Han characters in the shapes used in the country."""
    face = _CJK_FACES.get(country, "SC")
    names = dict.fromkeys(_family(path) for path in font_files())
    return [f"{name} {face}" if name == "Noto Sans CJK" else name for name in names]


def _family(path: Path) -> str:
    """`NotoSansHebrew[wght].ttf` is the family `Noto Sans Hebrew`."""
    name = re.split(r"[\[.-]", path.name)[0]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


@cache
def coverage() -> tuple[frozenset[int], ...]:
    """The code points each font can draw, in the order of `font_files`."""
    return tuple(frozenset(_code_points(path.read_bytes())) for path in font_files())


def _code_points(font: bytes) -> Iterator[int]:
    """The code points of a font's `cmap` (OpenType 1.9, formats 4 and 12); the first face of a collection."""
    face = struct.unpack_from(">I", font, 12)[0] if font[:4] == b"ttcf" else 0
    (table_count,) = struct.unpack_from(">H", font, face + 4)
    records = (struct.unpack_from(">4sIII", font, face + 12 + 16 * i) for i in range(table_count))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (subtable_count,) = struct.unpack_from(">H", font, cmap + 2)
    for i in range(subtable_count):
        subtable = cmap + struct.unpack_from(">HHI", font, cmap + 4 + 8 * i)[2]
        (form,) = struct.unpack_from(">H", font, subtable)
        if form == 4:
            yield from _segments(font, subtable)
        elif form == 12:
            yield from _groups(font, subtable)


def _segments(font: bytes, at: int) -> Iterator[int]:
    """Format 4: stretches of the first plane, each mapped by a shift or through a list of glyphs."""
    count = struct.unpack_from(">H", font, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", font, at + 14)
    starts = struct.unpack_from(f">{count}H", font, at + 16 + 2 * count)
    shifts = struct.unpack_from(f">{count}H", font, at + 16 + 4 * count)
    ranges_at = at + 16 + 6 * count
    ranges = struct.unpack_from(f">{count}H", font, ranges_at)
    for i in range(count):
        for code in range(starts[i], min(ends[i], 0xFFFE) + 1):
            glyph = code
            if ranges[i]:
                place = ranges_at + 2 * i + ranges[i] + 2 * (code - starts[i])
                (glyph,) = struct.unpack_from(">H", font, place)
                if glyph == 0:
                    continue
            if (glyph + shifts[i]) & 0xFFFF:
                yield code


def _groups(font: bytes, at: int) -> Iterator[int]:
    """Format 12: stretches of any plane."""
    (count,) = struct.unpack_from(">I", font, at + 12)
    for i in range(count):
        first, last, glyph = struct.unpack_from(">III", font, at + 16 + 12 * i)
        yield from range(first if glyph else first + 1, last + 1)


def printable(text: str) -> str:
    """The text as one line that our fonts can draw: white space is one space, what cannot be drawn is replaced."""
    if not (text.isascii() and text.isprintable()):
        calm = unicodedata.normalize("NFC", "".join(_calm(text)))
        text = "".join(_drawable(cluster) for cluster in _clusters(calm))
    return _LONG_WORD.sub(_breakable, _SPACES.sub(" ", text).strip())


def printable_lines(text: str) -> list[str]:
    """The same for a text of more than one line."""
    return [printable(line) for line in text.splitlines()]


def plain(text: str) -> str:
    """Only what the first font draws by itself: the last resort if a script still surprises the typesetter."""
    return "".join(
        char if ord(char) in coverage()[0] and ord(char) < 0x3000 else REPLACEMENT for char in text
    )


def _calm(text: str) -> Iterator[str]:
    """Without what has no look of its own but moves other text: controls, direction marks, odd spaces."""
    for char in text:
        category = unicodedata.category(char)
        if category in ("Cc", "Zs", "Zl", "Zp"):
            yield "\N{NO-BREAK SPACE}" if char == "\N{NO-BREAK SPACE}" else " "
        elif category in ("Cs", "Co"):
            yield REPLACEMENT
        elif not (category == "Cf" and char not in _JOINERS) and not unicodedata.name(char, "").startswith(
            "VARIATION SELECTOR"
        ):
            yield char


def _clusters(text: str) -> Iterator[str]:
    """What is drawn as one: a letter with its marks, joined emoji. It must come from one font."""
    cluster = ""
    for char in text:
        extends = _extends(char) or cluster.endswith(_JOINERS[1])
        if cluster and not extends:
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _extends(char: str) -> bool:
    return unicodedata.category(char).startswith("M") or char in _JOINERS or ord(char) in _SKIN_TONES


@lru_cache(maxsize=4096)
def _drawable(cluster: str) -> str:
    """The cluster if one font has all of it; else its letter with the marks that font has; else the replacement."""
    if len(cluster) > 1 and cluster[0].isspace():
        return cluster[0]  # a mark on nothing: at the start of a line it could not be drawn
    if _extends(cluster[0]):
        return REPLACEMENT
    codes = [ord(char) for char in cluster]
    if any(font.issuperset(codes) for font in coverage()):
        return cluster
    for font in coverage():
        if codes[0] in font:
            return "".join(char for char in cluster if ord(char) in font)
    return REPLACEMENT


def _breakable(word: re.Match[str]) -> str:
    return _ZERO_WIDTH_SPACE.join(_clusters(word[0]))
