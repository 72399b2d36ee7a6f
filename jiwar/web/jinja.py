"""The Jinja2 environment of every page."""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import json_script
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext, pgettext
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from jiwar.documents import check_words
from jiwar.records.words import choices, fault_text, word
from jiwar.wire.faults import Fault


def url(name: str, *args: Any, query: Mapping[str, Any] | None = None, **kwargs: Any) -> str:
    """Address of a named page; `query` leaves out what is empty."""
    stated = {key: value for key, value in (query or {}).items() if value not in (None, "")}
    return reverse(name, args=args, kwargs=kwargs, query=stated or None)


def query(request: HttpRequest, **changes: Any) -> str:
    """The page's own query string with changes: for pagers and filters."""
    stated = request.GET.copy()
    for name, value in changes.items():
        stated[name] = str(value)
    return f"?{stated.urlencode()}"


def faults_at(faults: Iterable[Fault], name: str) -> list[Fault]:
    """Faults of the field `name`, or of what lies under it."""
    return [fault for fault in faults if fault.field == name or fault.field.startswith(f"{name}.")]


def fault_sentence(fault: Fault) -> str:
    """What is wrong, in the user's language."""
    return fault_text(fault.code, fault.detail, get_language() or "en")


def form_value(value: object) -> object:
    """What an input of a form holds: dates and moments in the form that HTML wants, in the node's time zone."""
    if isinstance(value, dt.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else value


def number(value: int) -> Markup:
    """A count with its thousands apart, isolated."""
    return Markup("<bdi>{}</bdi>").format(formats.number_format(value, force_grouping=True))


def bdi(value: object) -> Markup:
    """A name, date or reference isolated from the direction of the text around it."""
    return Markup("<bdi>{}</bdi>").format(value) if value not in (None, "") else Markup("")


def when(value: dt.datetime | dt.date | None) -> Markup:
    """A moment in the node's time zone, machine-readable and isolated."""
    if value is None:
        return Markup("")
    if isinstance(value, dt.datetime):
        local = timezone.localtime(value)
        text = formats.date_format(local, "SHORT_DATETIME_FORMAT")
    else:
        local, text = value, formats.date_format(value, "SHORT_DATE_FORMAT")
    return Markup('<bdi><time datetime="{}">{}</time></bdi>').format(local.isoformat(), text)


_DAY = re.compile(r"(?<![^\s~])([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?(?=[\s,;.،؛]*(?:\s|$))")


def day(text: object) -> str:
    """A text with its days and months, which records word by ISO 8601, as the console writes them.

    A year, a number that has a date in it, and all else stay as they are.
    """
    return _DAY.sub(lambda found: "/".join(filter(None, (found[3], found[2], found[1]))), str(text or ""))


def instant(text: str) -> dt.datetime:
    """A moment as JSON has it (RFC 3339)."""
    return dt.datetime.fromisoformat(text)


def code(value: object) -> Markup:
    """A reference that people read aloud: isolated, left to right, of even width."""
    return Markup('<bdi class="code" dir="ltr">{}</bdi>').format(value) if value not in (None, "") else Markup("")


def some_choices(group: str, only: Collection[str] | None = None) -> list[tuple[str, str]]:
    """Codes and words of a group in the reader's language; of some codes only, where they are given."""
    return [row for row in choices(group, get_language() or "en") if only is None or row[0] in only]


def environment(**options: Any) -> Environment:
    """Called by Django's Jinja2 backend."""
    env = Environment(  # noqa: S701 - autoescape is set below
        **{**options, "autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True},
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
    env.globals.update(
        url=url,
        static=static,
        query=query,
        word=lambda group, value: word(group, value, get_language() or "en"),
        choices=some_choices,
        fault_text=fault_sentence,
        check_sentence=lambda code, detail: check_words.sentence(code, detail, get_language() or "en"),
        check_name=lambda id_: check_words.name_of(id_, get_language() or "en"),
        faults_at=faults_at,
        language=get_language,
        rtl=get_language_bidi,
        now=timezone.now,
    )
    env.filters.update(
        bdi=bdi,
        day=day,
        instant=instant,
        when=when,
        code=code,
        number=number,
        filesize=filesizeformat,
        form_value=form_value,
        json_script=json_script,
        fault_sentence=fault_sentence,
        forceescape=escape,
    )
    return env
