"""What looks like a secret in the code of a notebook, masked.

Each is replaced by ``***``, the value alone, so that the code still reads,
parses and runs: a name, a call or a placeholder is never touched. Masked are

- a text given to a name that tells of a secret (``password``, ``api_key``,
  ``connection_string``, …): in an assignment, a keyword argument, a comparison, a
  dict, ``os.environ[…]``, ``setdefault(…, …)``, a list of arguments, a tuple
  that is unpacked, the second part of ``auth=(…, …)``;
- the same for a name with token, auth, cookie or key in it where the value
  looks random, so that ``pad_token = "<pad>"`` and ``key="val_loss"`` stay;
- in the lines of a shell, in configuration files, in SQL and in texts that hold such:
  ``--password …``, ``PASSWORD=…``, ``password: …``, ``curl -u ann:…``, headers,
  ``echo … | sudo -S``, what ``%%bash -s`` hands over where it looks random,
  ``IDENTIFIED BY '…'``;
- in a cell that is no Python, and so did not run, an unquoted ``password = …``;
- tokens of known shape, of two dozen services, and private keys;
- the password in an address, keys and signatures in connection strings and
  signed addresses, and what follows ``Bearer`` and ``Basic``;
- whatever a secret variable of this process's environment holds, anywhere.

A mask is a net, not a wall: a secret that looks like any other text passes, as do
``password = hunter2`` without quotes, which is a name to Python, an argument
without an option, and a sentence in which a password is told.
"""

from __future__ import annotations

import ast
import re
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MASK = "***"

SHORTEST_KNOWN = 8
"""Characters that a value of the environment must have to be looked for in all code."""

_STRONG = (
    r"pass(?:word|wd|phrase)|pwd|secret|api_?key|access_?key|account_?key|private_?key|credential"
    r"|conn(?:ection)?_?str|(?:(?<![a-z_])|db_?|user_?|admin_?|mail_?|smtp_?|ssh_?|sql_?)passw?(?![a-z])"
    r"|(?<![a-z])pw(?![a-z])"
)
_TOKEN = r"token(?!i[sz])|auth|cookie|jwt"
_WEAK = rf"{_TOKEN}|key"
_FOLDERS = ("PWD", "OLDPWD")

# Bounded everywhere: a cell may hold a megabyte of base64 in one line.
_NAME = rf"(?<![\w.-])(?P<name>[\w.-]{{0,60}}(?:{_STRONG}|{_WEAK})[\w-]{{0,60}})"
_PLAIN = r"[^\s\"'$<{\\][^\s\"'\\]{0,2000}"  # a value without quotes; not $NAME, {name}, <yours>

# -- known shapes --

_KNOWN_SHAPES = re.compile(
    r"""(?xs)
    \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
  | \bgh[pousr]_[A-Za-z0-9]{30,255}
  | \bgithub_pat_\w{40,255}
  | \bglpat-[\w-]{20,255}
  | \bxox[abeoprs]-[\w-]{10,255}
  | (?<=hooks\.slack\.com/services/)[\w/]{10,255}
  | (?<=discord\.com/api/webhooks/)[\w/-]{10,255}
  | \b[rs]k_(?:live|test)_\w{16,255}
  | \bsk-(?=[\w-]{0,60}\d)[\w-]{20,255}
  | \bSG\.[\w-]{16,64}\.[\w-]{16,128}
  | \bhf_[A-Za-z0-9]{20,255}
  | \br8_[A-Za-z0-9]{30,255}
  | \bnvapi-[\w-]{40,255}
  | \bAIza[\w-]{35}
  | \bya29\.[\w-]{20,255}
  | \bdapi[0-9a-f]{32}
  | \bdop_v1_[0-9a-f]{32,128}
  | \bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}
  | \bSK[0-9a-f]{32}\b
  | \bATATT3[\w=-]{20,512}
  | \bpypi-[\w-]{40,255}
  | \bnpm_[A-Za-z0-9]{30,255}
  | \beyJ[\w-]{10,4096}\.eyJ[\w-]{10,8192}\.[\w-]{0,4096}
  | -----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]{0,40}PRIVATE\ KEY-----|\Z)
    """
)
_IN_AN_ADDRESS = re.compile(
    r"(?i)(?P<before>://[^\s/:@'\"]{0,200}:)[^\s/'\"{]{1,500}(?=@)"
    # A slash in a password is not allowed, and yet written; behind a port it is a path.
    r"|(?P<slashed>://[^\s/:@'\"{]{1,200}:)(?!\d{1,5}/)[^\s/'\"{$][^\s'\"{]{0,500}(?=@)"
    r"|(?P<scheme>://)(?=[^\s/:@'\"]{0,200}\d)[\w.~-]{14,500}(?=@)"
    rf"|(?P<option>[?&][\w-]{{0,40}}(?:{_STRONG}|token|sig|signature)=){_PLAIN.replace('$', '&;$')}"
    r"|(?P<bearer>\bbearer\s+)(?=[^\s\"']{0,200}\d)[\w.~+/=-]{16,8192}"
)

