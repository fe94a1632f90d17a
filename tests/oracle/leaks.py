#!/usr/bin/env python3
"""Look for planted secrets in everything that an assessment has written.

    python3 leaks.py OUT_DIR CANARIES

CANARIES holds one secret a line, as they were planted in the evidence. Every file under OUT_DIR is searched for every
one of them, and so are the files' names:
- the bytes as they lie, with markup and escapes (HTML, URL, JSON) undone, and with all white space removed, for a report
  may break a line inside a secret; also in UTF-16, and in base64;
- PDF: the text, by pdftotext of poppler-utils, which must be installed if there is a PDF; and, as far as that goes, every
  stream that zlib can inflate (document information, attachments);
- members of zip archives (xlsx and its kin, also zips in zips), and gzip.
The first 16 characters of a secret count as the secret: a value cut short is still a value shown.

Not searched in earnest: Parquet. Its pages are compressed and dictionary-encoded, so that a plain search proves little;
the product's own tests read its columns back and look there.

Exit code 0: nothing found; 1: something was, and each find is named by file, by line of CANARIES, and by how it was
written, never by its value; 2: the search could not be done in full (nothing to search, no canaries, no pdftotext, a
broken archive).
"""
import base64
import gzip
import html
import io
import re
import shutil
import subprocess
import sys
import urllib.parse
import zipfile
import zlib
from pathlib import Path

PREFIX = 16
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
# White space, soft hyphens and what else may stand between two letters unseen, as UTF-8.
UNSEEN = re.compile("[\\s\u00ad\u200b\u200c\u200d\u2060\ufeff]+")
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


class CannotSearch(Exception):
    pass


def needles(canaries):
    """[(bytes, line of the list, how it is written)], whole values before their beginnings."""
    whole, cut, seen = [], [], set()
    for line, value in canaries:
        raw = value.encode()
        forms = [("", raw), ("in base64,", base64.b64encode(raw)), ("in base64,", base64.urlsafe_b64encode(raw)),
                 ("in UTF-16,", value.encode("utf-16-le")), ("in UTF-16,", value.encode("utf-16-be"))]
        whole += [(form.rstrip(b"="), line, how) for how, form in forms]
        if len(value) > PREFIX and value[:PREFIX] not in seen:
            seen.add(value[:PREFIX])
            cut.append((raw[:PREFIX], line, "the beginning of"))
    return list(dict.fromkeys(whole)), cut


def undone(text):
    """The text with HTML, JSON and URL escapes undone."""
    text = html.unescape(text)
    text = ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), text).replace("\\/", "/").replace('\\"', '"')
    return urllib.parse.unquote(text)


def views(data):
    """The same content in the forms in which a secret could be found."""
    yield data
    text = data.decode("utf-8", "replace")
    plain = undone(text)
    if plain != text:
        yield plain.encode("utf-8", "replace")
    yield UNSEEN.sub("", text).encode("utf-8", "replace")
    # Tags may cut a value in two, as a highlighter does.
    yield UNSEEN.sub("", re.sub(r"<[^<>]{0,2000}>", "", plain)).encode("utf-8", "replace")


def pdf_text(path_or_bytes):
    tool = shutil.which("pdftotext")
    if not tool:
        raise CannotSearch("there is a PDF to search, but no pdftotext (install poppler-utils)")
    done = subprocess.run([tool, "-enc", "UTF-8", "-", "-"], input=path_or_bytes, capture_output=True, check=False)
    if done.returncode:
        raise CannotSearch(f"pdftotext failed: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")
    return done.stdout


def inflated(data):
    """Every stream of a PDF that zlib can inflate, in full or in part."""
    for match in STREAM.finditer(data):
        try:
            yield zlib.decompressobj().decompress(match.group(1))
        except zlib.error:
            continue


def parts(name, data, depth=0):
    """[(where, bytes)]: the file itself and whatever is packed in it."""
    yield name, data
    if depth > 4:
        return
    if data.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.infolist():
                    yield f"{name} ({member.filename}, name)", member.filename.encode()
                    if not member.is_dir():
                        yield from parts(f"{name} ({member.filename})", archive.read(member), depth + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as fault:
            raise CannotSearch(f"{name}: broken archive: {fault}") from fault
    elif data.startswith(b"\x1f\x8b"):
        try:
            yield from parts(f"{name} (unpacked)", gzip.decompress(data), depth + 1)
        except (OSError, EOFError, zlib.error) as fault:
            raise CannotSearch(f"{name}: broken gzip: {fault}") from fault
    elif data.lstrip()[:5] == b"%PDF-":
        yield f"{name} (text)", pdf_text(data)
        for stream in inflated(data):
            yield f"{name} (stream)", stream


def search(where, data, whole, cut):
    """{(where, line, how)}; a beginning is only told where no whole value was found."""
    found = set()
    forms = list(views(data))
    for needle, line, how in whole:
        if any(needle in form for form in forms):
            found.add((where, line, how))
    if not found:
        found = {(where, line, how) for needle, line, how in cut if any(needle in form for form in forms)}
    return found


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    out, listed = map(Path, arguments)
    found, files, canaries = set(), 0, []
    try:
        canaries = [(n, line) for n, line in enumerate(listed.read_text(encoding="utf-8").splitlines(), 1) if line.strip()]
        if not canaries:
            raise CannotSearch(f"{listed}: no canaries")
        whole, cut = needles(canaries)
        for path in sorted(p for p in out.rglob("*") if p.is_file()):
            if path.resolve() == listed.resolve():
                continue
            files += 1
            name = str(path.relative_to(out))
            found |= search(f"{name} (name)", name.encode(), whole, cut)
            for where, data in parts(name, path.read_bytes()):
                found |= search(where, data, whole, cut)
        if not files:
            raise CannotSearch(f"{out}: no files")
    except (CannotSearch, OSError) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    finally:
        for where, line, how in sorted(found):
            for _, value in canaries:
                where = where.replace(value, "[secret]")
            print(f"leak: {where}: {how + ' ' if how else ''}the secret on line {line} of {listed.name}")
    print(f"{files} files searched for {len(canaries)} secrets: {f'{len(found)} leaks' if found else 'none found'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
