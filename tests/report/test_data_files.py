"""Data files: scripts that no title can change, and shards that the page finds again."""

import json
import re
import zlib

from alsobought.report.data_files import data_file, shard_of, unpacked

HOSTILE = "\"</script><script>alert(1)</script>\u2028\u202e\x00'\\"


def test_a_data_file_is_one_call_whatever_its_text_holds():
    text = json.dumps([HOSTILE], ensure_ascii=False)
    script = data_file("items-0000", text)
    assert re.fullmatch(r'alsobought\("items-0000", "[A-Za-z0-9+/=]+"\);\n', script)
    assert unpacked(script) == text
    assert data_file("items-0000", text) == script


def test_a_shard_is_the_crc_of_the_key_as_utf_8():
    assert shard_of("1098066", 7) == zlib.crc32(b"1098066") % 7
    assert shard_of("Käse", 1000) == zlib.crc32("Käse".encode()) % 1000
    assert {shard_of(str(n), 3) for n in range(50)} == {0, 1, 2}
