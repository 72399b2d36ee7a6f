"""Everything that can be allowed, and who is allowed it.

Names are `room:object:verb`, in alphabetical order. This file is the whole answer to "who may do what".
"""

from enum import StrEnum

from jiwar.identity.roles import Role


class Permission(StrEnum):
    """One act on one kind of object."""

    ACCESS_TOKEN_MANAGE = "access:token:manage"  # noqa: S105 - a name, no secret
    AGREEMENTS_AGREEMENT_APPROVE = "agreements:agreement:approve"
    AGREEMENTS_AGREEMENT_DRAFT = "agreements:agreement:draft"
    AGREEMENTS_AGREEMENT_READ = "agreements:agreement:read"
    AGREEMENTS_AGREEMENT_SUSPEND = "agreements:agreement:suspend"
    AGREEMENTS_CONSENT_APPROVE = "agreements:consent:approve"
    AGREEMENTS_CONSENT_DRAFT = "agreements:consent:draft"
    AGREEMENTS_RECORD_PASS = "agreements:record:pass"  # noqa: S105 - a name
    ANALYSIS_BRIEF_MAKE = "analysis:brief:make"
    ANALYSIS_INQUIRY_ASK = "analysis:inquiry:ask"
    ANALYSIS_INQUIRY_READ = "analysis:inquiry:read"
    ANALYSIS_SUBJECT_READ = "analysis:subject:read"
    ANALYSIS_SUBJECT_SEARCH = "analysis:subject:search"
    AUDIT_FORK_ACCEPT = "audit:fork:accept"
    AUDIT_LEDGER_EXPORT = "audit:ledger:export"
    AUDIT_LEDGER_READ = "audit:ledger:read"
    BRIDGES_COLLECTION_READ = "bridges:collection:read"
    BRIDGES_COLLECTION_WRITE = "bridges:collection:write"
    BRIDGES_READER_CONFIRM = "bridges:reader:confirm"
    BRIDGES_RECORD_EXPORT = "bridges:record:export"
    CROSSINGS_CROSSING_READ = "crossings:crossing:read"
    CROSSINGS_CROSSING_RECORD = "crossings:crossing:record"
    DOCUMENTS_HOLDER_COMPARE = "documents:holder:compare"
    DOCUMENTS_LOST_REPORT = "documents:lost:report"
    DOCUMENTS_LOST_SEARCH = "documents:lost:search"
    DOCUMENTS_PERMIT_APPROVE = "documents:permit:approve"
    DOCUMENTS_PERMIT_DRAFT = "documents:permit:draft"
    DOCUMENTS_PERMIT_READ = "documents:permit:read"
    DOCUMENTS_PERMIT_REVOKE = "documents:permit:revoke"
    DOCUMENTS_STOCK_MANAGE = "documents:stock:manage"
    DOCUMENTS_STOCK_READ = "documents:stock:read"
    DOCUMENTS_TRUST_APPROVE = "documents:trust:approve"
    DOCUMENTS_TRUST_IMPORT = "documents:trust:import"
    DOCUMENTS_TRUST_READ = "documents:trust:read"
    EXCHANGE_LINK_MANAGE = "exchange:link:manage"
    EXCHANGE_LINK_READ = "exchange:link:read"
    EXCHANGE_LINK_RETRY = "exchange:link:retry"
    EXCHANGE_MESSAGE_PASS = "exchange:message:pass"  # noqa: S105 - a name; held by no role: the node's own
    EXCHANGE_POUCH_CARRY = "exchange:pouch:carry"
    EXCHANGE_RESTORE_END = "exchange:restore:end"
    IDENTITY_NODE_MANAGE = "identity:node:manage"
    IDENTITY_PERSON_MANAGE = "identity:person:manage"
    MATCHING_LIST_MANAGE = "matching:list:manage"
    MATCHING_QUOTA_MANAGE = "matching:quota:manage"
    MATCHING_REQUEST_ANSWER = "matching:request:answer"
    MATCHING_REQUEST_MAKE = "matching:request:make"
    MATCHING_REQUEST_READ = "matching:request:read"
    RECORDS_ENDED_READ = "records:ended:read"
    REQUESTS_LETTER_APPROVE = "requests:letter:approve"
    REQUESTS_LETTER_READ = "requests:letter:read"
    REQUESTS_LETTER_WRITE = "requests:letter:write"
    WATCHLIST_ALERT_APPROVE = "watchlist:alert:approve"
    WATCHLIST_ALERT_DRAFT = "watchlist:alert:draft"
    WATCHLIST_ALERT_READ = "watchlist:alert:read"
    WATCHLIST_ALERT_WITHDRAW = "watchlist:alert:withdraw"
    WATCHLIST_CASE_HANDLE = "watchlist:case:handle"
    WATCHLIST_CASE_READ = "watchlist:case:read"
    WATCHLIST_FILE_SCREEN = "watchlist:file:screen"
    WATCHLIST_LIST_APPROVE = "watchlist:list:approve"
    WATCHLIST_LIST_IMPORT = "watchlist:list:import"
    WATCHLIST_LIST_READ = "watchlist:list:read"
    WATCHLIST_PERSON_SCREEN = "watchlist:person:screen"
    WATCHLIST_POLICY_APPROVE = "watchlist:policy:approve"
    WATCHLIST_POLICY_DRAFT = "watchlist:policy:draft"
    WATCHLIST_POLICY_READ = "watchlist:policy:read"
    WATCHLIST_RESOLUTION_CONFIRM = "watchlist:resolution:confirm"
    WATCHLIST_RESOLUTION_PROPOSE = "watchlist:resolution:propose"
    WATCHLIST_SIGHTING_REPORT = "watchlist:sighting:report"


