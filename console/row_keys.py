"""What a labelled row is known by: 16 bytes of a hash over its label and its values."""

import hashlib

from dataset import LabelledRows

KEY_BYTES = 16


def row_keys(rows: LabelledRows) -> list[bytes]:
    """One for each row. Alike for rows of the same label and values (-0.0 is 0.0), however categories are counted."""
    texts = {place: rows.texts(name) for place, name in enumerate(rows.feature_names) if name in rows.categories}
    numbers = rows.features + 0.0
    numbers[:, list(texts)] = 0.0
    keys = []
    for index, (label, values) in enumerate(zip(rows.labels, numbers, strict=True)):
        key = hashlib.blake2b(values.astype("<f8").tobytes(), digest_size=KEY_BYTES)
        for text in (label, *(column[index] for column in texts.values())):
            encoded = text.encode()
            key.update(len(encoded).to_bytes(8, "little") + encoded)
        keys.append(key.digest())
    return keys


def split_keys(content: bytes) -> set[bytes]:
    """The keys in `content`, where they stand one behind the other."""
    return {content[start : start + KEY_BYTES] for start in range(0, len(content), KEY_BYTES)}