# -- in texts, shells and files --

_QUOTED_IN_A_TEXT = re.compile(
    rf"(?i){_NAME}\\?[\"']?\s{{0,20}}[:=]\s{{0,20}}(?P<quote>\\?[\"'])(?P<value>[^\"'\\\n]{{1,2000}})(?P=quote)"
)
_IN_A_CONNECTION_STRING = re.compile(
    rf"(?i)(?:^|(?<=[;\s]))(?P<name>[\w ]{{0,40}}(?:{_STRONG}))=(?P<value>[^;&\s\"'{{$<]{{1,2000}})"
)
_LINE_OF_A_FILE = re.compile(
    rf"(?im)^[ \t]{{0,40}}(?:export\s+|set\s+)?{_NAME}[\"']?[ \t]{{0,20}}[:=][ \t]{{0,20}}"
    rf"(?P<quote>[\"']?)(?P<value>{_PLAIN})(?P=quote)[ \t,;]*$"
)
_OPTION = re.compile(
    rf"(?i)(?<![\w-])(?:--?[\w-]{{0,40}}(?:{_STRONG}|token)[\w-]{{0,40}}(?:=|\s{{1,20}})"
    rf"|\w{{0,40}}(?:{_STRONG}|token)\w{{0,40}}="
    rf"|%(?:set_)?env\s{{1,20}}\w{{0,40}}(?:{_STRONG}|token)\w{{0,40}}\s{{1,20}})"
    rf"(?P<quote>[\"']?)(?P<value>{_PLAIN})(?P=quote)"
)
_HEADER = re.compile(
    r"(?i)\b(?:authorization|[\w-]{0,40}(?:api-?key|auth-?token|access-?token))"
    r"[\"']?\s{0,20}[:=]\s{0,20}[\"']?(?:(?:bearer|basic|token|apikey)\s{1,20})?"
    r"(?P<value>[^\s\"'$<{,\\][^\s\"',\\]{5,8192})"
)
_CREDENTIALS = re.compile(r"^(?:[A-Za-z]{1,20}\s+)?(?P<value>[^\s{$<][^\s{]{5,8192})$")
_LOGIN = re.compile(
    r"(?i)\b(?:curl|wget|https?)\b[^\n]{0,500}?\s(?:-u|--user)[\s=]{1,5}[\"']?[^\s:\"']{1,100}:"
    r"(?P<value>[^\s\"'$]{1,500})"
)
_LOGIN_OF_WANDB = re.compile(r"\bwandb\s+login\s+(?:--\w+\s+){0,5}(?P<value>\w{32,100})")
_SHORT_OPTION = re.compile(
    r"\b(?:(?:mysql\w{0,20}|mariadb\w{0,20}|7z\w?)\b[^\n|;]{0,500}?\s-p"
    r"|(?:sshpass|(?:az|docker|podman|oc)\s{1,20}login)\b[^\n|;]{0,500}?\s-p\s{0,20}"
    r"|(?:zip|unzip)\b[^\n|;]{0,500}?\s-P\s{0,20}|redis-cli\b[^\n|;]{0,500}?\s-a\s{1,20}"
    rf"|-pass(?:in|out)?\s{{1,20}}pass:)(?P<quote>[\"']?)(?P<value>{_PLAIN})(?P=quote)"
)
_PIPED = re.compile(
    r"\b(?:echo|printf)\s{1,20}(?:-\w{1,3}\s{1,20}|['\"]?%s(?:\\n)?['\"]?\s{1,20}){0,3}(?P<quote>[\"']?)"
    rf"(?P<value>{_PLAIN})(?P=quote)\s{{0,20}}\|[^\n]{{0,200}}?"
    r"(?:\bsudo\b[^\n|]{0,80}?\s-\w{0,5}S|--?(?:password|passphrase|pass|token)-(?:stdin|fd)|--with-token"
    r"|\b(?:ch)?passwd\b|\bcryptsetup\b|\blogin\b)"
)
_SHELL_VARIABLE = re.compile(
    rf"(?i){_NAME}=(?P<quote>[\"']?)(?P<value>{_PLAIN})(?P=quote)(?=[\s;&]|\Z)"
)
_ARGUMENTS_OF_A_CELL = re.compile(r"(?P<first>\s*%%\w+[^\n]*?\s-s\s)(?P<arguments>[^\n]+)")
_IN_SQL = re.compile(
    r"(?i)\b(?:identified\s{1,20}by|(?:with|encrypted|set)\s{1,20}password)[\s=]{1,20}"
    r"\\?(?P<quote>['\"])(?P<value>[^'\"\n\\{$<%:?]{1,500})\\?(?P=quote)"
)
_NETRC = re.compile(r"\blogin\s{1,20}\S{1,200}\s{1,20}password\s{1,20}(?P<value>[^\s$<{]{1,500})")
_PGPASS = re.compile(
    r"(?m)^[^\s:]{1,200}:(?:\d{1,5}|\*):[^\s:]{1,200}:[^\s:]{1,200}:(?P<value>[^\s$<{]{1,500})$"
)

