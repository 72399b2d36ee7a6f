"""Editions of the lists at the console: which one stands here, and which one each post holds."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.services import authorise
from jiwar.watchlist.edition_queries import editions


@require_GET
def show_editions(request: HttpRequest) -> HttpResponse:
    """The edition in use, the newest ones, and the posts."""
    found = editions(authorise(request, Permission.WATCHLIST_LIST_READ, Purpose.SANCTIONS))
    return render(request, "watchlist/editions.html", {"found": found})


urls = [path("", show_editions, name="editions")]
