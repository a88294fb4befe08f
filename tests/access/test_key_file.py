import json
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import KeyMissing, KeyRefused, KeysNotUsable, NoSuchKey
from access.key_file import StoredKey, create_key, hash_of, read_keys, revoke_keys
from access.keyring import Keyring, ValidKeys
from access.scopes import Scope
from tests.assay.program import assay

NOW = datetime.now(UTC)


def new_key(path: Path, name: str = "ci", *scopes: Scope, lives: float | None = None) -> tuple[StoredKey, str]:
    expires_at = None if lives is None else datetime.now(UTC) + timedelta(seconds=lives)
    return create_key(path, name, scopes or (Scope.INFER,), now=datetime.now(UTC), expires_at=expires_at)


def test_the_file_holds_the_hash_and_never_the_key_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "keys.json"
    previous = os.umask(0)
    try:
        stored, key = new_key(path)
    finally:
        os.umask(previous)
    secret = key.rpartition("_")[2]
    assert secret not in path.read_text()
    assert hash_of(key) == stored.sha256
    assert len(bytes.fromhex(secret)) == 32
    assert [stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()] == [0o600, 0o600]  # and the lock


def test_two_who_change_the_file_at_once_both_have(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    threads = [threading.Thread(target=new_key, args=(path, f"team-{number}")) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.name for one in read_keys(path)} == {f"team-{number}" for number in range(16)}


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    new_key(path)
    before = path.read_bytes()
    with pytest.raises(NoSuchKey, match="no key with the name or id who"):
        revoke_keys(path, "who", at=NOW, now=NOW)
    assert path.read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"keys.json", ".keys.json.lock"}


@pytest.mark.parametrize("content", ["", "{", '{"format": 2}', '{"keys": [{"id": "x"}]}', '{"keys": [], "more": 1}'])
def test_what_is_no_file_of_keys_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(KeysNotUsable, match=r"keys\.json is no file of keys"):
        read_keys(path)


def test_a_replaced_key_is_valid_beside_the_new_one_until_its_time(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    _, old = new_key(path)
    later = NOW + timedelta(hours=24)
    _, new = create_key(path, "ci", [Scope.INFER], now=NOW, others_expire_at=later)
    for key in (old, new):
        assert ValidKeys(read_keys(path)).find_key(key).name == "ci"
    left = [one for one in read_keys(path) if one.is_valid_at(later)]
    assert ValidKeys(tuple(left)).find_key(new)
    with pytest.raises(KeyRefused):
        ValidKeys(tuple(left)).find_key(old)


def test_a_key_that_was_added_revoked_or_has_expired_is_so_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    _, first = new_key(path)
    keyring = Keyring(path, print)
    remembered = keyring.current()
    assert keyring.current() is remembered
    stored, second = new_key(path, "other", lives=1.2)
    assert _within_a_second(keyring, second, is_valid=True)
    assert keyring.current() is not remembered
    assert stored.expires_at is not None
    assert _within_a_second(keyring, second, is_valid=False, seconds=2)
    revoke_keys(path, "ci", at=datetime.now(UTC), now=datetime.now(UTC))
    assert _within_a_second(keyring, first, is_valid=False)


def test_a_file_that_is_gone_or_damaged_lets_nobody_in_and_is_told_of_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    _, key = new_key(path)
    content = path.read_bytes()
    told: list[str] = []
    keyring = Keyring(path, told.append)
    path.write_text("{")
    assert _within_a_second(keyring, key, is_valid=False)
    with pytest.raises(KeysNotUsable, match="cannot be read now"):
        keyring.current().find_key(key)
    path.write_bytes(content)
    assert _within_a_second(keyring, key, is_valid=True)
    assert len(told) == 1
    assert key not in told[0]
    path.unlink()
    assert _within_a_second(keyring, key, is_valid=False)
    with pytest.raises(KeysNotUsable, match="No such file"):
        Keyring(path, told.append)


@given(st.text(max_size=90))
def test_no_text_is_a_key_by_chance(text: str) -> None:
    stored = StoredKey(id="0" * 8, name="ci", sha256=hash_of("assay_" + "0" * 73), scopes=(), created_at=NOW)
    with pytest.raises((KeyRefused, KeyMissing)):
        ValidKeys((stored,)).find(text)
    with pytest.raises(KeyRefused):
        ValidKeys((stored,)).find(f"Bearer {text}x")


def test_the_command_shows_a_key_once_and_the_list_none(tmp_path: Path) -> None:
    file = ["--file", tmp_path / "keys.json"]
    made = assay("keys", "create", "ci", "--scope", "infer", "--scope", "read", "--days", "90", *file)
    assert made.code == 0, made.stderr
    key = made.stdout.strip()
    assert "it is shown this once" in made.stderr
    assert key not in made.stderr
    assert ValidKeys(read_keys(tmp_path / "keys.json")).find_key(key).scopes == (Scope.INFER, Scope.READ)
    again = assay("keys", "create", "ci", "--scope", "infer", "--overlap-hours", "24", *file)
    assert again.code == 0, again.stderr
    listed = assay("keys", "list", "--json", *file)
    assert [(one["name"], one["valid"]) for one in json.loads(listed.stdout)["keys"]] == [("ci", True), ("ci", True)]
    hashes = [one.sha256 for one in read_keys(tmp_path / "keys.json")]
    assert not [text for text in (key, again.stdout.strip(), *hashes) if text in listed.stdout]
    assert assay("keys", "revoke", key.split("_")[1], *file).code == 0
    assert len(assay("keys", "list", *file).stdout.splitlines()) == 1
    assert assay("keys", "list").code == 2


def _within_a_second(keyring: Keyring, key: str, *, is_valid: bool, seconds: float = 1.0) -> bool:
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    pause = threading.Event()
    while datetime.now(UTC) < deadline:
        try:
            keyring.current().find_key(key)
            found = True
        except (KeyRefused, KeysNotUsable):
            found = False
        if found is is_valid:
            return True
        pause.wait(0.02)
    return False
