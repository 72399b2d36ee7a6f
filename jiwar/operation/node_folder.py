"""The data folder of a node: its settings file, written at the first start. Imports no framework."""

import json
from pathlib import Path

from jiwar.identity.keys import write_secret
from jiwar.identity.node import NodeSettings, NodeSettingsInvalid


def write_settings(folder: Path, node: NodeSettings) -> None:
    """Make the folder with its `node.toml`, for its owner alone; raises NodeSettingsInvalid, never overwrites."""
    path = folder / "node.toml"
    if path.exists():
        raise NodeSettingsInvalid(f"{path} exists: this folder holds a node already")
    try:
        node.check()
    except ValueError as error:
        raise NodeSettingsInvalid(str(error)) from None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = ["# Settings of this node. docs/operations.md explains each."]
    for name in NodeSettings.__dataclass_fields__:
        value = getattr(node, name)
        if name != "console_hosts" or value:
            # JSON strings, booleans and lists of strings are TOML too.
            lines.append(
                f"{name} = {json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}"
            )
    write_secret(path, ("\n".join(lines) + "\n").encode())


def read_settings(folder: Path) -> NodeSettings:
    """Settings of the node in a folder; raises NodeSettingsInvalid."""
    return NodeSettings.read(folder / "node.toml")
