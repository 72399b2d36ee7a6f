"""A witness's signature below a checkpoint: C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), Ed25519.

The witness says: at this time, this is the largest tree of that log that I saw, and it continues every one that I saw
before. Its key is the node's signing key; the first line of what it signs keeps the two uses apart. Its name is the
node's first origin, `jiwar/NER`, in every epoch.
"""

from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jiwar.audit.logic import notes
from jiwar.audit.logic.checkpoint import origin
from jiwar.audit.logic.notes import COSIGNATURE, CheckpointInvalid

_TIME_BYTES = 8


def cosign(note: str, witness: str, private_key: Ed25519PrivateKey, at: datetime) -> str:
    """The signature line of the node `witness` for the note, without its end. Whole seconds of `at` count."""
    body, _ = notes.read(note)
    seconds = int(at.timestamp())
    name = origin(witness, 1)
    signature = seconds.to_bytes(_TIME_BYTES, "big") + private_key.sign(_message(body, seconds))
    return notes.write_line(name, key_id(witness, private_key.public_key()), signature)


def open_cosignature(note: str, line: str, witness: str, public_key: Ed25519PublicKey) -> datetime:
    """When the witness signed, if it did. Raises `CheckpointInvalid`, and nothing else."""
    body, _ = notes.read(note)
    read = notes.read_line(line)
    if read.name != origin(witness, 1) or read.key_id != key_id(witness, public_key):
        raise CheckpointInvalid("unsigned")
    seconds = int.from_bytes(read.signature[:_TIME_BYTES], "big")
    try:
        public_key.verify(read.signature[_TIME_BYTES:], _message(body, seconds))
        return datetime.fromtimestamp(seconds, UTC)
    except InvalidSignature:
        raise CheckpointInvalid("signature") from None
    except (OverflowError, OSError, ValueError):  # a time past the year 9999
        raise CheckpointInvalid("at") from None


def key_id(witness: str, public_key: Ed25519PublicKey) -> bytes:
    """The four bytes that name a witness's key in a note."""
    return notes.key_id(origin(witness, 1), COSIGNATURE, public_key.public_bytes_raw())


def _message(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()
