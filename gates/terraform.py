"""Terraform as plain data: resources with their values, from files or from a plan.

Files tell what is written: variables and locals are put in where they are known, the rest of an expression
stays as text. A plan (``terraform show -json``) tells what will be; what only AWS can tell stays a reference.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gates.findings import ROOT, GateError
from gates.run import answer, tool

NAME = re.compile(r"\b(var|local)\.(\w+)")
DEEP = 6
"""Locals that are put into locals that are put into locals: as many times as anybody writes by hand."""

Values = dict[str, Any]
Blocks = dict[str, list[dict[str, Any]]]


class Resource(NamedTuple):
    """A resource or a data source.

    Attributes:
        module: Where it is declared: a folder, or a module's address in a plan.
        kind: Its type, such as ``aws_s3_bucket``; a data source's begins with ``data.``.
        name: Its name in the module.
        values: Its arguments; nested blocks are lists of objects.
        path: Its file, relative to the project's root; or the plan.
        line: Its first line; 0 where it is not known.
    """

    module: str
    kind: str
    name: str
    values: Values
    path: str
    line: int = 0

    @property
    def address(self) -> str:
        """Its name with its kind, as references have it."""
        return f"{self.kind}.{self.name}"


def from_files(folder: Path, root: Path = ROOT) -> list[Resource]:
    """Read all modules below a folder, each with the arguments of every call of it.

    Raises:
        GateError: A file cannot be read.
    """
    folders = sorted({str(path.parent) for path in folder.rglob("*.tf") if ".terraform" not in path.parts})
    if not folders:
        return []
    modules: dict[str, Blocks] = answer(
        [tool("python"), Path(__file__).with_name("hcl.py"), *folders], folder=root
    )
    called = {target for name in modules for _, target in _calls(name, modules[name])}
    tops = [name for name in modules if name not in called]
    return [resource for name in tops for resource in _module(name, modules, {}, root)]


def from_plan(text: str, path: str = "plan") -> list[Resource]:
    """Read the answer of ``terraform show -json``.

    Raises:
        GateError: It is none.
    """
    plan = json.loads(text)
    if "planned_values" not in plan:
        raise GateError(f"{path} is no plan of terraform show -json")
    known = [plan["planned_values"], plan.get("prior_state", {}).get("values", {})]
    references = dict(_references(plan["configuration"].get("root_module", {}), ""))
    planned = [entry for values in known for entry in _entries(values.get("root_module", {}))]
    return [_planned(entry, references, path) for entry in planned]


def _module(folder: str, modules: dict[str, Blocks], given: Values, root: Path) -> Iterator[Resource]:
    blocks, known = modules[folder], _known(modules[folder], given)
    for kind, prefix in (("resource", ""), ("data", "data.")):
        for told in blocks.get(kind, []):
            ((word, named),) = told["block"].items()
            ((name, values),) = named.items()
            path = Path(folder, told["file"]).resolve()
            where = (
                str(path.relative_to(root.resolve())) if path.is_relative_to(root.resolve()) else str(path)
            )
            yield Resource(
                folder, prefix + word, name, _with_dynamic(resolve(values, known)), where, told["line"]
            )
    for arguments, target in _calls(folder, blocks):
        if target in modules:
            yield from _module(target, modules, resolve(arguments, known), root)


def _known(blocks: Blocks, given: Values) -> Values:
    """Give the values of variables and locals, under the words that expressions have for them."""
    known: Values = {}
    for told in blocks.get("variable", []):
        ((name, values),) = told["block"].items()
        known |= {f"var.{name}": values["default"]} if "default" in values else {}
    known |= {f"var.{name}": value for values in blocks["given"] for name, value in values.items()}
    known |= {f"var.{name}": value for name, value in given.items() if known.get(f"var.{name}") != value}
    for told in blocks.get("locals", []):
        known |= {f"local.{name}": value for name, value in told["block"].items()}
    return known


def _calls(folder: str, blocks: Blocks) -> Iterator[tuple[Values, str]]:
    """Give the arguments and the folder of each call of a module that lies here."""
    for told in blocks.get("module", []):
        ((_, values),) = told["block"].items()
        if str(values.get("source", "")).startswith("."):
            yield values, str(Path(folder, values["source"]).resolve())


def resolve(value: Any, known: Values, deep: int = DEEP) -> Any:
    """Put what is known into a value.

    Args:
        value: Of an argument.
        known: Values by ``var.name`` and ``local.name``.
        deep: How many times a value may itself be resolved.
    """
    if isinstance(value, dict):
        return {resolve(key, known, deep): resolve(one, known, deep) for key, one in value.items()}
    if isinstance(value, list):
        return [resolve(one, known, deep) for one in value]
    if not isinstance(value, str) or "${" not in value or not deep:
        return value
    if (whole := NAME.fullmatch(value[2:-1])) and value.endswith("}"):
        return resolve(known[whole[0]], known, deep - 1) if whole[0] in known else value
    return NAME.sub(lambda found: _text(found[0], known, deep), _filled(value, known, deep))


def _filled(text: str, known: Values, deep: int) -> str:
    """Fill ``${var.name}`` in a sentence where it is a word or a number."""

    def word(found: re.Match[str]) -> str:
        value = resolve(known.get(found[1]), known, deep - 1)
        return str(value) if isinstance(value, str | int | float) else found[0]

    return re.sub(r"\$\{((?:var|local)\.\w+)\}", word, text)


def _text(name: str, known: Values, deep: int) -> str:
    if name not in known:
        return name
    value = resolve(known[name], known, deep - 1)
    is_expression = isinstance(value, str) and value.startswith("${") and value.endswith("}")
    return f"({value[2:-1]})" if is_expression else json.dumps(value)


def _with_dynamic(values: Values) -> Values:
    """Put the contents of dynamic blocks beside the written ones."""
    told = dict(values)
    for dynamic in told.pop("dynamic", []):
        for name, blocks in dynamic.items():
            for block in blocks if isinstance(blocks, list) else [blocks]:
                contents = [{**one, "for_each": block.get("for_each")} for one in block.get("content", [])]
                told[name] = [*told.get(name, []), *contents]
    return told


def _entries(module: Values) -> Iterator[Values]:
    yield from ({**entry, "module": module.get("address", "")} for entry in module.get("resources", []))
    for child in module.get("child_modules", []):
        yield from _entries(child)


def _references(module: Values, address: str) -> Iterator[tuple[tuple[str, str], Values]]:
    """Give, for each resource of a plan, what its arguments refer to."""
    for entry in module.get("resources", []):
        expressions = entry.get("expressions", {})
        refers = {
            name: e["references"]
            for name, e in expressions.items()
            if isinstance(e, dict) and e.get("references")
        }
        yield (address, entry["address"]), refers
    for name, call in module.get("module_calls", {}).items():
        yield from _references(call.get("module", {}), f"{address}.module.{name}".strip("."))


def _planned(entry: Values, references: dict[tuple[str, str], Values], path: str) -> Resource:
    module = re.sub(r"\[[^\]]*\]", "", entry["module"])
    kind = f"data.{entry['type']}" if entry["mode"] == "data" else entry["type"]
    refers = references.get((module, f"{kind}.{entry['name']}"), {})
    values = dict(entry["values"])
    for name, to in refers.items():
        if values.get(name) in (None, "", []):
            values[name] = f"${{{to[0]}}}"
    return Resource(module, kind, entry["name"], values, path)