class Purpose(StrEnum):
    """Why personal data is touched. Each access to a case, an alert or a person names one (R7)."""

    BORDER_CHECK = "border_check"
    COOPERATION = "cooperation"
    COUNTER_TERRORISM = "counter_terrorism"
    CRIMINAL_INVESTIGATION = "criminal_investigation"
    DOCUMENT_ISSUING = "document_issuing"
    JUDICIAL_COOPERATION = "judicial_cooperation"
    MISSING_PERSONS = "missing_persons"
    OVERSIGHT = "oversight"
    SANCTIONS = "sanctions"


P = Permission
PERSONAL = frozenset(
    {
        P.AGREEMENTS_RECORD_PASS,
        P.ANALYSIS_BRIEF_MAKE,
        P.ANALYSIS_INQUIRY_ASK,
        P.ANALYSIS_INQUIRY_READ,
        P.ANALYSIS_SUBJECT_READ,
        P.ANALYSIS_SUBJECT_SEARCH,
        P.BRIDGES_COLLECTION_READ,
        P.BRIDGES_COLLECTION_WRITE,
        P.BRIDGES_RECORD_EXPORT,
        P.CROSSINGS_CROSSING_READ,
        P.CROSSINGS_CROSSING_RECORD,
        P.DOCUMENTS_HOLDER_COMPARE,
        P.DOCUMENTS_LOST_REPORT,
        P.DOCUMENTS_LOST_SEARCH,
        P.DOCUMENTS_PERMIT_APPROVE,
        P.DOCUMENTS_PERMIT_DRAFT,
        P.DOCUMENTS_PERMIT_READ,
        P.DOCUMENTS_PERMIT_REVOKE,
        P.MATCHING_LIST_MANAGE,
        P.MATCHING_REQUEST_ANSWER,
        P.MATCHING_REQUEST_MAKE,
        P.MATCHING_REQUEST_READ,
        P.RECORDS_ENDED_READ,
        P.REQUESTS_LETTER_APPROVE,
        P.REQUESTS_LETTER_READ,
        P.REQUESTS_LETTER_WRITE,
        P.WATCHLIST_ALERT_APPROVE,
        P.WATCHLIST_ALERT_DRAFT,
        P.WATCHLIST_ALERT_READ,
        P.WATCHLIST_ALERT_WITHDRAW,
        P.WATCHLIST_CASE_HANDLE,
        P.WATCHLIST_CASE_READ,
        P.WATCHLIST_FILE_SCREEN,
        P.WATCHLIST_LIST_APPROVE,
        P.WATCHLIST_LIST_IMPORT,
        P.WATCHLIST_LIST_READ,
        P.WATCHLIST_PERSON_SCREEN,
        P.WATCHLIST_RESOLUTION_CONFIRM,
        P.WATCHLIST_RESOLUTION_PROPOSE,
        P.WATCHLIST_SIGHTING_REPORT,
    }
)
"""Permissions that touch personal data: they need a purpose."""

