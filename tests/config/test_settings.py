from pathlib import Path

import pytest

from config.settings import Settings, SettingsError

LISTEN = "".join(
    f'[{name}]\nhost = "127.0.0.1"\nport = {port}\nurl = "http://127.0.0.1:{port}"\n'
    for name, port in (("web", 1), ("api", 2), ("gateway", 3))
)


def load(folder: Path, text: str) -> Settings:
    (folder / "site.toml").write_text(text)
    return Settings.load(folder / "site.toml")


def test_the_data_folder_is_taken_from_the_files_own_folder(tmp_path):
    assert load(tmp_path, 'data = "d"\n' + LISTEN).data == tmp_path / "d"


def test_an_unknown_entry_is_named(tmp_path):
    with pytest.raises(SettingsError, match="colour"):
        load(tmp_path, 'colour = "red"\n' + LISTEN)


def test_a_missing_entry_is_named(tmp_path):
    with pytest.raises(SettingsError, match="port"):
        load(tmp_path, LISTEN.replace("port = 3\n", ""))


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="--config"):
        Settings.load(tmp_path / "none.toml")
