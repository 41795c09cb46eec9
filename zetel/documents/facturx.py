"""What makes a PDF/A-3 with a `factur-x.xml` inside a Factur-X: the entries in its XMP metadata.

The typesetter embeds the file and writes PDF/A-3, but knows nothing of Factur-X. Its metadata is one plain stream
near the end; the entries are put into that, and the offsets in the table after it move along. Same bytes in, same
bytes out, in well under a millisecond.
"""

import re

FILE_NAME = "factur-x.xml"
_NAMESPACE = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_SAID = {
    "DocumentType": ("INVOICE", "The type of the hybrid document"),
    "DocumentFileName": (FILE_NAME, "The name of the embedded XML document"),
    "Version": ("1.0", "The version of the standard that the embedded XML document follows"),
    "ConformanceLevel": ("EN 16931", "The conformance level of the embedded XML document"),
}
_METADATA = re.compile(rb"(\d+) 0 obj\n<</Length (\d+)/Type/Metadata/Subtype/XML>>\nstream\n")
_TABLE = re.compile(
    rb"\nxref\n0 (\d+)\n((?:\d{10} \d{5} [fn]\r\n)+)trailer\n(.*)\nstartxref\n(\d+)\n%%EOF\s*$", re.DOTALL
)
_SCHEMAS_END = b"</rdf:Bag></pdfaExtension:schemas>"
_DESCRIPTIONS_END = b"</rdf:RDF>"


def declared(pdf: bytes) -> bytes:
    """The PDF that says of itself that it carries an invoice as data."""
    found = _METADATA.search(pdf)
    assert found, "the typesetter writes its metadata as a plain stream"
    start, length = found.end(), int(found[2])
    metadata = _with_entries(pdf[start : start + length])
    head = b"%s 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n" % (found[1], len(metadata))
    longer = pdf[: found.start()] + head + metadata + pdf[start + length :]
    return _moved(longer, after=found.start(), by=len(longer) - len(pdf))


def _with_entries(metadata: bytes) -> bytes:
    for place in (_SCHEMAS_END, _DESCRIPTIONS_END):
        assert metadata.count(place) == 1, f"the typesetter's metadata has one {place.decode()}"
    metadata = metadata.replace(_SCHEMAS_END, _schema().encode() + _SCHEMAS_END)
    return metadata.replace(_DESCRIPTIONS_END, _description().encode() + _DESCRIPTIONS_END)


def _schema() -> str:
    """PDF/A asks that every kind of entry it does not know is described."""
    properties = "".join(
        '<rdf:li rdf:parseType="Resource"><pdfaProperty:category>external</pdfaProperty:category>'
        f"<pdfaProperty:description>{description}</pdfaProperty:description>"
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
        for name, (_value, description) in _SAID.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{_NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


def _description() -> str:
    entries = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _description) in _SAID.items())
    return f'<rdf:Description rdf:about="" xmlns:fx="{_NAMESPACE}">{entries}</rdf:Description>'


def _moved(pdf: bytes, *, after: int, by: int) -> bytes:
    """The table of offsets once more, for objects that begin later than before."""
    table = _TABLE.search(pdf)
    assert table, "the typesetter ends with a plain table of offsets"
    rows = []
    for row in table[2].splitlines():
        offset = int(row[:10])
        rows.append(b"%010d%s\r\n" % (offset + by if offset > after else offset, row[10:]))
    ends = (table[1], b"".join(rows), table[3], int(table[4]) + by)
    return pdf[: table.start()] + b"\nxref\n0 %s\n%strailer\n%s\nstartxref\n%d\n%%%%EOF" % ends
