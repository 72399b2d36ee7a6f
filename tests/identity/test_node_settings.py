"""node.toml: what is right is read, what is wrong is named."""

from pathlib import Path

import pytest

from jiwar.identity.node import NodeSettings, NodeSettingsInvalid
from jiwar.operation.node_folder import read_settings, write_settings

RIGHT = 'code = "NER-MADAMA"\nrole = "post"\nname = "مادما"\n'


def read(tmp_path: Path, text: str) -> NodeSettings:
    (tmp_path / "node.toml").write_text(text, encoding="utf-8")
    return NodeSettings.read(tmp_path / "node.toml")


def test_a_post_belongs_to_its_state(tmp_path: Path) -> None:
    node = read(tmp_path, RIGHT)
    assert (node.state, node.national, node.name) == ("NER", "NER", "مادما")
    assert read(tmp_path, 'code = "NER"\nrole = "national"\nname = "Niger"\n').national is None


def test_the_console_answers_to_its_own_host(tmp_path: Path) -> None:
    assert "ner.example" in read(tmp_path, RIGHT + 'console_url = "https://ner.example:8000"\n').console_hosts


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "code"),
        (RIGHT.replace("NER-MADAMA", "NER"), "code"),
        (RIGHT.replace("NER-MADAMA", "niger-1"), "code"),
        (RIGHT.replace('"post"', '"king"'), "role"),
        (RIGHT + 'colour = "red"\n', "colour"),
        (RIGHT + 'exchange_url = "http://127.0.0.1:1"\n', "exchange_url"),
        (RIGHT + 'console_url = "gopher://x"\n', "console_url"),
        (RIGHT + 'language = "tlh"\n', "language"),
        (RIGHT + 'timezone = "Mars/Olympus"\n', "timezone"),
        ("code = \n", "node.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(NodeSettingsInvalid, match=named):
        read(tmp_path, text)


def test_what_the_first_start_writes_is_what_is_read(tmp_path: Path) -> None:
    node = NodeSettings("TUN", "national", 'تونس "Tunis"', timezone="Africa/Tunis", training=True)
    write_settings(tmp_path / "new", node)
    again = read_settings(tmp_path / "new")
    assert (again.code, again.name, again.timezone, again.training) == ("TUN", 'تونس "Tunis"', "Africa/Tunis", True)
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    with pytest.raises(NodeSettingsInvalid, match="exists"):
        write_settings(tmp_path / "new", node)
