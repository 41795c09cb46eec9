"""X15: no card number, secret or token of a payment method in any text of the database.

The database looks for what has the shape of one, table by table; only what it finds is read and looked at again: a
card number has a company's first digits, its length and its check digit. What was found is told by its place and its
last four characters, never repeated. Logs are not in the database and are not looked at here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from django.conf import settings
from django.db import connection

from zetel import gateways
from zetel.jobs.doctor.finding import Finding
from zetel.jobs.doctor.reading import Reading
from zetel.models import Mail

FOUND_MAX = 1000  # of one table; with so many there is no need to know the rest
# Alone, or in the groups in which people write it; letters or figures beside it make it something else.
CARD = (
    r"(?<![0-9A-Za-z_.-])"
    r"(?:[2-6]\d{12,18}|[2-6]\d{3}([ -])\d{4}\1\d{4}\1\d{1,7}|3[47]\d\d([ -])\d{6}\2\d{5})"
    r"(?![0-9A-Za-z_-])"
)
IN_SQL = r"(^|[^0-9A-Za-z_.-])[2-6][0-9]{3}[ -]?[0-9]{4,6}[ -]?[0-9]{4,5}"
_CARD = re.compile(CARD)
# Within a longer word it is part of another random id; a new line that JSON writes as two signs begins a word too.
WORD_BEGINS = r"(?:(?<![0-9A-Za-z_-])|(?<=\\[nrt]))"
# First digits and lengths by company: Visa, Mastercard (two ranges), American Express, Diners, Discover, JCB, Maestro
# and UnionPay.
_COMPANIES = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(0[0-5]|[68]\d)\d{11}|(6011|64[4-9]\d|65\d\d)\d{12,15}|35(2[89]|[3-8]\d)\d{12,15}|(50|5[6-9]|6\d)\d{11,17}"
)
# Where a token belongs, and where the pretend company keeps its own books.
TOKEN_HOME = ("zetel_paymentmethod", "token")
OTHERS = ("sandbox\\_%", "django\\_%")


def check(reading: Reading) -> Iterator[Finding]:
    """X15, over every text column of every table that is ours or the login's."""
    shapes, secrets = _token_shapes(), _secrets()
    tables = _text_columns()
    for table, key, texts in _suspects(tables, shapes, secrets):
        for column, text in zip(tables[table], texts, strict=True):
            place: dict[str, object] = {"column": column, "row": key}
            for number in card_numbers(text or ""):
                yield Finding("X15", "card_number", table, place | {"ends_with": number[-4:]})
            for token in (found for shape in shapes for found in re.findall(WORD_BEGINS + shape, text or "")):
                yield Finding("X15", "token", table, place | {"ends_with": token[-4:]})
            if text and any(secret in text for secret in secrets):
                yield Finding("X15", "secret", table, place)
    if not settings.CONFIG.sandbox:  # a sandbox keeps whole mails for its mailbox
        for mail in Mail.objects.filter(status="sent", params__has_key="path").order_by("id").iterator():
            yield Finding("X15", "link_kept", mail.public_id, {"kind": mail.kind})


def card_numbers(text: str) -> list[str]:
    """What could be somebody's card number: a company's first digits, a right length and a right check digit."""
    found = (re.sub(r"\D", "", match.group()) for match in _CARD.finditer(text))
    return [number for number in found if _COMPANIES.fullmatch(number) and _check_digit_right(number)]


def _check_digit_right(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def _token_shapes() -> list[str]:
    """How the tokens look of each company whose tokens begin alike."""
    return [rf"{re.escape(prefix)}[0-9A-Za-z_-]{{16,}}" for prefix in gateways.token_prefixes()]


def _secrets() -> list[str]:
    """The installation's own secrets that could have slipped into a text."""
    return [settings.SECRET_KEY]


def _text_columns() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname, array_agg(attname::text ORDER BY attnum)
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
            WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
              AND atttypid IN ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'json'::regtype)
              AND NOT relname LIKE ANY (%s)
            GROUP BY relname ORDER BY relname
            """,
            [list(OTHERS)],
        )
        found = {table: [column for column in columns if (table, column) != TOKEN_HOME]
                 for table, columns in cursor.fetchall()}  # fmt: skip
        return {table: columns for table, columns in found.items() if columns}


def _suspects(
    tables: Mapping[str, Sequence[str]], shapes: list[str], secrets: list[str]
) -> Iterator[tuple[str, str, list[str | None]]]:
    """Table, row and its texts where one of them has the shape; one statement, one walk through each table.

    The texts of a row are looked at as lines of one text: no shape goes beyond the end of a line.
    """
    params = {"shape": "|".join([IN_SQL, *shapes]), "secret": secrets[0]}
    quote, walks = connection.ops.quote_name, []
    for table, columns in tables.items():
        texts = ", ".join(f"row.{quote(column)}::text" for column in columns)
        walks.append(
            f"(SELECT '{table}', coalesce(to_jsonb(row) ->> 'id', to_jsonb(row) ->> 'key', ''), ARRAY[{texts}]"  # noqa: S608
            f" FROM {quote(table)} row CROSS JOIN LATERAL (SELECT concat_ws(E'\\n', {texts}) AS text OFFSET 0) AS lines"
            f" WHERE lines.text ~ %(shape)s OR strpos(lines.text, %(secret)s) > 0 LIMIT {FOUND_MAX})"
        )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(walks), params)
        yield from cursor.fetchall()
