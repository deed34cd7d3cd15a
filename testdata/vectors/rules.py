"""Vectors by rule: the quoting of programs that cannot run here, written from
their documentation. Nothing of the program itself was run; version says which
text it was.
"""
import re

from vectors import Tool, text

NONE = ((b"", b""),)


def each(s, table):
    return "".join(table.get(c, c) for c in s)


def escaped(s, special, mark):
    return "".join(mark + c if c in special else c for c in s)


def form(tool, name, f, takes=text):
    tool.form(name, lambda b: f(b.decode()).encode(), NONE, takes=takes)


def json_string(s, extra="", ascii=False, digits="x", slash=False, always=""):
    """The inside of a JSON string. extra is written \\uXXXX with digits, the rest
    of what is not ASCII with x (PHP) or as digits says."""
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    out = []
    for c in s:
        if c in extra or c in always:
            out.append(f"\\u{ord(c):04{digits}}")
        elif c in short:
            out.append(short[c])
        elif c == "/" and slash:
            out.append("\\/")
        elif ord(c) < 32 or ascii and ord(c) > 126:
            units = c.encode("utf-16-be")
            out += [f"\\u{units[i] * 256 + units[i + 1]:04{digits}}" for i in range(0, len(units), 2)]
        else:
            out.append(c)
    return "".join(out)


def powershell():
    t = Tool("powershell", "PowerShell, by rule", "about_Quoting_Rules and about_Special_Characters, 7.4")
    form(t, 'in "…"', lambda s: escaped(s, '`$"', "`"))
    form(t, 'in "…", line ends escaped', lambda s: each(s, {"`": "``", "$": "`$", '"': '`"', "\n": "`n", "\r": "`r", "\t": "`t"}))
    form(t, "in '…'", lambda s: re.sub("(['‘’‚‛])", r"\1\1", s))
    # Windows PowerShell 5.1 uses JavaScriptSerializer, which escapes these four.
    form(t, "ConvertTo-Json, 5.1", lambda s: json_string(s, "<>&'\x7f"[:4], always="\u0085\u2028\u2029"))


def cmd():
    t = Tool("cmd", "cmd, by rule", "Windows commands: cmd, Remarks on special characters; SS64 escape characters")
    one_line = lambda v: text(v) and not re.search(rb"[\r\n]", v)
    form(t, "every special character with ^", lambda s: escaped(s, '&|<>^()%!"', "^"), one_line)
    form(t, "redirections and ^ only", lambda s: escaped(s, "&|<>^", "^"), one_line)
    form(t, "in a batch file: % doubled", lambda s: s.replace("%", "%%"), one_line)
    form(t, "echo of an unquoted value", lambda s: re.sub(r"\^(.)", r"\1", s), lambda v: one_line(v) and b'"' not in v)
    form(t, 'quotes doubled', lambda s: s.replace('"', '""'), one_line)
    form(t, 'quotes as \\"', lambda s: s.replace('"', '\\"'), one_line)


def commands():
    t = Tool("github", "GitHub workflow commands, by rule", "actions/toolkit packages/core/src/command.ts")
    data = {"%": "%25", "\r": "%0D", "\n": "%0A"}
    form(t, "escapeData", lambda s: each(s, data))
    form(t, "escapeProperty", lambda s: each(s, {**data, ":": "%3A", ",": "%2C"}))
    t = Tool("azure", "Azure Pipelines logging commands, by rule", "azure-pipelines-task-lib node/taskcommand.ts")
    lines = {"\r": "%0D", "\n": "%0A"}
    form(t, "escapedata", lambda s: each(s, {**lines, "%": "%AZP25"}))
    form(t, "escape", lambda s: each(s, {**lines, "%": "%AZP25", "]": "%5D", ";": "%3B"}))
    form(t, "escape, before %AZP25", lambda s: each(s, {**lines, "]": "%5D", ";": "%3B"}))


