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


TENANT = '[[tenant]]\nid = "one"\n'
VENDOR = '[vendor.withings]\nclient_id = "c"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LISTEN.replace("port = 3\n", ""), r"\[gateway\] port: missing"),
        (LISTEN.replace("port = 1", 'port = "abc"'), r"\[web\] port: write a whole number"),
        (LISTEN.replace("port = 1", "port = true"), r"\[web\] port: write a whole number"),
        ("web = 1\n", r"\[web\] is no table"),
        (LISTEN + TENANT, r"\[\[tenant\]\] one: name: missing; issuer: missing"),
        (LISTEN + "[[tenant]]\n", r"\[\[tenant\]\] number 1: id: missing"),
        (LISTEN + TENANT + 'scopes = "launch"\n', "scopes: write a list of texts"),
        (LISTEN + TENANT + "allow_http = 1\n", "allow_http: write true or false"),
        (LISTEN + "[tenant]\n", r"write \[\[tenant\]\], in two brackets"),
        (LISTEN + VENDOR, r"\[vendor.withings\] client_secret: missing"),
        (LISTEN + "[vendor]\nwithings = 1\n", r"\[vendor.withings\] is no table"),
        ('worker_interval_seconds = "x"\n' + LISTEN, "worker_interval_seconds: write a number"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_table(tmp_path, text, words):
    with pytest.raises(SettingsError, match=f"^{tmp_path / 'site.toml'}: .*{words}"):
        load(tmp_path, text)


def test_a_whole_number_will_do_for_a_number_of_seconds(tmp_path):
    assert load(tmp_path, "worker_interval_seconds = 1\n" + LISTEN).worker_interval_seconds == 1


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match="--config"):
        Settings.load(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "site.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="is not valid TOML"):
        Settings.load(tmp_path / "site.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.load(tmp_path)
