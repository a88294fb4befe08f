"""The gRPC transport. The only room of the predictor that knows grpcio; it is imported when a port for it is set. Its
messages are those of open_inference/grpc_messages.

service.py             the service's methods, over the data plane
call_scope.py          around every call: its id, the model it is for, its metrics, errors as codes
descriptions.py        metadata, configuration and statistics as messages
health.py              grpc.health.v1
listener.py            the port, reflection, the end
threads.py             which threads a method runs in

Inference runs in the threads that REST uses, too, so both are bounded together; a call waits for it in a thread of its
own, and health answers wait for none of them (docs/decisions/0009-grpc.md).
"""