def writers():
    t = Tool("json-writers", "JSON of PHP, Gson, Jackson, .NET and Ruby, by rule", "their manuals")
    form(t, "PHP json_encode", lambda s: json_string(s, ascii=True, slash=True, always="\x00"))
    form(t, "PHP json_encode, JSON_UNESCAPED_UNICODE", lambda s: json_string(s, slash=True, always="\u2028\u2029"))
    form(t, "PHP json_encode, JSON_HEX_*", lambda s: json_string(s, "<>&'\"", digits="X", slash=True), lambda v: text(v) and all(31 < b < 127 for b in v))
    form(t, "Gson", lambda s: json_string(s, "<>&='", always="\u2028\u2029"))
    form(t, "Jackson", lambda s: json_string(s, digits="X"))
    form(t, "Jackson, ESCAPE_NON_ASCII", lambda s: json_string(s, digits="X", ascii=True), lambda v: text(v) and b"\x7f" not in v)
    form(t, "System.Text.Json", lambda s: json_string(s, "<>&'+`\"", digits="X", ascii=True))
    form(t, "Newtonsoft, EscapeHtml", lambda s: json_string(s, "<>&'\"", always="\u0085\u2028\u2029"))
    form(t, "Ruby JSON, script_safe", lambda s: json_string(s, slash=True, always="\u2028\u2029"))
    form(t, "Rails to_json", lambda s: json_string(s, "<>&", always="\u2028\u2029"))
    t = Tool("templates", "escaping of template engines, by rule", "their manuals")
    base = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    form(t, "PHP htmlspecialchars", lambda s: each(s, {**base, "'": "&#039;"}))
    form(t, "PHP htmlspecialchars, ENT_XML1", lambda s: each(s, {**base, "'": "&apos;"}))
    form(t, "Handlebars", lambda s: each(s, {**base, "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"}))
    form(t, "mustache.js", lambda s: each(s, {**base, "'": "&#39;", "`": "&#x60;", "=": "&#x3D;", "/": "&#x2F;"}))
    form(t, "Lodash escape", lambda s: each(s, {**base, "'": "&#39;"}))
    form(t, ".NET XmlWriter attribute", lambda s: each(s, {**base, "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"}))
    form(t, "libxml2 text", lambda s: each(s, {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}))
    form(t, "CDATA of Jackson XML, divided behind", lambda s: s.replace("]]>", "]]]]>]]&gt;<![CDATA["))


def others():
    t = Tool("quoting", "quoting of make, Compose, SQL, Ruby, git, strace, Rust and others, by rule", "their manuals")
    form(t, "make, Compose: $ doubled", lambda s: s.replace("$", "$$"))
    form(t, "make: # escaped", lambda s: s.replace("#", "\\#"), lambda v: text(v) and not v.startswith(b"#"))
    form(t, "SQL, YAML: ' doubled", lambda s: s.replace("'", "''"))
    form(t, "backslashes doubled", lambda s: s.replace("\\", "\\\\"))
    form(t, "Ruby Shellwords", lambda s: re.sub(r"([^A-Za-z0-9_\-.,:+/@\n])", r"\\\1", s))
    form(t, "PHP addslashes", lambda s: escaped(s, "'\"\\", "\\"))
    form(t, "sed, replacement", lambda s: escaped(s, "/&\\", "\\"))
    form(t, "LDAP, iCalendar", lambda s: escaped(s, '\\,;"', "\\"))
    c = {"\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    octal = lambda b: "".join(c.get(chr(x)) or (chr(x) if 32 <= x < 127 else f"\\{x:03o}") for x in b)
    t.form("git, core.quotePath", lambda b: octal(b).encode(), NONE)
    proto = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}
    t.form("protobuf text format", lambda b: "".join(proto.get(chr(x)) or (chr(x) if 32 <= x < 127 else f"\\{x:03o}") for x in b).encode(), NONE)
    rust = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    form(t, "Rust {:?}", lambda s: "".join(rust.get(x) or (x if x.isprintable() and not "\u0300" <= x <= "\u036f" else f"\\u{{{ord(x):x}}}") for x in s))


def urls():
    t = Tool("urls", "percent-encoding of PHP, .NET and RFC 3986, by rule", "their manuals; RFC 3986 appendix A")
    alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    def kept(name, keep, digits="X", plus=False):
        keep = {ord(c) for c in alnum + keep}
        code = lambda x: chr(x) if x in keep else "+" if plus and x == 32 else f"%{x:02{digits}}"
        t.form(name, lambda b: "".join(map(code, b)).encode(), NONE, decode="percent")

    kept("PHP urlencode", "-._", plus=True)
    kept("PHP rawurlencode, lower case", "-._~", digits="x")
    kept("HttpUtility.UrlEncode", "-._!*()", digits="x", plus=True)
    kept("RFC 3986 userinfo", "-._~!$&'()*+,;=")
    kept("RFC 3986 userinfo with a colon", "-._~!$&'()*+,;=:")
    kept("RFC 3986 path", "-._~!$&'()*+,;=:@/")
    kept("RFC 3986 query", "-._~!$&'()*+,;=:@/?")
    kept("brackets kept", "-._~!$&'()*+,;=:@/?[]")
    kept("all but letters and digits", "")


if __name__ == "__main__":
    powershell()
    cmd()
    commands()
    writers()
    others()
    urls()
