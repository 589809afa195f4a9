"""A provider of Terraform that knows a recorded schema and no cloud.

It takes a configuration as the real one does, as far as the schema goes. What is computed is unknown.
It refuses to apply: whoever wants that mocks it, as ``terraform test`` does. Terraform alone runs it, as
``provider.py SCHEMA.json``. With ``FORETELL=1`` it foretells ARNs and addresses, so that what has them in it
can be read.
"""

import functools
import json
import os
import sys
from pathlib import Path

import grpc
import msgpack
from protocol import PACKAGE, message
from tf import runner
from tf.gen import tfplugin_pb2_grpc

UNKNOWN = msgpack.ExtType(0, b"\x00")
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4}
FORETOLD = (
    {"arn": "arn:aws:foretold:::one", "address": "foretold.example"} if os.environ.get("FORETELL") else {}
)
ERROR = 1
FLAGS = ("required", "optional", "computed", "sensitive", "write_only")


def block_message(block: dict):
    """Write a recorded block as the protocol has it."""
    made = message("Schema.Block")()
    for name, about in sorted(block["attributes"].items()):
        kind = json.dumps(about["type"]).encode()
        made.attributes.add(name=name, type=kind, **{flag: about.get(flag, False) for flag in FLAGS})
    for name, about in sorted(block["block_types"].items()):
        nested = made.block_types.add(type_name=name, nesting=NESTING[about["nesting_mode"]])
        nested.block.CopyFrom(block_message(about["block"]))
        nested.min_items, nested.max_items = about.get("min_items", 0), about.get("max_items", 0)
    return made


def planned(block: dict, value: dict | None) -> dict | None:
    """Give what a resource will be: what only the cloud knows is unknown, what is write-only is forgotten."""
    if value is None:
        return None
    for name, about in block["attributes"].items():
        if about.get("write_only"):
            value[name] = None
        elif value.get(name) is None and about.get("computed") and not about.get("optional"):
            value[name] = FORETOLD.get(name, UNKNOWN)
    for name, about in block["block_types"].items():
        inner = value.get(name)
        if isinstance(inner, list):
            value[name] = [
                planned(about["block"], item) if isinstance(item, dict) else item for item in inner
            ]
        elif isinstance(inner, dict):
            value[name] = planned(about["block"], inner)
    return value


class Provider:
    """Answers Terraform's calls from a recorded schema."""

    def __init__(self, recorded: dict) -> None:
        self.recorded = recorded
        self.resources, self.ephemeral = recorded["resources"], recorded.get("ephemeral", {})

    def GetProviderSchema(self, _):  # noqa: N802 - the protocol's names
        answer = message("GetProviderSchema.Response")()
        answer.provider.block.CopyFrom(block_message(self.recorded["provider"]))
        for name, schema in self.resources.items():
            answer.resource_schemas[name].block.CopyFrom(block_message(schema))
        for name, schema in self.ephemeral.items():
            answer.ephemeral_resource_schemas[name].block.CopyFrom(block_message(schema))
        return answer

    def PlanResourceChange(self, request):  # noqa: N802
        wanted = msgpack.unpackb(request.proposed_new_state.msgpack, strict_map_key=False)
        prior = msgpack.unpackb(request.prior_state.msgpack, strict_map_key=False)
        if prior is None:
            wanted = planned(self.resources[request.type_name], wanted)
        answer = message("PlanResourceChange.Response")(legacy_type_system=True)
        answer.planned_state.msgpack = msgpack.packb(wanted)
        return answer

    def ApplyResourceChange(self, request):  # noqa: N802
        answer = message("ApplyResourceChange.Response")()
        answer.diagnostics.add(
            severity=ERROR, summary=f"{request.type_name}: there is no cloud here to apply to"
        )
        return answer

    def ReadResource(self, request):  # noqa: N802
        return message("ReadResource.Response")(new_state=request.current_state)

    def UpgradeResourceState(self, request):  # noqa: N802
        answer = message("UpgradeResourceState.Response")()
        answer.upgraded_state.msgpack = msgpack.packb(json.loads(request.raw_state.json))
        return answer

    def OpenEphemeralResource(self, request):  # noqa: N802
        given = msgpack.unpackb(request.config.msgpack, strict_map_key=False)
        for name, about in self.ephemeral[request.type_name]["attributes"].items():
            if given.get(name) is None and about.get("computed"):
                given[name] = {"string": f"made-{name}", "bool": True, "number": 0}[about["type"]]
        answer = message("OpenEphemeralResource.Response")()
        answer.result.msgpack = msgpack.packb(given)
        return answer


SILENT = (
    "ConfigureProvider",
    "CloseEphemeralResource",
    "GetFunctions",
    "StopProvider",
    "ValidateEphemeralResourceConfig",
    "ValidateProviderConfig",
    "ValidateResourceConfig",
)
"""Calls that are answered with nothing to say."""


def serve(provider: Provider, server: grpc.Server) -> None:
    """Register the calls that the provider answers."""
    names = [name for name in vars(Provider) if name[0].isupper()] + list(SILENT)
    handlers = {}
    for name in names:
        silent = functools.partial(_nothing, message(f"{name}.Response"))
        call = getattr(provider, name, silent)
        handlers[name] = grpc.unary_unary_rpc_method_handler(
            lambda request, _, call=call: call(request),
            request_deserializer=message(f"{name}.Request").FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(f"{PACKAGE}.Provider", handlers)])


def _nothing(answer: type, _: object) -> object:
    return answer()


if __name__ == "__main__":
    tfplugin_pb2_grpc.add_ProviderServicer_to_server = lambda _, server: serve(made, server)
    made = Provider(json.loads(Path(sys.argv[1]).read_text()))
    runner.run_provider(None, sys.argv[:1])
