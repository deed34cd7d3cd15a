"""What the generators of vectors share.

A generator runs foreign tools over texts and hands each form's outputs to
Tool.form. For a value V the texts are, in this order:

  0      V alone
  1-3    V in other text: after "user:", as a string of a JSON document, as the
         password of a DSN: at 5, 16 and 12 bytes, so at every alignment of base64
  4-6    the same texts without V
  7-16   V behind 0 to 4 bytes of padding and before 3 more, padded with U, then
         with *, whose low seven bits all differ. What both outputs agree on is
         determined by V; needed where an encoding is not made byte by byte

A line of a .jsonl file is a form's head (tool, version, form) or a vector of the
form before it:

  value  its name in values.jsonl; a value for which the tool has already put out
         the same is left out
  in     the outputs for texts 1-3
  alone  what must not be seen in any output: the output for V alone, without the
         tool's own quotes; or, for each alignment, what V determines of it. What
         stands in the first output is given by its place: [from, to] in bytes
  rest   the lengths of the outputs for texts 4-6

Strings are text, or, where they are no UTF-8, U+0000 and base64.
"""
import base64
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
AROUND = [(b"user:", b""), (b'{"n":1,"token":"', b'"}\n'), (b"mysql://app:", b"@db.example.com:3306/x?a=1")]


def values():
    with open(os.path.join(HERE, "values.jsonl"), encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            yield row["name"], row["text"].encode() if "text" in row else base64.b64decode(row["base64"])


def texts(v):
    out = [v] + [a + v + b for a, b in AROUND] + [a + b for a, b in AROUND]
    for n in range(5):
        out += [pad * n + v + pad * 3 for pad in (b"U", b"*")]
    return out


def is_text(v):
    try:
        v.decode()
        return True
    except UnicodeDecodeError:
        return False


def plain(b):
    return b.decode() if is_text(b) and not b.startswith(b"\0") else "\0" + base64.b64encode(b).decode()


def placed(b, whole):
    i = whole.find(b)
    return [i, i + len(b)] if i >= 0 else plain(b)


def agreed(x, y):
    """The longest run at which two outputs agree, blanks aside."""
    x, y = (bytes(c for c in s if c not in b" \n") for s in (x, y))
    best, run = b"", b""
    for i in range(min(len(x), len(y))):
        run = run + x[i:i + 1] if x[i] == y[i] else b""
        best = max(best, run, key=len)
    return best


def unquote(b, quotes):
    b = b[:-1] if b.endswith(b"\n") else b
    for left, right in quotes:
        if b.startswith(left) and b.endswith(right) and len(b) >= len(left) + len(right):
            return b[len(left):len(b) - len(right)]
    raise ValueError(f"{b[:40]!r} is in none of the quotes {quotes}")


class Tool:
    """One file of vectors."""

    def __init__(self, file, tool, version):
        self.out = open(os.path.join(HERE, file + ".jsonl"), "w", encoding="utf-8")
        self.tool, self.version = tool, version
        self.seen = set()

    def line(self, **row):
        self.out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")

    def form(self, form, run, quotes=((b"", b""),), align=1, decode="", takes=lambda v: True):
        """Runs run(text) -> output over all values that the tool takes.

        align is the number of bytes that the encoding makes one group of, decode
        the way back that the test knows (base64, base64url, base32, hex, percent).
        """
        self.line(tool=self.tool, version=self.version, form=form, align=align, decode=decode)
        for name, v in values():
            if not takes(v):
                continue
            t = texts(v)
            outs = [run(x) for x in t[:7]]
            if (name, *outs) in self.seen:
                continue
            self.seen.add((name, *outs))
            if align == 1:
                alone = [unquote(outs[0], quotes)]
            else:
                alone = [agreed(run(t[7 + 2 * a]), run(t[8 + 2 * a])) for a in range(align)]
            self.line(value=name, **{"in": [plain(o) for o in outs[1:4]]},
                      alone=[placed(a, outs[1]) for a in alone], rest=[len(o) for o in outs[4:]])


def text(v):
    """For tools that take text: of bytes that are no UTF-8 they lose what they are."""
    return is_text(v)
