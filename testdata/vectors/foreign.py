"""Vectors of node, Go, Perl and Java: one process each.

The program reads lines of base64, a text each, and answers each with a line: a
JSON array of base64, one output for each of its forms. Its first line is a JSON
array of the forms: [form, align, decode, quotes].
"""
import base64
import json
import os
import re
import subprocess
import tempfile

from vectors import HERE, Tool, text, texts, values


# What puts U+FFFD for bytes that are no UTF-8, or no characters of XML, has no
# form of such a value.
LOSSY = {"xml.EscapeText", "json.Marshal", "json.Marshal twice", "json, SetEscapeHTML(false)", "html/template text", "html/template attribute"}


def whole(v):
    return text(v) and not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", v)


def program(file, tool, version, argv, takes=text):
    all_texts = list(dict.fromkeys(t for _, v in values() if takes(v) for t in texts(v)))
    lines = b"".join(base64.b64encode(t) + b"\n" for t in all_texts)
    p = subprocess.run(argv, input=lines, stdout=subprocess.PIPE, check=True, cwd=HERE)
    head, *answers = p.stdout.splitlines()
    table = {t: json.loads(a) for t, a in zip(all_texts, answers, strict=True)}
    t = Tool(file, tool, version)
    for i, (form, align, decode, quotes) in enumerate(json.loads(head)):
        t.form(form, lambda x, i=i: base64.b64decode(table[x][i]), align=align, decode=decode, takes=whole if form in LOSSY else takes,
               quotes=[(a.encode(), b.encode()) for a, b in quotes] or ((b"", b""),))


def output(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout.decode().strip()


def main():
    program("node", "node", output("node", "--version"), ["node", "node.js"])
    program("go", "go", output("go", "env", "GOVERSION"), ["go", "run", "go.go"], takes=lambda v: True)
    program("perl", "perl", output("perl", "-e", "print $^V"), ["perl", "perl.pl"], takes=lambda v: True)
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["javac", "-d", d, "Java.java"], check=True, cwd=HERE)
        program("java", "java", output("java", "--version").split("\n")[0], ["java", "-cp", d, "Java"])


if __name__ == "__main__":
    main()
