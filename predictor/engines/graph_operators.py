"""Which operators a graph has, as far as its bytes tell without a parser of ONNX, which a server does not need."""

_UNSTEADY = (
    *("If", "Loop", "Scan", "SequenceMap"),
    *("Compress", "ConstantOfShape", "Expand", "NonMaxSuppression", "NonZero", "Pad", "Range", "Resize", "Tile"),
    *("Unique", "Upsample", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer", "MaxUnpool"),
)
_OP_TYPE = 0x22  # NodeProto's field 4, a string


def has_steady_cost(model_bytes: bytes) -> bool:
    """Whether a run takes as long as another one with as many rows, whatever their numbers are.

    That is not so where numbers decide how often something is done, or how large a tensor becomes: false when an
    operator of that kind is in the graph. Weights can happen to look like one; a graph that has one is never missed.
    """
    return not any(bytes([_OP_TYPE, len(name)]) + name.encode() in model_bytes for name in _UNSTEADY)
