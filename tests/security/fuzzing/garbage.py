"""Values that have broken programs before, and random ones."""

from __future__ import annotations

from random import Random

LONG = "A" * 9000
TEXTS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1",
        "00",
        "-0",
        "+1",
        "1.5",
        "1e309",
        "NaN",
        "inf",
        "1_000",
        "٣",
        "½",
        "²",
        "9" * 25,
    ),
    *(
        "9" * 5000,
        "0x10",
        "2147483648",
        "9223372036854775808",
        "-9223372036854775809",
        "true",
        "null",
        "None",
        "[]",
    ),
    *(
        "{}",
        "[[[[",
        '{"a":',
        '{"a": NaN}',
        '{"$type": 1}',
        "[" * 3000,
        '"\\ud800"',
        "a\x00b",
        "\x00",
        "\x7f",
        "\x1b[31m",
    ),
    *(
        "\u202egpj.exe",
        "\ufeff",
        "\u2028",
        "\ufffd",
        "𝕬𝖇",
        "👩‍👩‍👧‍👦",
        "e\u0301" * 50,
        "İ",
        "ß",
        "\u0130" * 200,
    ),
    *(
        "'",
        '"',
        "' OR 1=1 --",
        "%",
        "%%",
        "_",
        "\\",
        "%s%n",
        "{0.__class__}",
        "{{7*7}}",
        "{% load x %}",
        "${7*7}",
    ),
    *(
        "<script>alert(1)</script>",
        "<!--",
        "]]>",
        "&#0;",
        "../../etc/passwd",
        "..\\..\\",
        "/etc/passwd",
        "C:\\",
    ),
    *(
        "//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://[",
        "http://][",
    ),
    *(
        "http://[::1",
        "http://a:b",
        "///",
        "/\\evil.example",
        "a\r\nSet-Cookie: x=y",
        "a\nb",
        "\r\n\r\n",
        "a;b",
        "a,b",
    ),
    *(
        "00000000-0000-0000-0000-000000000000",
        "urn:uuid:00000000-0000-0000-0000-000000000001",
        "{" + "0" * 32 + "}",
    ),
    *("2026-02-30", "2026-13-01T99:99:99Z", "0000-00-00", "9999-12-31T23:59:59.999999+23:59", "-1-1-1"),
    *(
        "alice@example.com",
        "a@b",
        "@",
        "a@" + "b" * 250 + ".example",
        "sandbox",
        "owner",
        "wallet.create",
        "xn--a-",
    ),
    *(
        "0x" + "0" * 64,
        "0x" + "f" * 40,
        "0x",
        "0xzz",
        "LPT1",
        "__proto__",
        "constructor",
        "self",
        "pk",
        "id",
        LONG,
    ),
)
#: Sent as they are in an address: no well-formed text percent-encodes to these.
RAW = (
    "%00",
    "%",
    "%%",
    "%zz",
    "%ED%A0%80",
    "%C0%AF",
    "%FF%FE",
    "%F0%9F",
    "a=%",
    "=",
    "&&&",
    ";",
    "[]=1",
    "a[b][c]=1",
)
CONTENT_TYPES = (
    *("application/x-www-form-urlencoded", "application/json", "text/plain", "", "x", "multipart/form-data"),
    *(
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=b",
        "multipart/form-data; boundary=" + "b" * 300,
    ),
    *(
        "multipart/form-data; boundary=\u00e9",
        "multipart/mixed; boundary=b",
        "application/x-www-form-urlencoded; charset=utf-7",
    ),
    *(
        "application/x-www-form-urlencoded; charset=rot13",
        "text/plain; charset=undefined",
        "text/plain; charset*=x''%00",
    ),
    *(
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded; charset=idna",
        ";;;",
        'a/b; c="',
        "\x00",
    ),
)
HEADERS = (
    *(("HTTP_HX_REQUEST", "true"), ("HTTP_HX_TARGET", "palette-list"), ("HTTP_HX_CURRENT_URL", "http://[")),
    *(
        ("HTTP_ACCEPT_LANGUAGE", "x" * 3000),
        ("HTTP_ACCEPT_LANGUAGE", "de;q=NaN,*;q=-1,\x00"),
        ("HTTP_REFERER", "http://["),
    ),
    *(
        ("HTTP_HOST", "evil.example"),
        ("HTTP_HOST", ""),
        ("HTTP_HOST", "localhost:port"),
        ("HTTP_HOST", "[::1"),
        ("HTTP_HOST", "a b"),
    ),
    *(
        ("HTTP_X_FORWARDED_FOR", "'; --"),
        ("HTTP_X_FORWARDED_FOR", "1.2.3.4, x" * 50),
        ("HTTP_X_FORWARDED_PROTO", "https"),
    ),
    *(
        ("HTTP_X_FORWARDED_HOST", "evil.example"),
        ("HTTP_RANGE", "bytes=9-1"),
        ("HTTP_RANGE", "bytes=-99999999999999999999"),
    ),
    *(
        ("HTTP_IF_MODIFIED_SINCE", "Thu, 99 Foo 0000 99:99:99 GMT"),
        ("HTTP_IF_NONE_MATCH", 'W/"'),
        ("HTTP_ORIGIN", "null"),
    ),
    *(
        ("HTTP_ORIGIN", "http://["),
        ("HTTP_X_REQUEST_ID", "a\nb"),
        ("HTTP_USER_AGENT", "\x1b[31m" + "x" * 3000),
    ),
    *(
        ("CONTENT_LENGTH", "-1"),
        ("CONTENT_LENGTH", "x"),
        ("CONTENT_LENGTH", "99999999999999999999"),
        ("CONTENT_LENGTH", ""),
    ),
    *(
        ("HTTP_AUTHORIZATION", "Basic x"),
        ("HTTP_AUTHORIZATION", "Bearer " + "x" * 3000),
        ("HTTP_X_CSRFTOKEN", "é" * 100),
    ),
    *(
        ("HTTP_COOKIE", "=;=;;"),
        ("HTTP_COOKIE", "__Host-sessionid=x; __Host-csrftoken=\x00; __Host-messages=W10"),
        ("HTTP_COOKIE", "a" * 5000),
    ),
    *(
        ("HTTP_COOKIE", '__Host-messages="[[\\"__json_message\\"]]:x:y"'),
        ("SERVER_PROTOCOL", "HTTP/0.9"),
        ("wsgi.url_scheme", "https"),
    ),
)
BODIES = (
    *(
        b"",
        b"\x00",
        b"\xff\xfe",
        b"a=%zz&b=%00&=&&",
        b"{",
        b"[]",
        b'{"a": 1e999}',
        b"\xed\xa0\x80=1",
        b"--b--",
        b"--b\r\n",
    ),
    *(
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; name="a"; filename="',
    ),
    b"--b\r\nContent-Disposition: form-data; name=\"archive\"; filename*=rot13''%78\r\n\r\nx\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="a"; filename="../x\x00"\r\nContent-Type: \xff\r\n\r\nx\r\n--b--\r\n',
    b"&".join(b"a%d=1" % number for number in range(1200)),
)
FILES = (
    *(
        ("a.zip", b"PK\x03\x04" + bytes(40)),
        ("a.zip", b"PK\x05\x06" + bytes(18)),
        ("a.tar.gz", b"\x1f\x8b\x08" + bytes(20)),
    ),
    *(
        ("m.json", b"{"),
        ("m.json", b"[]"),
        ("m.json", b'{"site": 1, "project_id": []}'),
        ("m.json", b"[" * 5000),
    ),
    *(
        ("", b"x"),
        ("../../x", b"x"),
        ("x" * 400, b""),
        ("\x00.zip", b"\xff\xfe"),
        ("a.json", b'{"spec": {"site": {"replace": [1]}}}'),
    ),
    *(
        ("key.json", b'{"version": 3, "crypto": {}}'),
        ("key.txt", b"0x" + b"f" * 64),
        ("k.json", b'"\\ud800"'),
        ("k", b"\x80" * 64),
    ),
)


def text(random: Random) -> str:
    """Return a value of the list, a change of one, or random characters."""
    choice = random.random()
    if choice < 0.7:
        return random.choice(TEXTS)
    if choice < 0.85:
        return random.choice(TEXTS)[:60] + random.choice(TEXTS)[:60]
    return "".join(chr(_character(random)) for _ in range(random.randrange(40)))


def _character(random: Random) -> int:
    """Return a code point that UTF-8 can carry."""
    point = random.randrange(0x110000) if random.random() < 0.3 else random.randrange(0x250)
    return point if not 0xD800 <= point < 0xE000 else 0xFFFD
