import grimp
import pytest
from importlinter.domain.contract import ContractCheck

from tests.setup.contracts import RoomPrivate


def check(*imports: tuple[str, str]) -> ContractCheck:
    graph = grimp.ImportGraph()
    for module in ("jiwar", "jiwar.audit", "jiwar.audit.logic", "jiwar.audit.logic.merkle", "jiwar.audit.services"):
        graph.add_module(module)
    graph.add_module("jiwar.records")
    graph.add_module("jiwar.records.services")
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    options = {"package": "jiwar", "modules": ["models", "logic"]}
    session = {"root_packages": ["jiwar"]}
    return RoomPrivate(name="private", session_options=session, contract_options=options).check(graph, verbose=False)


def test_a_room_uses_its_own_logic_and_the_services_of_others() -> None:
    own = ("jiwar.audit.services", "jiwar.audit.logic.merkle")
    assert check(own, ("jiwar.audit", "jiwar.audit.logic"), ("jiwar.records.services", "jiwar.audit.services")).kept


@pytest.mark.parametrize("private", ["jiwar.audit.logic", "jiwar.audit.logic.merkle"])
def test_the_logic_of_another_room_is_refused(private: str) -> None:
    found = check(("jiwar.records.services", private))
    assert not found.kept
    assert found.metadata["intruders"] == [("jiwar.records.services", private)]
