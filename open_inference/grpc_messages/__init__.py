"""The V2 protocol over gRPC: its messages, and ours made of them. For both sides of a call; nothing here calls anybody.

open_inference.proto   the service and its messages
generated/             what protoc makes of it; tests hold it to the file above
infer_messages.py      ModelInfer's messages; contents.py the typed form of a tensor's elements

One protobuf of V2 can be in a process: KServe's SDK and tritonclient register the same names.
"""