OF_TOKENS = (
    P.AGREEMENTS_AGREEMENT_READ,
    P.AGREEMENTS_RECORD_PASS,
    P.ANALYSIS_INQUIRY_ASK,
    P.ANALYSIS_INQUIRY_READ,
    P.ANALYSIS_SUBJECT_READ,
    P.ANALYSIS_SUBJECT_SEARCH,
    P.BRIDGES_COLLECTION_READ,
    P.BRIDGES_COLLECTION_WRITE,
    P.BRIDGES_RECORD_EXPORT,
    P.CROSSINGS_CROSSING_READ,
    P.CROSSINGS_CROSSING_RECORD,
    P.DOCUMENTS_LOST_REPORT,
    P.DOCUMENTS_LOST_SEARCH,
    P.EXCHANGE_LINK_READ,
    P.MATCHING_REQUEST_MAKE,
    P.MATCHING_REQUEST_READ,
    P.REQUESTS_LETTER_READ,
    P.WATCHLIST_ALERT_READ,
    P.WATCHLIST_CASE_READ,
    P.WATCHLIST_LIST_READ,
    P.WATCHLIST_PERSON_SCREEN,
)
"""What a program of an agency may be given; people alone draft, approve, withdraw and administer.

A program passes on only what agreements open and two people of the record's origin consented to.
"""

_READS_CASES = frozenset(
    {
        P.AGREEMENTS_AGREEMENT_READ,
        P.DOCUMENTS_LOST_SEARCH,
        P.DOCUMENTS_TRUST_READ,
        P.EXCHANGE_LINK_READ,
        P.WATCHLIST_ALERT_READ,
        P.WATCHLIST_CASE_READ,
        P.WATCHLIST_LIST_READ,
        P.WATCHLIST_POLICY_READ,
    }
)

