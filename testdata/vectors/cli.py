"""Vectors of command-line tools: coreutils, xxd, hexdump, openssl, jq, bash, dash.

Left out, because what a line of theirs holds depends on all that came before it,
so that no form of a value is in the output:
  od, hexdump and xxd over several lines (16 bytes a line, with offsets between):
      here they have one line that is long enough; xxd -p, which only breaks the
      line, is wrapped as it comes
  od -c, -x, -o: words in the machine's byte order, padded characters
  base64 wrapped, then base64 again: the place of the inner line ends is unknown
"""
import os
import re
import subprocess

from vectors import Tool, text

ENV = {**os.environ, "LC_ALL": "C.UTF-8"}
C = {**ENV, "LC_ALL": "C"}


def sh(*argv, env=ENV, stdin=b""):
    p = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, check=True)
    return p.stdout


def version(*argv):
    return re.search(rb"[0-9]+\.[0-9][0-9a-z.()-]*|xxd [0-9-]+", sh(*argv)).group().decode()


def filters(tool, forms):
    for form, align, decode, takes in forms:
        tool.form(form, lambda t, a=form.split(): sh(*a, stdin=t), align=align, decode=decode, takes=takes,
                  quotes=((b" ", b""), (b"", b"")))


def coreutils():
    t = Tool("coreutils", "coreutils", version("base64", "--version"))
    filters(t, [
        ("base64 -w0", 3, "base64", lambda v: True),
        ("base64 -w64", 3, "base64", lambda v: True),
        ("base64 -w76", 3, "base64", lambda v: True),
        ("basenc --base64url -w0", 3, "base64url", lambda v: True),
        ("base32 -w0", 5, "base32", lambda v: True),
        ("base32", 5, "base32", lambda v: True),
        ("basenc --base16 -w0", 1, "hex", lambda v: True),
        ("od -An -v -tx1 -w8192", 1, "hex", lambda v: True),
    ])
    t.form("base64 -w0 | base64 -w0", lambda x: sh("base64", "-w0", stdin=sh("base64", "-w0", stdin=x)), align=3,
           decode="base64 base64")
    printf = ((b"''", b"''"), (b"''", b"'"), (b"'", b"''"), (b"'", b"'"), (b"\"", b"\""), (b"", b""))
    t.form("/usr/bin/printf %q", lambda x: sh("/usr/bin/printf", "%q", x), quotes=printf)
    t.form("/usr/bin/printf %q, LC_ALL=C", lambda x: sh("/usr/bin/printf", "%q", x, env=C), quotes=printf)


def dumps():
    t = Tool("xxd", "xxd", version("xxd", "-v"))
    filters(t, [
        ("xxd -p", 1, "hex", lambda v: True),
        ("xxd -p -u", 1, "hex", lambda v: True),
        ("xxd -p -c 256", 1, "hex", lambda v: True),
    ])
    one_line = lambda v: len(v) <= 180 and all(32 <= b < 127 for b in v)
    # The right column shows what is not ASCII as dots: half a value. Offset and columns of blanks go.
    t.form("xxd -c 256 -g 2", lambda x: sh("xxd", "-c", "256", "-g", "2", stdin=x)[10:].split(b"  ")[0],
           takes=one_line, decode="hex")
    t = Tool("hexdump", "hexdump", version("hexdump", "--version"))
    for fmt in ['1/1 "%02x"', '1/1 "%02x "', '1/1 "%02X:"']:
        t.form(f"hexdump -v -e '{fmt}'", lambda x, f=fmt: sh("hexdump", "-v", "-e", f, stdin=x), decode="hex",
               quotes=((b"", b" "), (b"", b":"), (b"", b"")))
    t = Tool("openssl", "openssl", version("openssl", "version"))
    filters(t, [("openssl base64", 3, "base64", lambda v: True), ("openssl base64 -A", 3, "base64", lambda v: True)])


