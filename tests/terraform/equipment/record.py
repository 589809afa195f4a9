"""Record the schemas of Terraform's providers, as far as ``terraform/`` uses them.

Providers cannot be downloaded where the tests run, but their schemas are public: npm has them as generated
code of ``@cdktf/provider-*``. After a new kind of resource, or for a new version of a provider:

    npm install --ignore-scripts --legacy-peer-deps @cdktf/provider-aws @cdktf/provider-datadog
    python -m tests.terraform.equipment.record node_modules/@cdktf

What is recorded: names, types, blocks, what must be given and what is computed. What is not: the providers'
own validation of values. The ephemeral resource of random is written by hand: npm lacks that kind.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCHEMAS = Path(__file__).with_name("schemas")
PROVIDERS = ("aws", "datadog")
SCALARS = {"string": "string", "number": "number", "boolean": "bool"}
GETTERS = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "cdktf.IResolvable": "bool",
    "string[]": ["list", "string"],
    "number[]": ["list", "number"],
    "cdktf.StringMap": ["map", "string"],
}
ENTRY = re.compile(
    r"^( +)(\w+): \{\n\1    value: (.*),\n\1    isBlock: (true|false),\n"
    r'\1    type: "(\w+)",\n\1    storageClassType: "(\w+)"',
    re.MULTILINE,
)


class Source:
    """The generated code of one kind of resource."""

    def __init__(self, folder: Path) -> None:
        self.code, self.types = ((folder / name).read_text() for name in ("index.js", "index.d.ts"))
        self.cls = re.search(r"class (\w+) extends cdktf\.Terraform(?:Resource|Provider)", self.code)[1]

    @property
    def version(self) -> str:
        return re.search(r"providerVersion: '([\d.]+)'", self.code)[1]

    def schema(self) -> dict:
        """Give the whole schema."""
        body = self.code[self.code.rfind("synthesizeHclAttributes() {") :]
        found = self._block(body, f"{self.cls}Config")
        self._add_computed(found, self.cls)
        if "id" in found["attributes"]:
            found["attributes"]["id"] = {"type": "string", "computed": True}
        return found

    def _block(self, body: str, interface: str, depth: int = 0) -> dict:
        optional = self._optional(interface)
        found: dict = {"attributes": {}, "block_types": {}}
        for _, name, value, is_block, kind, storage in ENTRY.findall(body):
            may_lack = optional.get(name.replace("_", ""), True)
            mapper = re.search(r"(\w+)ToHclTerraform", value)
            if is_block == "true" and mapper and mapper[1] not in SCALARS and depth < 6:
                found["block_types"][name] = self._nested(mapper[1], kind, value, may_lack, depth)
            else:
                found["attributes"][name] = _attribute(name, _type(kind, storage), may_lack=may_lack)
        return found

    def _nested(self, mapper: str, kind: str, value: str, may_lack: bool, depth: int) -> dict:  # noqa: FBT001
        cls = mapper[0].upper() + mapper[1:]
        block = self._block(self._function(f"{mapper}ToHclTerraform"), cls, depth + 1)
        self._add_computed(block, f"{cls}OutputReference")
        if kind == "struct":
            return {"nesting_mode": "single", "block": block}
        least = {} if may_lack else {"min_items": 1}
        most = {} if "listMapperHcl" in value else {"max_items": 1}
        return {"nesting_mode": kind, "block": block, **least, **most}

    def _function(self, name: str) -> str:
        start = self.code.find(f"function {name}(struct)")
        return self.code[start : self.code.find("\n}\n", start)] if start >= 0 else ""

    def _optional(self, interface: str) -> dict[str, bool]:
        found = re.search(
            rf"export interface {interface}(?: extends [^{{]+)? \{{\n(.*?)\n\}}", self.types, re.DOTALL
        )
        names = re.findall(r"^    readonly (\w+)(\??):", found[1], re.MULTILINE) if found else []
        return {name.lower(): bool(mark) for name, mark in names}

    def _add_computed(self, found: dict, cls: str) -> None:
        known = {name.replace("_", "") for name in [*found["attributes"], *found["block_types"]]}
        for name, kind in self._getters(cls):
            if name.lower().removesuffix("attribute") not in known and name.lower() not in known:
                found["attributes"][_snake(name)] = {"type": self._computed(kind), "computed": True}

    def _getters(self, cls: str) -> list[tuple[str, str]]:
        body = re.search(rf"export declare class {cls} extends [^{{]+\{{\n(.*?)\n\}}", self.types, re.DOTALL)
        found = re.findall(r"^    get (\w+)\(\): ([^;{]+)", body[1], re.MULTILINE) if body else []
        return [
            (name, kind.strip())
            for name, kind in found
            if name != "internalValue" and not name.endswith("Input")
        ]

    def _computed(self, kind: str) -> object:
        if nested := re.match(r"(\w+?)List$", kind):
            fields = {
                _snake(name): self._computed(of) for name, of in self._getters(f"{nested[1]}OutputReference")
            }
            return ["list", ["object", fields]] if fields else "dynamic"
        return GETTERS.get(kind, "dynamic")


def _attribute(name: str, kind: object, *, may_lack: bool) -> dict:
    if not may_lack:
        return {"type": kind, "required": True}
    if name.endswith("_wo"):
        return {"type": kind, "optional": True, "write_only": True, "sensitive": True}
    return {"type": kind, "optional": True, "computed": True}


def _type(kind: str, storage: str) -> object:
    if kind == "simple":
        return SCALARS[storage]
    found = re.fullmatch(r"(string|number|boolean)(Map)?(List|Map)?(List)?", storage)
    if not found:
        return "dynamic"
    element: object = SCALARS[found[1]]
    outer = kind if kind in {"list", "set"} else "list"
    if storage.endswith("ListList"):
        return [outer, ["list", element]]
    if storage.endswith("MapList"):
        return [outer, ["map", element]]
    return ["map", element] if storage.endswith("Map") else [outer, element]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def used(provider: str) -> list[str]:
    """Give the kinds of resources of a provider that ``terraform/`` names."""
    texts = (path.read_text() for path in (ROOT / "terraform").rglob("*.tf"))
    return sorted(
        {kind for text in texts for kind in re.findall(rf'^resource "({provider}_\w+)"', text, re.MULTILINE)}
    )


def record(provider: str, library: Path) -> str:
    """Give the recorded schemas of a provider, one line for each kind of resource."""
    own = Source(library / "provider")
    resources = {
        kind: Source(library / kind.removeprefix(f"{provider}_").replace("_", "-")).schema()
        for kind in used(provider)
    }
    lines = [f'  "{kind}": {json.dumps(schema, sort_keys=True)}' for kind, schema in resources.items()]
    place = json.dumps(own.schema(), sort_keys=True)
    head = f'{{"version": "{own.version}",\n"provider": {place},\n"resources": {{\n'
    return head + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    for each in PROVIDERS:
        text = record(each, Path(sys.argv[1]) / f"provider-{each}" / "lib")
        json.loads(text)
        (SCHEMAS / f"{each}.json").write_text(text)
