"""Reading a bank statement: CAMT.053 (ISO 20022), versions 02 to 13 alike, since only the names of elements are used.

The file comes from outside, so it is read with everything switched off that XML could do beyond telling text: no
entities, no DTD, nothing fetched, and limits for size and lines. Only booked money that came in is taken.
"""

import re
from collections.abc import Iterator
from datetime import date

from lxml import etree

from zetel.rules.bank import Statement, StatementLine
from zetel.rules.errors import ZetelError
from zetel.rules.money import Money, parse_plain

BYTES_MAX = 10_000_000
LINES_MAX = 10_000
_KIND = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.053\.001\.\d\d)")
_TEXT_MAX, _NAME_MAX, _REFERENCE_MAX, _ACCOUNT_MAX = 2000, 255, 140, 34


def read(content: bytes) -> tuple[Statement, ...]:
    """Every statement of a file. Raises bank_file_too_large, bank_file_unreadable."""
    if len(content) > BYTES_MAX:
        raise ZetelError("bank_file_too_large", megabytes=BYTES_MAX // 1_000_000)
    root = _parsed(content)
    kind = _KIND.fullmatch(etree.QName(root).namespace or "")
    found = _all(root, "BkToCstmrStmt", "Stmt")
    if kind is None or not found:
        raise ZetelError("bank_file_unreadable")
    statements = tuple(_statement(row, kind[1]) for row in found)
    if sum(len(statement.lines) for statement in statements) > LINES_MAX:
        raise ZetelError("bank_file_too_large", megabytes=BYTES_MAX // 1_000_000)
    return statements


def _parsed(content: bytes) -> etree._Element:
    """The root, of a file that holds no DTD: with it come entities, and with those bombs and other people's files."""
    if b"\0" in content or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ZetelError("bank_file_unreadable")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ZetelError("bank_file_unreadable") from error
    if root.getroottree().docinfo.doctype:
        raise ZetelError("bank_file_unreadable")
    return root


def _statement(row: etree._Element, kind: str) -> Statement:
    account = _text(row, "Acct", "Id", "IBAN") or _text(row, "Acct", "Id", "Othr", "Id")
    lines: list[StatementLine] = []
    left_out = 0
    for entry in _all(row, "Ntry"):
        came = _text(entry, "CdtDbtInd") == "CRDT" and _text(entry, "RvslInd") not in ("true", "1")
        status = _text(entry, "Sts", "Cd") or _text(entry, "Sts")
        if came and status in ("", "BOOK"):
            lines += _lines(entry)
        else:
            left_out += 1
    compact = account.replace(" ", "")[:_ACCOUNT_MAX]
    return Statement(kind, compact, _text(row, "Id")[:64], tuple(lines), left_out)


def _lines(entry: etree._Element) -> Iterator[StatementLine]:
    """One entry; or each of its transactions, when the bank collected several whose amounts are told."""
    total, booked_on = _amount(entry, "Amt"), _date(entry)
    if total is None or total.amount <= 0 or booked_on is None:
        raise ZetelError("bank_file_unreadable")
    parts = _all(entry, "NtryDtls", "TxDtls")
    amounts = [_amount(part, "Amt") or _amount(part, "AmtDtls", "TxAmt", "Amt") for part in parts]
    reference = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")
    told = [amount.amount for amount in amounts if amount is not None and amount.currency == total.currency]
    if len(parts) > 1 and len(told) == len(parts) and sum(told) == total.amount and min(told) > 0:
        for part, amount in zip(parts, told, strict=True):
            own = _text(part, "Refs", "AcctSvcrRef") or _text(part, "Refs", "TxId")
            yield _line(
                part, Money(amount, total.currency), booked_on, " ".join(filter(None, (reference, own)))
            )
        return
    detail = parts[0] if len(parts) == 1 else None
    yield _line(detail, total, booked_on, reference, _text(entry, "AddtlNtryInf"))


def _line(
    part: etree._Element | None, amount: Money, booked_on: date, reference: str, more: str = ""
) -> StatementLine:
    if part is None:
        return StatementLine(
            booked_on, amount, remittance=more[:_TEXT_MAX], reference=reference[:_REFERENCE_MAX]
        )
    payer = _text(part, "RltdPties", "Dbtr", "Pty", "Nm") or _text(part, "RltdPties", "Dbtr", "Nm")
    words = [_own(row) for row in _all(part, "RmtInf", "Ustrd")]
    words += [_own(row) for row in _all(part, "RmtInf", "Strd", "CdtrRefInf", "Ref")]
    own = _text(part, "Refs", "EndToEndId")
    words += [own] if own not in ("", "NOTPROVIDED") else []
    account = _text(part, "RltdPties", "DbtrAcct", "Id", "IBAN").replace(" ", "")
    return StatementLine(
        booked_on, amount, payer=payer[:_NAME_MAX], payer_account=account[:_ACCOUNT_MAX],
        remittance=(" ".join(filter(None, words)) or more)[:_TEXT_MAX], reference=reference[:_REFERENCE_MAX],
    )  # fmt: skip


def _all(row: etree._Element, *path: str) -> list[etree._Element]:
    """The elements at the end of a path of names, whatever their namespace."""
    found = [row]
    for name in path:
        found = [child for parent in found for child in parent if etree.QName(child).localname == name]
    return found


def _text(row: etree._Element, *path: str) -> str:
    return next((text for found in _all(row, *path) if (text := _own(found))), "")


def _own(row: etree._Element) -> str:
    """Text in one line, without what PostgreSQL or a page cannot carry."""
    return " ".join(
        "".join(sign for sign in (row.text or "") if sign.isprintable() or sign.isspace()).split()
    )


def _amount(row: etree._Element, *path: str) -> Money | None:
    """An amount in its currency; banks may write more zeros than the currency has decimals."""
    for found in _all(row, *path):
        currency, text = found.get("Ccy", ""), _own(found)
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        try:
            return Money(parse_plain(text, currency), currency)
        except ZetelError:
            return None
    return None


def _date(entry: etree._Element) -> date | None:
    text = _text(entry, "BookgDt", "Dt") or _text(entry, "BookgDt", "DtTm") or _text(entry, "ValDt", "Dt")
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
