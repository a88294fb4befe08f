"""The gRPC transport. The only room that knows grpcio and protobuf; it is imported when a port for it is set.

open_inference.proto   the service and its messages
generated/             what protoc makes of it; tests hold it to the file above
service.py             the service's methods, over the data plane
call_scope.py          around every call: its id, the model it is for, its metrics, errors as codes
infer_messages.py      ModelInfer's messages; contents.py the typed form of a tensor's elements
descriptions.py        metadata, configuration and statistics as messages
health.py              grpc.health.v1
listener.py            the port, reflection, the end
threads.py             which threads a method runs in

Inference runs in the threads that REST uses, too, so both are bounded together; a call waits for it in a thread of its
own, and health answers wait for none of them (docs/decisions/0009-grpc.md).
"""