_SHELL_LINE = re.compile(r"(?m)^\s*[!%].*$|(?<==)\s*!.*$")
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script|system|!|cmd|powershell)\b")
_FILE_CELL = re.compile(r"\s*%%(?:writefile|file|sql)\b")
_NO_PYTHON = re.compile(r"(?m)^\s*[!%?].*$|(?<==)\s*[!%].*$|^.*\?\s*$")
_RUNS_A_SHELL = re.compile(
    r"(?:\b(?:system|popen|Popen|run|call|check_call|check_output|getoutput|sh))\(\s*$"
)

# -- in code --

# Comments and texts of Python. One that is not closed goes to its line's end, so that each
# character is looked at once whatever stands there.
_TEXT = re.compile(
    r"""(?sx)
    \#[^\n]*+
  | [rbfuRBFU]{0,2}
    (?: (?P<triple>\'\'\'|\"\"\") (?P<long>(?:\\.|(?!(?P=triple)).)*+) (?:(?P=triple)|\Z)
      | (?P<single>['\"]) (?P<short>(?:\\.|(?!(?P=single))[^\\\n])*+) (?:(?P=single)|(?=\n)|\Z) )
    """
)
_OPENERS = (
    r"(?:[(\[{]\s*|(?:str|bytes|SecretStr|SecretBytes|Secret|[\w.]{0,40}b64decode)\(\s*"
    r"|[\w.]{0,40}[fF]ield\(\s*(?:default(?:_factory)?\s*=\s*)?(?:lambda\s*:\s*)?){0,4}$"
)
# What stands behind the colon counts as a part of the name: of `else: password = "…"` it is the
# name, of `x: SecretStr = "…"` it tells of a secret as well.
_NAMED_BY_CODE = re.compile(
    r"(?P<name>[\w.]{1,120})\s*\]?\s*(?::[ \t]*(?P<annotation>[^=\n\"']{1,80}))?"
    rf"(?:[!=]?=|\|=|\+=|:=)\s*{_OPENERS}"
)
_ANNOTATED_BY_A_TEXT = re.compile(r"(?:\A|[\n;(,])[ \t]*(?P<name>\w{1,120})[ \t]*:[ \t]*$")
_NAMED_BY_A_TEXT = re.compile(rf"\s*\]?\s*(?::|[!=]?=|\|=)\s*{_OPENERS}")
_NEXT = re.compile(r"\s*,\s*")
_GOES_ON = re.compile(r"[ \t]*(?:\+[ \t]*)?|[ \t]*\\\n\s*|\s*\n[ \t]+(?:\+\s*)?")
_SETTER = re.compile(
    r"\b(?:setdefault|putenv|getenv|get|set|setattr|set_\w{1,20}|add_header)\(\s*(?:[\w.]{1,80}\s*,\s*)?$"
)
_LOGS_IN = re.compile(r"(?i)\b(?:auth\s*=\s*\(|\w{0,20}auth\(|login\(|set_password\()\s*$")
_UNPACKED = re.compile(
    r"(?:\A|[\n;])[ \t]*\(?(?P<names>(?:[\w.]{1,80}\s*,\s*){1,8}[\w.]{1,80})\s*\)?\s*=\s*\(?\s*$"
)
_LOOK_BACK = 300


