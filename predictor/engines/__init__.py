"""What runs a model's graph. inference_engine.py is the seam; onnx_runtime.py is what stands behind it."""
