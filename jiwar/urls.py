"""The one map of the console: each room's `pages.urls`, and the sign-in of allauth under our templates."""

from django.urls import include, path

from jiwar.access.pages import urls as administration
from jiwar.agreements.consent_pages import urls as onward
from jiwar.agreements.pages import urls as agreements
from jiwar.analysis.inquiry_pages import urls as inquiries
from jiwar.analysis.pages import urls as analysis
from jiwar.analysis.saved_pages import urls as saved_searches
from jiwar.bridges.pages import urls as bridges
from jiwar.bridges.taxii import urls as taxii
from jiwar.crossings.pages import urls as crossings
from jiwar.documents.check_pages import urls as document_checks
from jiwar.documents.holder_pages import urls as holder
from jiwar.documents.lost_pages import urls as lost
from jiwar.documents.pages import urls as documents
from jiwar.documents.permit_pages import urls as permits
from jiwar.documents.picture_pages import urls as pictures
from jiwar.documents.stock_pages import urls as stock
from jiwar.documents.trust_pages import urls as document_trust
from jiwar.exchange.ledger_pages import urls as ledgers
from jiwar.exchange.pages import urls as neighbours
from jiwar.identity.key_pages import urls as account
from jiwar.identity.pages import urls as sign_in
from jiwar.matching.pages import urls as matching
from jiwar.requests.pages import urls as letters
from jiwar.watchlist.alert_pages import urls as alerts
from jiwar.watchlist.case_pages import urls as cases
from jiwar.watchlist.edition_pages import urls as editions
from jiwar.watchlist.list_pages import urls as lists
from jiwar.watchlist.list_table_pages import urls as list_tables
from jiwar.watchlist.protection_pages import urls as protected
from jiwar.watchlist.reconciliation import urls as reconciliation
from jiwar.watchlist.resolution_pages import urls as duplicates
from jiwar.watchlist.threshold_pages import urls as thresholds
from jiwar.web.api import api
from jiwar.web.oversight import urls as oversight
from jiwar.web.pages import urls as shell

urlpatterns = [
    path("", include(shell)),
    path("", include(administration)),
    path("", include(crossings)),
    path("", include(oversight)),
    path("account/", include(account)),
    path("agreements/", include([*onward, *agreements])),
    path("alerts/", include(alerts)),
    path("analysis/", include([*saved_searches, *analysis])),
    path("bridges/", include(bridges)),
    path("cases/", include(cases)),
    path(
        "documents/",
        include([*document_checks, *holder, *lost, *document_trust, *permits, *pictures, *stock, *documents]),
    ),
    path("duplicates/", include(duplicates)),
    path("inquiries/", include(inquiries)),
    path("letters/", include(letters)),
    path("lists/", include(lists + list_tables)),
    path("lists/editions/", include(editions)),
    path("matching/", include(matching)),
    path("neighbours/", include([*ledgers, *neighbours])),
    path("protected/", include(protected)),
    path("sign-in/", include(sign_in)),
    path("taxii2/", include(taxii)),
    path("thresholds/", include(thresholds)),
    path("api/reconcile/", include(reconciliation)),
    path("api/", api.urls),
]

handler400 = "jiwar.web.errors.bad_request"
handler403 = "jiwar.web.errors.forbidden"
handler404 = "jiwar.web.errors.not_found"
handler500 = "jiwar.web.errors.server_error"
