"""The V2 (Open Inference) protocol: tensors, messages and their JSON form. A leaf: it imports nothing of ours."""
