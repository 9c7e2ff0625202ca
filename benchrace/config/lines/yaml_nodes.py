"""YAML with the line of each key: safe tags only, no duplicate keys, no bombs."""

from typing import Any

import yaml

from benchrace.config.explain import Keys

MAX_ALIASES = 100
MAX_VALUES = 100_000
MAX_DEPTH = 64
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class YamlContent:
    """What a text holds; where it cannot be used, `error` with its `line` and `keys`."""

    def __init__(self) -> None:
        self.data: Any = None
        self.lines: dict[Keys, int] = {}
        self.error: str | None = None
        self.line: int | None = None
        self.keys: Keys = ()


class _Bad(Exception):
    def __init__(self, message: str, line: int, keys: Keys) -> None:
        super().__init__(message)
        self.line = line
        self.keys = keys


class _Loader(yaml.SafeLoader):
    """Counts aliases as it composes: each one may stand for a whole tree."""

    aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MAX_ALIASES:
                line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
                raise _Bad(f"more than {MAX_ALIASES} aliases", line, ())
        return super().compose_node(parent, index)


def read_yaml(text: str) -> YamlContent:
    """Read one document; what is wrong comes back as a value, with its line."""
    content = YamlContent()
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                content.data = _Walk(loader, content.lines).value(node, ())
        finally:
            loader.dispose()
    except _Bad as error:
        content.error, content.line, content.keys = str(error), error.line, error.keys
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        content.error = error.problem or error.context or "is not valid YAML"
        content.line = None if mark is None else mark.line + 1
    except yaml.YAMLError as error:
        content.error = f"is not valid YAML: {str(error).splitlines()[0]}"
    except RecursionError:
        content.error = "is nested too deeply"
    return content


class _Walk:
    """Turns nodes into values, and notes each key's line."""

    def __init__(self, loader: _Loader, lines: dict[Keys, int]) -> None:
        self._loader = loader
        self._lines = lines
        self._count = 0

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(keys, line)
        self._count += 1
        # Aliases are followed here, so that a bomb is counted by what it expands to.
        if self._count > MAX_VALUES:
            raise _Bad(f"more than {MAX_VALUES} values", line, keys)
        if len(keys) > MAX_DEPTH:
            raise _Bad("is nested too deeply", line, ())
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
            raise _Bad(f"could not determine a constructor for the tag {node.tag!r}", line, keys)
        match node:
            case yaml.MappingNode():
                self._loader.flatten_mapping(node)
                return self._mapping(node, keys)
            case yaml.SequenceNode():
                return [self.value(item, (*keys, n)) for n, item in enumerate(node.value)]
            case _:
                return self._loader.construct_object(node, deep=True)

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Bad("a key must be a string", line, keys)
            key = str(key_node.value)
            if key in mapping:
                raise _Bad("duplicate key", line, (*keys, key))
            self._lines[(*keys, key)] = line
            mapping[key] = self.value(value_node, (*keys, key))
        return mapping
