"""Write the types of documents and commands that a field office uses, from the OpenAPI document.

``python -m client.generate`` writes ``devcoop_client/types_*.py`` anew; with ``--check`` it writes nothing, names the files
that differ, and exits with 1 if there are any. The types are those of the owners' contracts: each file holds all that its
roots refer to. Decimals are typed as strings, the way in which they travel.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from datamodel_code_generator import InputFileType, PythonVersion, generate
from datamodel_code_generator.enums import DataModelType
from datamodel_code_generator.format import Formatter
from datamodel_code_generator.parser import LiteralType

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = "docs/openapi.json"
FOLDER = "client/devcoop_client"
COMMAND = "python -m client.generate"
FILES = {
    "types_activity": ("Activity",),
    "types_finance": ("ActivityFinance", "Transaction"),
    "types_framework": ("ResultsFramework", "ActualReport"),
    "types_report": ("Report", "ReportStep"),
    "types_answers": ("Problem", "Receipt", "TokenAnswer"),
}
"""The schemas that each file is for."""

_COMPONENTS, _DEFINITIONS = "#/components/schemas/", "#/$defs/"
_SHAPE = {
    *("$ref", "type", "properties", "required", "items", "anyOf", "enum", "const", "description"),
    *("additionalProperties", "prefixItems"),
}
"""What of a schema is told by a type; bounds and defaults are not."""


def text_of(document: Mapping[str, Any], name: str) -> str:
    """Return the text of one file of types.

    Args:
        document: OpenAPI 3.1, whose components are JSON Schemas.
        name: of the file, as in ``FILES``.

    """
    schemas, roots = document["components"]["schemas"], FILES[name]
    reached = dict.fromkeys(each for root in roots for each in _reached(schemas, root))
    references = [{"$ref": f"{_DEFINITIONS}{root}"} for root in roots]
    schema = {"title": "Any", "anyOf": references, "$defs": {each: _shape(schemas[each]) for each in reached}}
    text = generate(
        json.dumps(schema),
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.TypingTypedDict,
        target_python_version=PythonVersion.PY_311,
        custom_file_header=f'"""Types of {", ".join(roots)}; written by ``{COMMAND}``."""',
        use_union_operator=True,
        use_standard_collections=True,
        use_schema_description=True,
        use_single_line_docstring=True,
        skip_root_model=True,
        use_title_as_name=False,
        disable_future_imports=True,
        enum_field_as_literal=LiteralType.All,
        formatters=[Formatter.RUFF_CHECK, Formatter.RUFF_FORMAT],
        settings_path=ROOT,
    )
    return f"{text}".rstrip() + "\n"


def _reached(schemas: Mapping[str, Any], name: str, seen: set[str] | None = None) -> Iterator[str]:
    """Yield a schema and all that it refers to, each once."""
    seen = set() if seen is None else seen
    if name in seen:
        return
    seen.add(name)
    for each in sorted(_references(schemas[name])):
        yield from _reached(schemas, each, seen)
    yield name


def _references(value: Any) -> set[str]:  # noqa: ANN401
    if isinstance(value, list):
        return {name for each in value for name in _references(each)}
    if not isinstance(value, dict):
        return set()
    found = {name for each in value.values() for name in _references(each)}
    reference = value.get("$ref")
    return found | {reference.removeprefix(_COMPONENTS)} if isinstance(reference, str) else found


def _shape(value: Any) -> Any:  # noqa: ANN401
    """Return a schema with what a type can tell; of a decimal, which is taken as a number too, the string."""
    if isinstance(value, list):
        return [_shape(each) for each in value]
    if not isinstance(value, dict):
        return value
    shape = {key: each for key, each in value.items() if key in _SHAPE}
    if isinstance(shape.get("$ref"), str):
        return {"$ref": shape["$ref"].replace(_COMPONENTS, _DEFINITIONS)}
    if "properties" in shape:
        shape["properties"] = {key: _shape(each) for key, each in shape["properties"].items()}
        shape.pop("additionalProperties", None)
    for key in ("items", "anyOf", "prefixItems", "additionalProperties"):
        if key in shape:
            shape[key] = _shape(shape[key])
    if "anyOf" in shape:
        kinds = {each.get("type") for each in shape["anyOf"]}
        if {"number", "string"} <= kinds:
            shape["anyOf"] = [each for each in shape["anyOf"] if each.get("type") != "number"]
    return shape


def differing(root: Path = ROOT) -> dict[str, str]:
    """Return the texts of the files that are missing or out of date, by path."""
    document = json.loads((root / DOCUMENT).read_text(encoding="utf-8"))
    texts = {f"{FOLDER}/{name}.py": text_of(document, name) for name in FILES}
    return {path: text for path, text in texts.items() if _read(root / path) != text}


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Write the types of the field client.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming what differs")
    check = parser.parse_args(arguments).check
    changed = differing(root)
    for path, text in changed.items():
        if not check:
            (root / path).write_text(text, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{'differs' if check else 'written'}: {path}\n")
    return 1 if check and changed else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
