"""What no Python file of the tree may have: each check yields the lines where it does."""

import ast
import io
import re
import tokenize

from tests.shape.source import Check, Places, Source

# A name says what it holds, not what was done to get it.
BANNED = frozenset(
    ("said", "told", "made", "asked", "kept", "found", "known", "given", "heard", "each")
)
# Docstrings begin as PEP 257 has it: Return, Check, Format, Read, Write, Start, ...
OPENING = re.compile(r"(?:Give|Say|Tell|Have|Let|Whether)\b")
# English errors say "invalid size x", not "x is no size".
IS_NO = re.compile(r"(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b)[a-z]", re.IGNORECASE)
ENGINES = re.compile(
    r"ollama|comfy|llama|vllm|sglang|exllama|koboldcpp|lm_?studio|openai|ctranslate|whispercpp|tensorrt",
    re.IGNORECASE,
)
BROAD = {"Exception", "BaseException"}
FUNCTION_LINES = 60
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BINDING = (
    *(ast.Name, ast.Attribute, ast.arg, ast.ExceptHandler, *FUNCTIONS),
    *(ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Import, ast.ImportFrom),
)
# Shows what the checks find.
EXAMPLES = "tests/shape/test_checks.py"


def bindings(source: Source) -> Places:
    """Yield each name that the code binds, with its line; imports keep their authors' names."""
    for node in source.of(*BINDING):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.MatchMapping(rest=str(name)):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((node.lineno, alias.asname) for alias in aliases if alias.asname)
            case _:
                continue


def banned(source: Source) -> Places:
    for line, name in bindings(source):
        if name.lstrip("_") in BANNED:
            yield line, name


def openings(source: Source) -> Places:
    """Yield functions whose docstrings do not begin with what they do."""
    for node in source.of(*FUNCTIONS):
        text = ast.get_docstring(node) or ""
        if OPENING.match(text):
            yield node.lineno, text.partition("\n")[0]


def second_docstrings(source: Source) -> Places:
    for node in source.of(*FUNCTIONS, ast.ClassDef):
        first = node.body[:2]
        texts = [part for part in first if isinstance(part, ast.Expr) and is_text(part.value)]
        if len(texts) == 2:
            yield node.lineno, node.name


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def odd_negations(source: Source) -> Places:
    """Yield texts, docstrings among them, in which something "is no" something."""
    if source.name == EXAMPLES:
        return
    for node in source.of(ast.Constant):
        if not isinstance(node.value, str):
            continue
        text = node.value
        if (match := IS_NO.search(text)) is not None:
            yield node.lineno, text[max(0, match.start() - 20) : match.end() + 20]


def swallowed(source: Source) -> Places:
    """Yield each handler that catches everything and does nothing."""
    for node in source.of(ast.ExceptHandler):
        broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in BROAD)
        idle = all(
            isinstance(line, ast.Pass | ast.Continue)
            or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            for line in node.body
        )
        if broad and idle:
            yield node.lineno, "the error is swallowed"


def path_patches(source: Source) -> Places:
    """Yield each change of the module search path."""
    for node in source.of(ast.Attribute):
        match node:
            case ast.Attribute(value=ast.Name(id="sys"), attr="path"):
                yield node.lineno, "sys.path"
            case _:
                continue


def first_uses(source: Source) -> Places:
    """Yield calls of msgspec that use a type; see `benchrace.structs`."""
    if not source.name.startswith("benchrace/") or source.name == "benchrace/structs.py":
        return
    for node in source.of(ast.Call):
        match ast.unparse(node.func).rpartition("msgspec."):
            case ("", "msgspec.", "convert" | "json.Decoder"):
                yield node.lineno, "msgspec uses a type"
            case ("", "msgspec.", "json.decode") if node.keywords:
                yield node.lineno, "msgspec uses a type"
            case _:
                continue


def engines(source: Source) -> Places:
    """Yield engines' names in the core; docstrings and comments may give examples."""
    if not source.name.startswith("benchrace/") or source.name.startswith("benchrace/compat/"):
        return
    if ENGINES.search(source.name):
        yield 1, source.name
    # Most files name none: to split one into tokens takes longer than all other checks.
    if ENGINES.search(source.text):
        yield from ((line, word) for line, word in spoken(source) if ENGINES.search(word))


def spoken(source: Source) -> Places:
    """Yield names and strings with their lines, without docstrings."""
    docstrings = {
        node.body[0].lineno
        for node in source.of(ast.Module, ast.ClassDef, *FUNCTIONS)
        if ast.get_docstring(node) is not None
    }
    kinds = {tokenize.NAME, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type in kinds and token.start[0] not in docstrings:
            yield token.start[0], token.string


def long_functions(source: Source) -> Places:
    for name, line, length in functions(source):
        if length > FUNCTION_LINES:
            yield line, f"{name}: {length} lines"


def functions(source: Source) -> list[tuple[str, int, int]]:
    """Return each function with its first line and its length."""
    return [
        (node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in source.of(*FUNCTIONS)
    ]


CHECKS: tuple[Check, ...] = (
    banned,
    openings,
    second_docstrings,
    odd_negations,
    swallowed,
    path_patches,
    first_uses,
    engines,
    long_functions,
)
