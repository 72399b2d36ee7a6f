"""Trust at the console: coverage of each state and what is about to expire."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from jiwar.access.permissions import Permission
from jiwar.access.services import authorise
from jiwar.documents.models import TrustCertificate

P = Permission


@require_GET
def show_trust(request: HttpRequest) -> HttpResponse:
    """What is trusted, by state."""
    authorise(request, P.DOCUMENTS_TRUST_READ)
    trusted = TrustCertificate.objects.filter(sources__until=None).distinct()
    return render(request, "documents/trust.html", {"trusted": trusted})


urls = [path("trust/", show_trust, name="document-trust")]
