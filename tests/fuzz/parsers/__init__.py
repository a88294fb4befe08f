"""The list of parsers, by room: a new one is added here, and its name to names.py.

    messages.py    the V2 protocol, gRPC, forms, compressed bodies
    served.py      what a predictor's doors take beside V2; pictures.py samples of pictures
    tables.py      labelled rows in every form, uploads, holdouts, labels
    bundles.py     manifests and tars
    access.py      keys, and the headers that decide who is let in
    documents.py   evidence, rollouts, recorded predictions, gate.yaml, params.yaml, what a process keeps for the next

What answers a gate or a console over the network is V2 and /metadata. Prometheus, Envoy and the API server are not
among them: whoever runs those has more to say than any answer of theirs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.fuzz.parser import Parser
from tests.fuzz.parsers.access import access_parsers
from tests.fuzz.parsers.bundles import bundle_parsers
from tests.fuzz.parsers.documents import document_parsers
from tests.fuzz.parsers.messages import message_parsers
from tests.fuzz.parsers.served import served_parsers
from tests.fuzz.parsers.tables import table_parsers


def all_parsers(folder: Path) -> Mapping[str, Parser]:
    """By name. Those that read files do so in folders of their own below `folder`, which is empty."""
    found: dict[str, Parser] = {}
    for number, parsers in enumerate(
        (_without_files, served_parsers, table_parsers, bundle_parsers, document_parsers, access_parsers)
    ):
        own = folder / str(number)
        own.mkdir()
        for parser in parsers(own):
            assert parser.name not in found, parser.name
            found[parser.name] = parser
    return found


def _without_files(_folder: Path) -> Iterator[Parser]:
    return message_parsers()
