"""Secrets that this process knows, and their removal from texts. Nothing raises or blocks.

A secret is registered where it enters the process. Texts are redacted where they leave it: in
failures, events, answers of workers, and log lines. See docs/decisions/020.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import msgspec

MARK = "[redacted]"
# A shorter one is a placeholder like "EMPTY": every word that contains it would be lost.
MIN_LENGTH = 8

_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:api_?keys?|keys?|secrets?|passwords?|passwd|passphrase|tokens?|bearer"
    r"|authorization|auth|credentials?)$",
    re.IGNORECASE,
)
# A limit, a list of stop words, and the path of a file: not secrets.
_NOT_SECRET = re.compile(
    r"(?:max|min|stop|num|n)_(?:new_)?(?:tokens?|keys?)$|^benchrace_client_key$", re.IGNORECASE
)
_VARIABLE_NAME = re.compile(r"(?:^|[_-])env$", re.IGNORECASE)
_OPTION = re.compile(r"-{1,2}(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:=(?P<value>.*))?", re.DOTALL)
_SCHEME = re.compile(r"(?:bearer|basic|token)\s+", re.IGNORECASE)

# A port before the path is not a password: http://host:8080/models/name@1.0
_URL_USER = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s/?#'\"]*|[^\s/@:]*:(?!\d{1,5}[/?#])[^\s@]*)@"
)
_HEADER = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization|\bx-api-key|\bapi-key)"
    r"(?P<between>['\"]?\s*[:=,]\s*(?:b(?=['\"]))?+['\"]?+(?:(?:bearer|basic|token)\s+)?+)"
    r"(?![<\[])[^\s'\",;)\]}]+",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"(?P<scheme>\bbearer\s+)(?=[^\s'\",;]*[\d_.=-]|[^\s'\",;]{16})(?![<\[])[^\s'\",;)\]}]+",
    re.IGNORECASE,
)
_QUERY = re.compile(
    r"(?P<name>[?&](?:api_?key|key|token|access_token|auth|password|secret|sig|signature"
    # Addresses that are signed for a while, by the names of several stores.
    r"|expires|expiry|awsaccesskeyid|googleaccessid|key-pair-id"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token|expires))=)[^&\s'\"#]+",
    re.IGNORECASE,
)


class Redactor:
    """Secrets in every form in which they appear: plain, quoted, percent-encoded, base64.

    Usable from any thread: a change replaces the values that readers use.
    """

    def __init__(self) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._forms: tuple[str, ...] = ()
        self._encoded_forms: tuple[bytes, ...] = ()
        self._any_form: re.Pattern[bytes] | None = None

    def add(self, secret: str) -> None:
        """Register a secret; blanks around it do not count, and a short one is not looked for."""
        secret = secret.strip()
        if len(secret) < MIN_LENGTH or secret in self._secrets or secret == MARK:
            return
        secrets = self._secrets | {secret}
        # The longest first: one may contain another.
        forms = sorted(
            {form for secret in secrets for form in _forms(secret)}, key=len, reverse=True
        )
        self._secrets, self._forms = secrets, tuple(forms)
        self._encoded_forms = tuple(form.encode("utf-8", "replace") for form in forms)
        # One pass: a search for each form would cost every event some hundred microseconds.
        self._any_form = re.compile(b"|".join(map(re.escape, self._encoded_forms)))

    def clear(self) -> None:
        """Forget all secrets."""
        self._secrets, self._forms, self._encoded_forms = frozenset(), (), ()
        self._any_form = None

    def text(self, text: str) -> str:
        """Return `text` without the registered secrets."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MARK)
        return text

    def data(self, data: bytes) -> bytes:
        """Return bytes of any kind without the registered secrets."""
        for form in self._encoded_forms:
            if form in data:
                data = data.replace(form, MARK.encode())
        return data

    def encoded(self, document: bytes, *, only: str | None = None) -> bytes:
        """Return one JSON document without the registered secrets, as it was where it holds none.

        `only` names the key to look below; what stands beside it is never changed.
        """
        if self._any_form is None or self._any_form.search(document) is None:
            return document
        value = msgspec.json.decode(document)
        if only is None:
            value = self._value(value)
        elif only in value:
            value[only] = self._value(value[only])
        return msgspec.json.encode(value)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self._value(item) for key, item in value.items()}
            case list():
                return [self._value(item) for item in value]
            case _:
                return value


SECRETS = Redactor()


def redact(text: str) -> str:
    """Return a text for people without secrets: the registered ones, and what looks like one.

    URLs lose their user and password, headers and query strings their keys.
    """
    text = SECRETS.text(text)
    if "://" in text:
        text = _URL_USER.sub(rf"\g<scheme>{MARK}@", text)
    text = _QUERY.sub(rf"\g<name>{MARK}", text)
    text = _HEADER.sub(rf"\g<name>\g<between>{MARK}", text)
    return _BEARER.sub(rf"\g<scheme>{MARK}", text)


def has_secret_query(url: str) -> bool:
    """Check whether an address has a key in its query, or is signed for whoever has it."""
    return _QUERY.search(url) is not None


def without_user(url: str) -> str:
    """Return an address without its user and password, to be shown."""
    return re.sub(r"://[^/?#]*@", "://", url, count=1)


def is_secret_name(name: str) -> bool:
    """Check whether what a key, header, option or variable of this name holds is secret."""
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET.search(name)


def register_environment(environ: Mapping[str, str]) -> None:
    """Register what the variables hold whose names say that it is secret."""
    for name, value in environ.items():
        # Many such variables name a file or a socket.
        if is_secret_name(name) and not value.startswith(("/", "~")):
            _register(value)
        _register_url(value)


def register_settings(settings: Any, environ: Mapping[str, str]) -> None:
    """Register the secrets of a backend's configuration.

    Secret by their names, in URLs, in the words of a command, and in the variables that are named
    by keys like `api_key_env`.
    """
    for name, value in _strings(settings, ""):
        if is_secret_name(name):
            _register(value)
        elif _VARIABLE_NAME.search(name):
            _register(environ.get(value, ""))
        _register_url(value)


def _strings(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield every string in nested tables, with the name of the key or the option it is for."""
    match value:
        case str():
            yield name, value
        case Mapping():
            for key, item in value.items():
                yield from _strings(item, str(key))
        case list() | tuple():
            option = ""
            for item in value:
                yield from _strings(item, option or name)
                match = _OPTION.fullmatch(item) if isinstance(item, str) else None
                option = match["name"] if match and match["value"] is None else ""
                if match and match["value"] is not None:
                    yield match["name"], match["value"]
        case _:
            return


def _register(value: str) -> None:
    """Register a value, and the secret in it where it is a header's value."""
    SECRETS.add(value)
    if scheme := _SCHEME.match(value.strip()):
        rest = value.strip()[scheme.end() :]
        SECRETS.add(rest)
        _, _, password = _decoded(rest).partition(":")
        SECRETS.add(password)


def _register_url(value: str) -> None:
    if "://" not in value or "@" not in value:
        return
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return
    if parts.password:
        SECRETS.add(parts.password)
        SECRETS.add(unquote(parts.password))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return ""


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield from _base64_forms(secret.encode("utf-8", "replace"))


def _base64_forms(secret: bytes) -> Iterator[str]:
    """Yield what base64 makes of a secret wherever it stands in what is encoded.

    Only the characters that depend on nothing before or after it.
    """
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        first = (before * 8 + 5) // 6
        last = (before + len(secret)) * 8 // 6
        form = text[first:last]
        yield form
        yield form.replace("+", "-").replace("/", "_")
