"""Vectors of Python's standard library, and of PyYAML, requests and MarkupSafe where they are installed.

Left out: textwrap of text with blanks, pprint and YAML's folding of long strings,
which put quotes, backslashes and line ends at places of their own; MIME encoded
words and quoted-printable, which are no forms.
"""
import base64
import csv
import html
import importlib.metadata
import io
import json
import platform
import re
import shlex
import textwrap
import urllib.parse
import xml.etree.ElementTree as ET
import xml.sax.saxutils as sax

from vectors import Tool, text

PY = Tool("python", "python", platform.python_version())
STRING = ((b'"', b'"'),)
TWICE = ((b'"\\"', b'\\""'),)
THRICE = ((b'"\\"\\\\\\"', b'\\\\\\"\\""'),)
REPR = ((b"'", b"'"), (b'"', b'"'))
NONE = ((b"", b""),)


def form(name, f, quotes=NONE, tool=PY, takes=text, **more):
    """f takes and returns str."""
    tool.form(name, lambda b: f(b.decode()).encode(), quotes, takes=takes, **more)


def form_of_bytes(name, f, quotes=NONE, **more):
    PY.form(name, lambda b: f(b).encode(), quotes, **more)


def literals():
    raw = lambda s: json.dumps(s, ensure_ascii=False)
    form("json.dumps(s)", json.dumps, STRING)
    form("json.dumps(s, ensure_ascii=False)", raw, STRING)
    form("json.dumps(json.dumps(s))", lambda s: json.dumps(json.dumps(s)), TWICE)
    form("json.dumps twice, ensure_ascii=False", lambda s: raw(raw(s)), TWICE)
    form("json.dumps three times, ensure_ascii=False", lambda s: raw(raw(raw(s))), THRICE, takes=lambda v: text(v) and len(v) <= 200)
    form("repr(str)", repr, REPR)
    form("ascii(str)", ascii, REPR)
    form("repr of a dict", lambda s: repr({"k": s}), ((b"{'k': '", b"'}"), (b"{'k': \"", b'"}')))
    form_of_bytes("repr(bytes)", repr, ((b"b'", b"'"), (b'b"', b'"')))
    form_of_bytes("repr(os.fsdecode(bytes))", lambda b: repr(b.decode("utf-8", "surrogateescape")), REPR)
    form("re.escape(s)", re.escape)
    form("shlex.quote(s)", shlex.quote, ((b"'", b"'"), (b"", b"")))


def percent():
    quote, plus = urllib.parse.quote, urllib.parse.quote_plus
    form("urllib.parse.quote(s)", quote, decode="percent")
    form("urllib.parse.quote(s, safe='')", lambda s: quote(s, safe=""), decode="percent")
    form("urllib.parse.quote_plus(s)", plus, decode="percent")
    form("urllib.parse.quote(s, safe=' +'), as SQLAlchemy 2 does", lambda s: quote(s, safe=" +"), decode="percent")
    form("urllib.parse.urlencode({'k': s})", lambda s: urllib.parse.urlencode({"k": s}), ((b"k=", b""),), decode="percent")
    form("quote(quote(s, safe=''), safe='')", lambda s: quote(quote(s, safe=""), safe=""))
    form("quote_plus(quote_plus(s))", lambda s: plus(plus(s)))


def element(s, encoding):
    e = ET.Element("a")
    e.text = s
    return ET.tostring(e, encoding=encoding).decode()


def quoted_csv(s):
    f = io.StringIO()
    csv.writer(f, quoting=csv.QUOTE_ALL).writerow([s])
    return f.getvalue()[:-2]


def markup():
    # What XML cannot hold at all is left out.
    xml = lambda v: text(v) and not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", v)
    form("html.escape(s)", html.escape)
    form("html.escape(html.escape(s))", lambda s: html.escape(html.escape(s)))
    form("html.escape(s, quote=False)", lambda s: html.escape(s, quote=False))
    form("saxutils.escape(s)", sax.escape)
    form("saxutils.quoteattr(s)", sax.quoteattr, REPR)
    form("ElementTree text", lambda s: element(s, "us-ascii"), ((b"<a>", b"</a>"),), takes=xml)
    form("ElementTree text, unicode", lambda s: element(s, "utf-8"), ((b"<a>", b"</a>"),), takes=xml)
    form("ElementTree attribute", lambda s: ET.tostring(ET.Element("a", b=s)).decode(), ((b'<a b="', b'" />'),), takes=xml)
    form("CDATA, divided", lambda s: s.replace("]]>", "]]]]><![CDATA[>"))
    form("csv.writer, QUOTE_ALL", quoted_csv, STRING)


