"""The model behind each framework, as its documentation shows it; every file runs in the environment of its peer.

They import nothing of ours but mlp.py. Each is started in a directory with `model.onnx` by `python -m
benchmarks.servers.<name> HTTP_PORT GRPC_PORT METRICS_PORT`; what it has no use for, it passes over.
"""
