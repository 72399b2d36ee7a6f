"""What a person may be in a node, and what a person may be shown."""

from enum import StrEnum


class Role(StrEnum):
    """Jobs of people; `access` says what each may do."""

    ADMINISTRATOR = "administrator"
    ANALYST = "analyst"
    APPROVER = "approver"
    CONTACT_OFFICER = "contact_officer"
    FIELD_OFFICER = "field_officer"
    OVERSIGHT = "oversight"


class Clearance(StrEnum):
    """COVERT people see that an alert asks for a discreet check; to all others such a hit does not look different."""

    STANDARD = "standard"
    COVERT = "covert"