def digits():
    b64 = base64.b64encode
    form_of_bytes("base64.b64encode", lambda b: b64(b).decode(), align=3, decode="base64")
    form_of_bytes("base64.urlsafe_b64encode", lambda b: base64.urlsafe_b64encode(b).decode(), align=3, decode="base64url")
    form_of_bytes("base64.urlsafe_b64encode, rstrip('=')", lambda b: base64.urlsafe_b64encode(b).decode().rstrip("="), align=3, decode="base64url")
    form_of_bytes("base64.encodebytes", lambda b: base64.encodebytes(b).decode(), align=3, decode="base64")
    form_of_bytes("b64encode twice", lambda b: b64(b64(b)).decode(), align=3, decode="base64 base64")
    form("b64encode of UTF-16LE", lambda s: b64(s.encode("utf-16-le")).decode(), align=3)
    form_of_bytes("textwrap.fill(b64encode, 40)", lambda b: textwrap.fill(b64(b).decode(), 40), align=3, decode="base64")
    form_of_bytes("base64.b32encode", lambda b: base64.b32encode(b).decode(), align=5, decode="base32")
    form_of_bytes("base64.b16encode", lambda b: base64.b16encode(b).decode(), decode="hex")
    form_of_bytes("bytes.hex()", bytes.hex, decode="hex")
    form_of_bytes("bytes.hex(' ')", lambda b: b.hex(" "), decode="hex")
    form_of_bytes("bytes.hex(':')", lambda b: b.hex(":"), decode="hex")
    form_of_bytes("bytes.hex(' ', -2)", lambda b: b.hex(" ", -2), decode="hex")
    form_of_bytes("bytes.hex('-').upper()", lambda b: b.hex("-").upper(), decode="hex")
    form_of_bytes(r"'\x%02x'", lambda b: "".join(f"\\x{c:02x}" for c in b))
    form_of_bytes(r"'\x%02X'", lambda b: "".join(f"\\x{c:02X}" for c in b))
    brackets, short = ((b"[", b"]"),), lambda v: len(v) <= 64
    form_of_bytes("list(bytes)", lambda b: str(list(b)), brackets, takes=short)
    form_of_bytes("list of bytes as compact JSON", lambda b: json.dumps(list(b), separators=(",", ":")), brackets, takes=short)
    form_of_bytes("bytes as Go's %v has them", lambda b: "[" + " ".join(map(str, b)) + "]", brackets, takes=short)
    PY.form("encode('utf-16-le')", lambda b: b.decode().encode("utf-16-le"), takes=text)
    # It also breaks lines where Python's splitlines does.
    form("textwrap.indent", lambda s: textwrap.indent(s, "    "), ((b"    ", b""),),
         takes=lambda v: text(v) and not set(v.decode()) & set("\v\f\x1c\x1d\x1e\x85\u2028\u2029"))


def others():
    try:
        import yaml
        tool = Tool("pyyaml", "PyYAML", yaml.__version__)
        dump = lambda **how: (lambda s: yaml.dump(s, width=1 << 30, **how))
        form("yaml.dump, default_style='\"'", dump(default_style='"'), STRING, tool=tool)
        form("yaml.dump, default_style='\"', allow_unicode", dump(default_style='"', allow_unicode=True), STRING, tool=tool)
        form("yaml.dump, default_style=\"'\"", dump(default_style="'"), REPR, tool=tool)
    except ImportError:
        print("no PyYAML: its vectors stay as they are")
    try:
        import requests
        form("requests.utils.requote_uri", requests.utils.requote_uri, takes=lambda v: text(v) and b"%" not in v,
             tool=Tool("requests", "requests", requests.__version__))
    except ImportError:
        print("no requests: its vectors stay as they are")
    try:
        import markupsafe
        form("markupsafe.escape", lambda s: str(markupsafe.escape(s)),
             tool=Tool("markupsafe", "MarkupSafe", importlib.metadata.version("markupsafe")))
    except ImportError:
        print("no MarkupSafe: its vectors stay as they are")


if __name__ == "__main__":
    literals()
    percent()
    markup()
    digits()
    others()
