"""As much of grpcurl as the documents show, for machines that have none: it knows the server by reflection alone.

`python -m tests.predictor.grpcurl -plaintext [-d JSON] ADDRESS list|SERVICE/METHOD`. A process of its own, which knows
no message of the protocol beforehand.
"""

import argparse
import json
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main() -> None:
    parser = argparse.ArgumentParser(prog="grpcurl", allow_abbrev=False)
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-d", default="{}")
    parser.add_argument("address")
    parser.add_argument("target")
    given = parser.parse_args()
    with grpc.insecure_channel(given.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        if given.target == "list":
            print("\n".join(sorted(database.get_services())))
            return
        service, method = given.target.split("/")
        described = DescriptorPool(database).FindServiceByName(service).methods_by_name[method]
        request = json_format.Parse(given.d, GetMessageClass(described.input_type)())
        call: Any = channel.unary_unary(
            f"/{given.target}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(described.output_type).FromString,
        )
        answer = json_format.MessageToDict(call(request, timeout=30))
        if "parameters" in answer:  # a map, which has no order: grpcurl sorts it
            answer["parameters"] = dict(sorted(answer["parameters"].items()))
        print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
