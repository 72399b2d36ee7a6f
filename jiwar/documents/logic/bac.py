"""Basic access control: a session opened with what the zone says (ICAO Doc 9303-11, 4.3). Triple DES, nothing else."""

import hmac
from collections.abc import Callable

from jiwar.documents.logic.apdu import Card, CardFault, Command, read_response
from jiwar.documents.logic.chip_access import ZONE_PASSWORD, Password
from jiwar.documents.logic.chip_ciphers import FOR_ENCRYPTION, FOR_MAC, Suite
from jiwar.documents.logic.secure_messaging import Session

GET_CHALLENGE = Command(0x00, 0x84, 0x00, 0x00, expected=8)


def open_bac(card: Card, password: Password, entropy: Callable[[int], bytes]) -> Session:
    """A session with a chip whose application is selected. Raises CardFault."""
    if password.reference != ZONE_PASSWORD:
        raise CardFault("not_offered", "BAC")
    response = read_response(card.transmit(GET_CHALLENGE.encode()))
    if not response.ok or len(response.data) != 8:
        raise CardFault("status_wrong", "BAC", {"status": f"{response.status:04X}"})
    random, key = entropy(8), entropy(16)
    suite = Suite.DES3
    encryption, mac = (suite.derive(password.seed, purpose) for purpose in (FOR_ENCRYPTION, FOR_MAC))
    sent = suite.encrypt(encryption, random + response.data + key)
    command = Command(0x00, 0x82, 0x00, 0x00, sent + suite.mac(mac, sent), expected=40)
    answer = read_response(card.transmit(command.encode()))
    if not answer.ok:
        raise CardFault("password_refused", "BAC", {"status": f"{answer.status:04X}"})
    if len(answer.data) != 40 or not hmac.compare_digest(answer.data[32:], suite.mac(mac, answer.data[:32])):
        raise CardFault("answer_forged", "BAC")
    plain = suite.decrypt(encryption, answer.data[:32])
    if plain[:16] != response.data + random:
        raise CardFault("answer_forged", "BAC")
    seed = bytes(own ^ other for own, other in zip(key, plain[16:], strict=True))
    return Session.of_secret(suite, seed, int.from_bytes(response.data[4:] + random[4:], "big"))
