"""Print what botocore's service model says of Bedrock's asynchronous invocation.

Standard input is ``{}``. Printed are for each operation its method, its path, its errors with their statuses, and its members
by their places with what is said of each: type, lengths, pattern, enumeration.
"""

import json
import sys

from botocore.session import get_session

json.load(sys.stdin)
model = get_session().get_service_model("bedrock-runtime")


def members(shape, place=""):
    if shape.type_name == "structure" and not shape.is_document_type:
        for name, member in shape.members.items():
            yield from members(member, f"{place}.{name}".removeprefix("."))
        return
    kept = {
        name: value for name, value in shape.metadata.items() if name in ("min", "max", "pattern", "enum")
    }
    yield place, {"type": shape.type_name, **kept}
    if shape.type_name == "list":
        yield from members(shape.member, f"{place}[]")


def told(name):
    operation = model.operation_model(name)
    return {
        "http": [operation.http["method"], operation.http["requestUri"]],
        "errors": {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in operation.error_shapes},
        "input": dict(members(operation.input_shape)),
        "required": operation.input_shape.required_members,
        "output": dict(members(operation.output_shape)),
    }


names = [name for name in model.operation_names if "AsyncInvoke" in name]
json.dump({name: told(name) for name in names}, sys.stdout)