ROLES: dict[Role, frozenset[Permission]] = {
    # Runs the machine; holds no permission of PERSONAL, and a test keeps it so.
    Role.ADMINISTRATOR: frozenset(
        {
            P.ACCESS_TOKEN_MANAGE,
            P.AGREEMENTS_AGREEMENT_READ,
            P.AUDIT_FORK_ACCEPT,
            P.DOCUMENTS_TRUST_READ,
            P.EXCHANGE_LINK_MANAGE,
            P.EXCHANGE_LINK_READ,
            P.EXCHANGE_LINK_RETRY,
            P.EXCHANGE_POUCH_CARRY,
            P.EXCHANGE_RESTORE_END,
            P.IDENTITY_NODE_MANAGE,
            P.IDENTITY_PERSON_MANAGE,
        }
    ),
    Role.ANALYST: _READS_CASES
    | {
        P.ANALYSIS_BRIEF_MAKE,
        P.ANALYSIS_INQUIRY_ASK,
        P.ANALYSIS_INQUIRY_READ,
        P.ANALYSIS_SUBJECT_READ,
        P.ANALYSIS_SUBJECT_SEARCH,
        P.BRIDGES_RECORD_EXPORT,
        P.CROSSINGS_CROSSING_READ,
        P.MATCHING_LIST_MANAGE,
        P.MATCHING_REQUEST_MAKE,
        P.MATCHING_REQUEST_READ,
        P.WATCHLIST_FILE_SCREEN,
        P.WATCHLIST_LIST_IMPORT,
        P.WATCHLIST_PERSON_SCREEN,
        P.WATCHLIST_POLICY_DRAFT,
        P.WATCHLIST_RESOLUTION_PROPOSE,
        P.WATCHLIST_SIGHTING_REPORT,
    },
    # The compliance approver: the second natural person (R2).
    Role.APPROVER: _READS_CASES
    | {
        P.AGREEMENTS_AGREEMENT_APPROVE,
        P.AGREEMENTS_AGREEMENT_SUSPEND,
        P.AGREEMENTS_CONSENT_APPROVE,
        P.BRIDGES_READER_CONFIRM,
        P.DOCUMENTS_PERMIT_APPROVE,
        P.DOCUMENTS_PERMIT_READ,
        P.DOCUMENTS_PERMIT_REVOKE,
        P.DOCUMENTS_STOCK_MANAGE,
        P.DOCUMENTS_STOCK_READ,
        P.DOCUMENTS_TRUST_APPROVE,
        P.MATCHING_QUOTA_MANAGE,
        P.MATCHING_REQUEST_ANSWER,
        P.MATCHING_REQUEST_READ,
        P.REQUESTS_LETTER_APPROVE,
        P.REQUESTS_LETTER_READ,
        P.WATCHLIST_ALERT_APPROVE,
        P.WATCHLIST_ALERT_WITHDRAW,
        P.WATCHLIST_LIST_APPROVE,
        P.WATCHLIST_POLICY_APPROVE,
        P.WATCHLIST_RESOLUTION_CONFIRM,
    },
    Role.CONTACT_OFFICER: _READS_CASES
    | {
        P.AGREEMENTS_AGREEMENT_DRAFT,
        P.AGREEMENTS_CONSENT_DRAFT,
        P.AGREEMENTS_RECORD_PASS,
        P.ANALYSIS_BRIEF_MAKE,
        P.ANALYSIS_INQUIRY_ASK,
        P.ANALYSIS_INQUIRY_READ,
        P.ANALYSIS_SUBJECT_READ,
        P.ANALYSIS_SUBJECT_SEARCH,
        P.BRIDGES_RECORD_EXPORT,
        P.CROSSINGS_CROSSING_READ,
        P.DOCUMENTS_LOST_REPORT,
        P.DOCUMENTS_PERMIT_DRAFT,
        P.DOCUMENTS_PERMIT_READ,
        P.DOCUMENTS_PERMIT_REVOKE,
        P.DOCUMENTS_STOCK_MANAGE,
        P.DOCUMENTS_STOCK_READ,
        P.DOCUMENTS_TRUST_IMPORT,
        P.EXCHANGE_LINK_RETRY,
        P.EXCHANGE_POUCH_CARRY,
        P.MATCHING_LIST_MANAGE,
        P.MATCHING_REQUEST_MAKE,
        P.MATCHING_REQUEST_READ,
        P.REQUESTS_LETTER_READ,
        P.REQUESTS_LETTER_WRITE,
        P.WATCHLIST_ALERT_DRAFT,
        P.WATCHLIST_ALERT_WITHDRAW,
        P.WATCHLIST_CASE_HANDLE,
        P.WATCHLIST_FILE_SCREEN,
        P.WATCHLIST_LIST_IMPORT,
        P.WATCHLIST_PERSON_SCREEN,
        P.WATCHLIST_POLICY_DRAFT,
        P.WATCHLIST_RESOLUTION_PROPOSE,
        P.WATCHLIST_SIGHTING_REPORT,
    },
    Role.FIELD_OFFICER: frozenset(
        {
            P.CROSSINGS_CROSSING_READ,
            P.CROSSINGS_CROSSING_RECORD,
            P.DOCUMENTS_HOLDER_COMPARE,
            P.DOCUMENTS_LOST_SEARCH,
            P.DOCUMENTS_TRUST_READ,
            P.EXCHANGE_LINK_READ,
            P.EXCHANGE_POUCH_CARRY,
            P.WATCHLIST_PERSON_SCREEN,
        }
    ),
    # Reads every access and changes nothing; a test keeps it so.
    Role.OVERSIGHT: frozenset(
        {
            P.AGREEMENTS_AGREEMENT_READ,
            P.AUDIT_LEDGER_EXPORT,
            P.AUDIT_LEDGER_READ,
            P.DOCUMENTS_STOCK_READ,
            P.DOCUMENTS_TRUST_READ,
            P.EXCHANGE_LINK_READ,
            P.RECORDS_ENDED_READ,
            P.WATCHLIST_POLICY_READ,
        }
    ),
}