def masked(source: str, known: Collection[str] = ()) -> str:
    """Return `source` with what looks like a secret masked; the module says what does.

    Parameters
    ----------
    known
        Secrets to be masked wherever they stand, as from `secrets_of`.
    """
    for value in known:
        source = source.replace(value, MASK)
    source = _KNOWN_SHAPES.sub(MASK, source)
    source = _IN_AN_ADDRESS.sub(lambda found: next(filter(None, found.groups())) + MASK, source)
    if _SHELL_CELL.match(source):
        return _in_a_shell(_ARGUMENTS_OF_A_CELL.sub(_safe_arguments, source))
    if _FILE_CELL.match(source):
        for pattern in (_NETRC, _PGPASS):
            source = pattern.sub(_mask_value, source)
        return _in_a_text(source + "\n")[:-1]
    source = _SHELL_LINE.sub(lambda line: _in_a_shell(line[0]), source)
    if _LINE_OF_A_FILE.search(source) and not _is_code(source):
        source = _LINE_OF_A_FILE.sub(_mask_if_no_expression, source)
    return _in_code(source)


def is_secret(name: str, value: str) -> bool:
    """Tell whether `value`, given to `name`, would be masked."""
    line = f"{name} = {value!r}"
    return masked(line) != line


def masked_arguments(arguments: Iterable[str]) -> list[str]:
    """Return the arguments of a command with the values of options that tell of a secret masked."""
    shown: list[str] = []
    waiting = ""  # the option whose value may come next
    for argument in arguments:
        option, is_given, value = argument.partition("=")
        if not argument.startswith("-"):
            shown.append(MASK if _is_secret_option(waiting, argument) else argument)
            waiting = ""
        elif is_given:
            shown.append(f"{option}={MASK}" if _is_secret_option(option, value) else argument)
            waiting = ""
        else:
            shown.append(argument)
            waiting = argument
    return shown


