"""Data beside the page, as scripts: a page that is opened from disk may load nothing else.

A browser refuses `fetch` of files, but runs a script that lies beside the page. Each file calls one
function with its name and its JSON, packed: base64 of gzip, so that nothing of a source is ever
read as a program, and a file is a third of its JSON.
"""

import base64
import gzip
import json
import zlib

LEVEL = 5


def data_file(name: str, text: str) -> str:
    """The script of a data file, from its JSON; the same text gives the same script."""
    packed = gzip.compress(text.encode(), compresslevel=LEVEL, mtime=0)
    return f'alsobought({json.dumps(name)}, "{base64.b64encode(packed).decode()}");\n'


def unpacked(script: str) -> str:
    """The JSON of a data file."""
    packed = script.rsplit('"', 2)[1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def shard_of(key: str, shards: int) -> int:
    """The shard that has an item's lists, in [0, shards): CRC-32 of its key as UTF-8.

    The page computes the same (`crc32` in page.js).
    """
    return zlib.crc32(key.encode()) % shards
