"""A contract of our own for import-linter."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomPrivate(Contract):
    """In each room of a package the named modules, and what is in them, are imported by that room alone.

    Import-linter's `protected` says this of one room; this says it of all, those still to be built too.

    Options: `package` (whose direct children are the rooms), `modules` (names within a room).
    """

    type_name = "room_private"

    package = fields.StringField()
    modules = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        intruders = []
        for room in graph.find_children(self.package):
            for name in self.modules:
                private = f"{room}.{name}"
                if private not in graph.modules:
                    continue
                for module in {private} | graph.find_descendants(private):
                    importers = graph.find_modules_that_directly_import(module)
                    intruders += [(i, module) for i in importers if i != room and not i.startswith(f"{room}.")]
        return ContractCheck(kept=not intruders, metadata={"intruders": sorted(intruders)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["intruders"]:
            output.print_error(f"{importer} imports {imported}, which belongs to its room alone")
