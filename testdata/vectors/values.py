"""Writes values.jsonl: the values that the vectors are made of.

Every key was generated for this file and opens nothing. Keys come out anew each
time, so run this only to change the list, and generate.sh after it.
"""
import base64
import json
import random
import subprocess
import sys

rng = random.Random(20260301)
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def token(n, alphabet=ALNUM):
    return "".join(rng.choice(alphabet) for _ in range(n))


def sh(*argv, stdin=b""):
    return subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()


rsa = sh("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
service_account = {
    "type": "service_account",
    "project_id": "generated-for-the-test",
    "private_key_id": token(40, "0123456789abcdef"),
    "private_key": sh("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "client_email": "nobody@generated-for-the-test.iam.gserviceaccount.com",
    "client_id": token(21, "0123456789"),
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
}
kubeconfig = f"""apiVersion: v1
kind: Config
clusters:
- name: generated-for-the-test
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: {base64.b64encode(rng.randbytes(90)).decode()}
users:
- name: ci
  user:
    token: {token(60)}
    client-key-data: {base64.b64encode(rng.randbytes(120)).decode()}
"""
docker = {"auths": {"registry.example.com": {"auth": base64.b64encode(("ci:" + token(24)).encode()).decode()}}}

VALUES = [
    ("token-8", "the shortest with derived forms", token(8)),
    ("token-12", "12 letters and digits", token(12)),
    ("token-16", "16", token(16)),
    ("token-20", "20", token(20)),
    ("token-40", "40, of a GitHub token's shape", "ghp_" + token(36)),
    ("token-64", "64 hexadecimal digits", token(64, "0123456789abcdef")),
    ("token-200", "200, over two lines of base64", token(200)),
    ("urlsafe", "base64url bytes, beginning with a hyphen", "-" + token(21, ALNUM + "-_") + "_-"),
    ("base64-key", "base64 bytes: + / =", "a+b/" + base64.b64encode(rng.randbytes(29)).decode() + "=="),
    ("aws-secret", "the shape of an AWS secret key", "Zq/+" + token(36, ALNUM + "+/")),
    ("uuid", "hyphens", "6f1c8a52-97de-4b03-b1c4-0d5e7aa93f18"),
    ("hyphen", "words and digits", "Kestrel-77-vermilion"),
    ("apostrophe", "one quote", "it's Kestrel's own"),
    ("quote", "the other", 'say "Kestrel" twice'),
    ("both-quotes", "both and a backtick", "a'b\"c`d'e\"f`g77"),
    ("typographic", "quotes that PowerShell doubles", "‘Kestrel’ and “77”"),
    ("quote-run", "runs of quotes", "'''Kes\"\"\"trel```77'"),
    ("percent", "percent signs, some of them look like escapes", "100%sure%20or%2Fnot%%x"),
    ("plus-equals", "form characters", "a=b&c+d=e+f&g==77"),
    ("url-chars", "all that URLs reserve", ":/?#[]@!$&'()*+,;=77"),
    ("backslash", "backslashes that mean nothing", r"C:\Kestrel\new\table\77"),
    ("backslash-end", "one at the end, two within", "Kestrel\\\\77\\vermilion\\"),
    ("dollar", "expansions", "pa$$w0rd$HOME${x}$(y)`z`77"),
    ("bang-caret", "history and cmd", "Kes!trel^77&ver|mil<ion>(x)"),
    ("globs", "globs and braces", "*Kes?trel[7]{a,b}~77#x"),
    ("hash-first", "a comment sign and a tilde lead", "#~Kestrel 77"),
    ("tilde-first", "a home directory", "~Kestrel,77=a:~b"),
    ("commands", "a workflow command", "::add-mask::Kestrel,77;a]b"),
    ("cdata", "the end of a CDATA section", "Kestrel]]>77<![CDATA[&amp;x"),
    ("markup", "markup", "<Kestrel a=\"7\" b='7'>&lt;/x"),
    ("json-text", "a JSON string, quotes and all", '"Kestrel \\"77\\" \\u00e9\\n/x"'),
    ("template", "template languages", "{{Kestrel}}${{ secrets.X }}<%= 77 %>"),
    ("sql", "SQL and LIKE", "Robert'); DROP TABLE x;--%_77"),
    ("lf", "a line feed", "first-line-of-it\nsecond-line-77"),
    ("crlf", "CRLF", "first-line-of-it\r\nsecond-line-77\r\nthird 'line' of it"),
    ("cr", "a bare CR", "first-part-of-it\rsecond-part-77"),
    ("tab", "tabs", "Kestrel\t77\tvermilion"),
    ("controls", "ESC, BEL, DEL, VT, FF, BS, SOH", "Kes\x1b[1mtrel\x07\x7f\x0b\x0c\x0877\x01"),
    ("blank-ends", "blanks around it", "  Kestrel 77 vermilion \n"),
    ("blanks", "double blanks inside", "correct  horse battery   staple"),
    ("latin", "two-byte UTF-8, upper and lower", "Grüße-aus-Ægypten-77-ÿ"),
    ("combining", "combining marks", "Ke\u0301strel\u0308-77-ver\u0327milion"),
    ("cjk", "three-byte UTF-8", "秘密の鍵-カワセミ-77"),
    ("astral", "four-byte UTF-8", "Kestrel🔑77🦅𝒱ermilion"),
    ("separators", "U+2028, U+2029, NEL, NBSP, BOM, ZWJ", "Kes\u2028trel\u202977\u0085a\u00a0b\ufeffc\u200dd"),
    ("dsn", "a connection string", "postgres://app:Kes%40trel-77@vault.kestrel.test:6432/prod?sslmode=require"),
    ("odbc", "another", "Server=tcp:db;User ID=app;Password={Kes;trel}}77};Encrypt=yes"),
    ("jwt", "a JSON Web Token", "eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(b'{"sub":"generated-for-the-test"}').decode().rstrip("=") + "." + token(43, ALNUM + "-_")),
    ("passphrase", "a sentence", "The quick brown fox; it's 100% \"lazy\" & $5 <cheap>!"),
    ("zeros", "a repeated byte", "0" * 24 + "7"),
    ("binary", "bytes that are no UTF-8, no NUL", bytes(b for b in rng.randbytes(90) if b)[:64]),
    ("binary-lines", "the same with line ends and quotes", b"\xff\xfe'\"key\n" + bytes(b for b in rng.randbytes(40) if b) + b"\r\n\\tail-of-it-77"),
    ("pem-rsa", "an RSA key in PKCS 8, generated for the test", rsa),
    ("pem-rsa-crlf", "a small RSA key with CRLF, generated for the test", sh("openssl", "rsa", "-traditional", stdin=sh("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512").encode()).replace("\n", "\r\n")),
    ("pem-ec", "a P-256 key, generated for the test", sh("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout")),
    ("pem-ed25519", "an Ed25519 key, generated for the test", sh("openssl", "genpkey", "-algorithm", "ED25519")),
    ("gcp", "a service-account file, generated for the test", json.dumps(service_account, indent=2)),
    ("kubeconfig", "a kubeconfig, generated for the test", kubeconfig),
    ("docker", "a docker config.json", json.dumps(docker, indent="\t")),
]

with open(sys.argv[1] if len(sys.argv) > 1 else "values.jsonl", "w", encoding="utf-8") as out:
    for name, why, value in VALUES:
        row = {"name": name, "why": why}
        if isinstance(value, bytes):
            row["base64"] = base64.b64encode(value).decode()
        else:
            row["text"] = value
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