def _is_secret_option(option: str, value: str) -> bool:
    if not option or value.isdecimal():  # --max-tokens 512
        return False
    line = f"!command {option} {shlex.quote(value)}"
    return masked(line) != line


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment that are secret, the longest first."""
    found = {
        value
        for name, value in environ.items()
        if len(value) >= SHORTEST_KNOWN and _is_known_secret(name, value)
    }
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


@lru_cache(maxsize=1000)  # asked for the whole environment after each cell
def _is_known_secret(name: str, value: str) -> bool:
    return is_secret(name, value)


def _in_a_shell(source: str) -> str:
    for pattern in (_HEADER, _OPTION, _LOGIN, _LOGIN_OF_WANDB, _SHORT_OPTION, _PIPED):
        source = pattern.sub(_mask_value, source)
    return _SHELL_VARIABLE.sub(_mask_variable, source)


def _mask_variable(found: re.Match[str]) -> str:
    # In Python a `key` is a column's name more often than not; a variable `KEY` seldom is.
    return _mask_value(found) if _is_mixed(found["value"]) else _mask_if_secret(found)


def _safe_arguments(cell: re.Match[str]) -> str:
    """Mask what looks random of the arguments that a cell hands to a script."""
    return cell["first"] + re.sub(
        r"[^\s\"']+",
        lambda word: MASK if _is_mixed(word[0]) else word[0],
        cell["arguments"],
    )


def _is_code(source: str) -> bool:
    """Tell whether a cell is Python but for its magics, or another language by one of these."""
    if source.lstrip().startswith("%%"):
        return True
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        compile(_NO_PYTHON.sub("pass", source), "cell", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    except (MemoryError, RecursionError):  # too deep to tell
        return True
    return True


def _mask_if_no_expression(found: re.Match[str]) -> str:
    """Mask a value that is no name and no call: Python may have run what stands before it."""
    value = found["value"]
    return found[0] if re.search(r"^[^\W\d][\w.]*$|[()\[\]{}=]", value) else _mask_if_secret(found)


def _in_a_text(text: str) -> str:
    """Mask what a text holds: a file of settings, JSON, a connection string, a header."""
    text = _QUOTED_IN_A_TEXT.sub(_mask_if_secret, text)
    for pattern in (_IN_A_CONNECTION_STRING, _HEADER, _IN_SQL):
        text = pattern.sub(_mask_value, text)
    return _LINE_OF_A_FILE.sub(_mask_if_secret, text) if "\n" in text else text


class _Literal(NamedTuple):
    """A text in code."""

    value: str  # of a text that is an annotation, the name that it annotates
    name: str  # what it was given to, as far as that is known
    turn: int  # which of several between commas, from 0


def _in_code(source: str) -> str:
    """Mask texts in Python by what stands before each of them."""
    parts: list[str] = []
    end = 0
    before = ""  # the code in front of the first of several texts between commas
    last: _Literal | None = None
    for found in _TEXT.finditer(source):
        gap = source[end : found.start()]
        place = "long" if found["triple"] else "short"
        if found[0].startswith("#"):
            parts += [gap, _in_a_text(found[0])]
            end = found.end()
            continue
        value = found[place]
        if last is None or not _NEXT.fullmatch(gap):
            turn = 0
            goes_on = last is not None and _GOES_ON.fullmatch(gap)
            name = last.name if last and goes_on else _name_before(gap, last)
            if not goes_on:
                before = gap[-_LOOK_BACK:]
        else:
            turn = last.turn + 1
            name = _name_after_comma(before, last, turn, value)
        annotated = _ANNOTATED_BY_A_TEXT.search(gap[-_LOOK_BACK:])
        last = _Literal(annotated["name"] if annotated else value, name, turn)
        safe = _safe_text(value, name, gap)
        start, stop = found.span(place)
        parts += [gap, source[found.start() : start], safe, source[stop : found.end()]]
        end = found.end()
    return "".join([*parts, source[end:]])


def _name_before(gap: str, last: _Literal | None) -> str:
    """Return the name that code gives a text in front of which it stands."""
    if last is not None and _NAMED_BY_A_TEXT.fullmatch(gap):
        return last.value
    code = gap[-_LOOK_BACK:]
    if unpacked := _UNPACKED.search(code):
        return re.split(r"\s*,\s*", unpacked["names"])[0]
    named = _NAMED_BY_CODE.search(code)
    return f"{named['annotation'] or ''} {named['name']}".strip() if named else ""


def _name_after_comma(before: str, last: _Literal, turn: int, value: str) -> str:
    """Return the name of a text that follows another one and a comma."""
    if unpacked := _UNPACKED.search(before):
        names = re.split(r"\s*,\s*", unpacked["names"])
        return names[turn] if turn < len(names) else ""
    if _LOGS_IN.search(before):
        return "password"
    if _SETTER.search(before):
        return last.value
    # A list of arguments, not the declaration of an option and its short form.
    return last.value if last.value.startswith("--") and not value.startswith("-") else ""


def _safe_text(value: str, name: str, gap: str) -> str:
    if not value:
        return value
    if name and _is_secret_of(name, value):
        return MASK
    if name.lower().endswith("authorization"):
        return _CREDENTIALS.sub(_mask_value, value)
    if _RUNS_A_SHELL.search(gap[-_LOOK_BACK:]):
        return _in_a_shell(value)
    return _in_a_text(value)


def _is_secret_of(name: str, value: str) -> bool:
    # `f"{key}"` holds nothing, nor does an environment's folder.
    if re.fullmatch(r"\{[^{}]*\}", value) or name in _FOLDERS:
        return False
    if re.search(_STRONG, name, re.IGNORECASE):
        return True
    if not re.search(_WEAK, name, re.IGNORECASE):
        return False
    return _looks_random(value) or bool(
        re.search(_TOKEN, name, re.IGNORECASE) and _looks_like_a_token(value)
    )


def _mask_if_secret(found: re.Match[str]) -> str:
    return _mask_value(found) if _is_secret_of(found["name"], found["value"]) else found[0]


def _mask_value(found: re.Match[str]) -> str:
    start, end = found.start("value") - found.start(), found.end("value") - found.start()
    return found[0][:start] + MASK + found[0][end:]


def _is_mixed(value: str) -> bool:
    """Tell whether a word is no path, number or version: letters of both cases, and digits."""
    return (
        re.fullmatch(r"[\w+=!@#%^&*-]{8,}", value) is not None
        and re.search(r"[a-z]", value) is not None
        and re.search(r"[A-Z]", value) is not None
        and re.search(r"\d", value) is not None
    )


def _looks_random(value: str) -> bool:
    return (
        re.fullmatch(r"[A-Za-z0-9_+/=-]{20,}", value) is not None
        and sum(character.isdigit() for character in value) >= 3
        # Words with a dash and a year, such as a model's name, are no key; a UUID is.
        and ("-" not in value or re.fullmatch(r"[0-9a-fA-F-]+", value) is not None)
    )


def _looks_like_a_token(value: str) -> bool:
    """Tell whether a value may be a token: letters and digits in turns, or of both cases."""
    return (
        re.fullmatch(r"[A-Za-z0-9_+/=.]{10,}", value) is not None
        and re.search(r"\d.*[A-Za-z].*\d|[a-z].*[A-Z].*\d|[A-Z].*[a-z].*\d", value) is not None
    )
