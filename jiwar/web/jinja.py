"""The Jinja2 environment of every page."""

import datetime as dt
from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext, pgettext
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from jiwar.records.words import word


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Address of a named page."""
    return reverse(name, args=args, kwargs=kwargs)


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


def code(value: object) -> Markup:
    """A reference that people read aloud: isolated, left to right, of even width."""
    return Markup('<bdi class="code" dir="ltr">{}</bdi>').format(value) if value not in (None, "") else Markup("")


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
        word=lambda group, value: word(group, value, get_language() or "en"),
        language=get_language,
        rtl=get_language_bidi,
        now=timezone.now,
    )
    env.filters.update(bdi=bdi, when=when, code=code, forceescape=escape)
    return env
