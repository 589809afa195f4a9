"""The messages of Terraform's plugin protocol 6.8, as far as a provider without a cloud needs them.

The package ``tf`` has those of an earlier version, without write-only arguments and ephemeral resources;
these are added here.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from tf.gen import tfplugin_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
PACKAGE = "tfplugin6"


def _field(message, name, number, kind, *, type_name="", repeated=False):
    made = message.field.add(name=name, number=number, type=kind)
    made.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
    if type_name:
        made.type_name = f".{PACKAGE}.{type_name}"


def _call(file, name, request, response):
    outer = file.message_type.add(name=name)
    for half, fields in (("Request", request), ("Response", response)):
        inner = outer.nested_type.add(name=half)
        for field, (number, kind) in fields.items():
            if kind in {_FIELD.TYPE_STRING, _FIELD.TYPE_BYTES}:
                _field(inner, field, number, kind)
            else:
                repeated = kind == "Diagnostic"
                _field(inner, field, number, _FIELD.TYPE_MESSAGE, type_name=kind, repeated=repeated)


def _extended() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto.FromString(tfplugin_pb2.DESCRIPTOR.serialized_pb)
    messages = {message.name: message for message in file.message_type}
    attribute = next(m for m in messages["Schema"].nested_type if m.name == "Attribute")
    _field(attribute, "write_only", 11, _FIELD.TYPE_BOOL)
    schemas = next(m for m in messages["GetProviderSchema"].nested_type if m.name == "Response")
    entry = schemas.nested_type.add(name="EphemeralResourceSchemasEntry")
    entry.options.map_entry = True
    _field(entry, "key", 1, _FIELD.TYPE_STRING)
    _field(entry, "value", 2, _FIELD.TYPE_MESSAGE, type_name="Schema")
    name = "GetProviderSchema.Response.EphemeralResourceSchemasEntry"
    _field(schemas, "ephemeral_resource_schemas", 8, _FIELD.TYPE_MESSAGE, type_name=name, repeated=True)
    asked = {"type_name": (1, _FIELD.TYPE_STRING), "config": (2, "DynamicValue")}
    _call(file, "ValidateEphemeralResourceConfig", asked, {"diagnostics": (1, "Diagnostic")})
    _call(
        file,
        "OpenEphemeralResource",
        asked,
        {"diagnostics": (1, "Diagnostic"), "result": (3, "DynamicValue")},
    )
    closed = {"type_name": (1, _FIELD.TYPE_STRING), "private": (2, _FIELD.TYPE_BYTES)}
    _call(file, "CloseEphemeralResource", closed, {"diagnostics": (1, "Diagnostic")})
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
_pool.Add(_extended())


def message(name: str) -> type:
    """Give the class of a message, such as ``Schema.Block``."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