def jq():
    t = Tool("jq", "jq", version("jq", "--version"))
    one = lambda f, *more: (lambda x: sh("jq", *more, "-n", "--arg", "v", x, f))
    string = ((b'"', b'"'),)
    for form, f, more, quotes, align, decode in [
        ("jq -n --arg v … '$v'", "$v", [], string, 1, ""),
        ("jq -a '$v'", "$v", ["-a"], string, 1, ""),
        ("jq -r '$v|@json'", "$v|@json", ["-r"], string, 1, ""),
        ("jq '$v|tojson'", "$v|tojson", [], ((b'"\\"', b'\\""'),), 1, ""),
        ("jq -r '$v|@base64'", "$v|@base64", ["-r"], (), 3, "base64"),
        ("jq -r '$v|@uri'", "$v|@uri", ["-r"], ((b"", b""),), 1, "percent"),
        ("jq -r '$v|@html'", "$v|@html", ["-r"], ((b"", b""),), 1, ""),
        ("jq -r '$v|@sh'", "$v|@sh", ["-r"], ((b"'", b"'"),), 1, ""),
        ("jq -r '[$v]|@csv'", "[$v]|@csv", ["-r"], string, 1, ""),
        ("jq -r '[$v]|@tsv'", "[$v]|@tsv", ["-r"], ((b"", b""),), 1, ""),
    ]:
        t.form(form, one(f, *more), quotes=quotes, align=align, decode=decode, takes=text)


def traced(shell, env=ENV):
    def run(x):
        out = sh(shell, "-c", 'set -x; : "$1"', shell, x, env=env)
        return out.removeprefix(b"+ : ")
    return run


def shells():
    quoted = ((b"$'", b"'"), (b"'", b"'"), (b"\"", b"\""), (b"", b""))
    t = Tool("bash", "bash", version("bash", "--version"))
    for name, env in ("", ENV), (", LC_ALL=C", C):
        t.form("set -x" + name, traced("bash", env), quotes=quoted)
        for form, script in [
            ("printf %q", 'printf "%q" "$1"'),
            ("${v@Q}", 'printf "%s" "${1@Q}"'),
            ("declare -p", 'v=$1; declare -p v'),
            ("export -p", 'v=$1; export v; export -p | sed -n "/ v=/,\\$p"'),
            ("set", 'v=$1; set | sed -n "/^v=/,\\$p"'),
        ]:
            q = quoted
            if form in ("declare -p", "export -p"):
                q = ((b"declare -- v=$'", b"'"), (b'declare -- v="', b'"'), (b"declare -x v=$'", b"'"), (b'declare -x v="', b'"'))
            if form == "set":
                q = ((b"v=$'", b"'"), (b"v='", b"'"), (b"v=", b""))
            t.form(form + name, lambda x, s=script, e=env: sh("bash", "-c", s, "bash", x, env=e), quotes=q)
    t.form("echo -e", lambda x: sh("bash", "-c", 'echo -e "$1"', "bash", x), takes=lambda v: b"\\c" not in v)
    t.form("read without -r", lambda x: sh("bash", "-c", 'IFS= read v; printf "%s" "$v"', "bash", stdin=x + b"\n"),
           takes=lambda v: b"\n" not in v)
    t = Tool("dash", "dash", sh("dpkg-query", "-W", "-f", "${Version}", "dash").decode())
    t.form("set -x", traced("dash"), quotes=quoted)
    t.form("export -p", lambda x: sh("dash", "-c", 'v=$1; export v; export -p | sed -n "/ v=/,\\$p"', "dash", x),
           quotes=((b"export v='", b"'"), (b'export v="', b'"'), (b"export v=", b"")), takes=lambda v: b"'" not in v)
    t.form("set", lambda x: sh("dash", "-c", 'v=$1; set | sed -n "/^v=/,\\$p"', "dash", x),
           quotes=((b"v='", b"'"), (b"v=", b"")), takes=lambda v: b"'" not in v)
    t.form("echo", lambda x: sh("dash", "-c", 'echo "$1"', "dash", x), takes=lambda v: b"\\c" not in v)


if __name__ == "__main__":
    coreutils()
    dumps()
    jq()
    shells()
