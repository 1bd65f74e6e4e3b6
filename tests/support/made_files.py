"""Files of every kind, made from a few words: good ones, and ones that nobody would send by accident."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from email.message import EmailMessage

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_XML = '<?xml version="1.0" encoding="UTF-8"?>'


def zipped(entries: Iterable[tuple[str, str | bytes]]) -> bytes:
    """A ZIP archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def locked(archive: bytes) -> bytes:
    """The archive with every part marked as encrypted."""
    data = bytearray(archive)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + flags] |= 1
            place = data.find(signature, place + 4)
    return bytes(data)


def words(*lines: str) -> bytes:
    """What draws these lines on a PDF page."""
    shown = b" ".join(b"(%s) Tj T*" % line.encode("cp1252") for line in lines)
    return b"BT /F1 12 Tf 72 720 Td 14 TL " + shown + b" ET"


PICTURE = b"q 400 0 0 600 100 100 cm 0 0 1 1 re f Q"
"""A page with a mark on it and no letters, as a scan has."""


def pdf(pages: Sequence[bytes], *, catalog: bytes = b"", trailer: bytes = b"", more: Sequence[bytes] = ()) -> bytes:
    """A PDF with one content stream a page; `more` are further objects, numbered from 4 + 2 * pages."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * place) for place in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for place, content in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (5 + 2 * place)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    objects += more
    parts = [b"%PDF-1.4\n"]
    offsets, size = [], len(parts[0])
    for number, content in enumerate(objects, 1):
        offsets.append(size)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        size += len(parts[-1])
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table))
    end = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
    parts.append(end % (len(objects) + 1, trailer, size))
    return b"".join(parts)


def locked_pdf() -> bytes:
    """A PDF that asks for a password."""
    lock = b"/ID [<%s> <%s>] /Encrypt << /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>"
    return pdf([words("secret")], trailer=lock % (b"0a" * 16, b"0a" * 16, b"ab" * 32, b"cd" * 32))


def paragraph(text: str, style: str = "") -> str:
    """A paragraph of a Word document; `style` such as "Heading1"."""
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{look}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def docx(body: str, *, before: str = "", more: Iterable[tuple[str, str]] = ()) -> bytes:
    """A Word document with this body; `before` stands between the XML declaration and the root."""
    types = (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
    )
    relations = (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    document = f'{_XML}{before}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return zipped(
        [
            ("[Content_Types].xml", types),
            ("_rels/.rels", relations),
            ("word/document.xml", document),
            *more,
        ]
    )


def shape(*paragraphs: str, kind: str = "body") -> str:
    """A text box of a slide; `kind` is the placeholder that it fills, "" for none."""
    place = f'<p:nvPr><p:ph type="{kind}"/></p:nvPr>' if kind else "<p:nvPr/>"
    lines = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in paragraphs)
    return f"<p:sp><p:nvSpPr>{place}</p:nvSpPr><p:txBody>{lines}</p:txBody></p:sp>"


def pptx(slides: Sequence[str], *, notes: Sequence[str] = (), order: Sequence[int] | None = None) -> bytes:
    """A presentation of slides, each the XML of its shapes; `order` in which they are shown, from 1."""
    spaces = f'xmlns:a="{_DRAWING}" xmlns:p="{_SLIDES}" xmlns:r="{_OFFICE}"'
    shown = order or range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + number}" r:id="r{number}"/>' for number in shown)

    def relations(*entries: tuple[str, str, str]) -> str:
        listed = "".join(f'<Relationship Id="{id}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for id, kind, to in entries)
        return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'

    entries = [
        ("[Content_Types].xml", f'{_XML}<Types xmlns="{_PACKAGE}/content-types"/>'),
        ("_rels/.rels", relations(("r1", "officeDocument", "ppt/presentation.xml"))),
        ("ppt/presentation.xml", f"{_XML}<p:presentation {spaces}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"),
        (
            "ppt/_rels/presentation.xml.rels",
            relations(*((f"r{number}", "slide", f"slides/slide{number}.xml") for number in range(1, len(slides) + 1))),
        ),
    ]
    for number, shapes in enumerate(slides, 1):
        tree = f"<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>"
        entries.append((f"ppt/slides/slide{number}.xml", f"{_XML}<p:sld {spaces}>{tree}</p:sld>"))
        if number <= len(notes):
            note = f"<p:cSld><p:spTree>{shape(notes[number - 1])}{shape('7', kind='sldNum')}</p:spTree></p:cSld>"
            entries.append(
                (
                    f"ppt/slides/_rels/slide{number}.xml.rels",
                    relations(("r1", "notesSlide", f"../notesSlides/notesSlide{number}.xml")),
                )
            )
            entries.append((f"ppt/notesSlides/notesSlide{number}.xml", f"{_XML}<p:notes {spaces}>{note}</p:notes>"))
    return zipped(entries)


def epub(chapters: Sequence[str], *, title: str = "A book", more: Iterable[tuple[str, str]] = ()) -> bytes:
    """A book of chapters, each the XHTML of one file."""
    items = "".join(
        f'<item id="c{number}" href="text/chapter%20{number}.xhtml" media-type="application/xhtml+xml"/>'
        for number in range(1, len(chapters) + 1)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(1, len(chapters) + 1))
    package = (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        f'{_XML}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    files = [(f"OEBPS/text/chapter {number}.xhtml", text) for number, text in enumerate(chapters, 1)]
    return zipped(
        [
            ("mimetype", "application/epub+zip"),
            ("META-INF/container.xml", container),
            ("OEBPS/book.opf", package),
            *files,
            *more,
        ]
    )


def eml(
    text: str | None,
    *,
    html: str | None = None,
    subject: str = "Parcel lost",
    attachments: Iterable[tuple[str, str, bytes]] = (),
) -> bytes:
    """A mail; attachments are (file name, content type, bytes)."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Ann <ann@example.org>"
    message["Date"] = "Mon, 03 Feb 2025 10:00:00 +0100"
    if text is not None:
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    for name, kind, content in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def xlsx(sheets: Mapping[str, Iterable[Sequence[object]]]) -> bytes:
    """A workbook of these sheets, each a list of rows."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def manual(pages: int) -> bytes:
    """A PDF whose every page is full of lines: a few thousand pages take the reader several seconds."""
    return pdf(
        [words(*(f"Line {number} of a long manual about boots, hats and shoes" for number in range(45)))] * pages
    )


def scan() -> bytes:
    """A PDF of two pages without a letter on them."""
    return pdf([PICTURE, PICTURE])


def bomb() -> bytes:
    """A Word document that unpacks to a thousand times its size."""
    return docx(paragraph("boom") + "<w:p/>" * 10 + " " * 60_000_000)
