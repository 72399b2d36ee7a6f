"""The one settings file of a node.

Everything that differs between nodes stands in the node's own data folder (`node.toml`, `keys/`); the folder's path
comes from `JIWAR_DATA`. `database_url` of `node.toml`, else `JIWAR_DATABASE_URL` (`postgresql://user:password@host:port/
name`), replaces the embedded SQLite database; no other code knows which of the two runs.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from jiwar.access import bodies
from jiwar.identity.keys import make_secret
from jiwar.identity.node import NodeSettings

PACKAGE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("JIWAR_DATA", "data")).resolve()
NODE = NodeSettings.read(DATA / "node.toml")
KEYS = DATA / "keys"


def _secret() -> str:
    """Session secret of this node, made at first start and never leaving its key folder."""
    return make_secret(KEYS / "session-secret", lambda: secrets.token_urlsafe(48).encode()).decode()


def _database(url: str) -> dict[str, object]:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA / "node.sqlite3",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # A reader that turns writer cannot be told "busy": take the write lock at BEGIN.
                "transaction_mode": "IMMEDIATE",
                # Longer than five hundred changes of a list take, applied in one transaction on a slow machine.
                "timeout": 60,
                # FULL: an acknowledged write survives a power cut in WAL mode too.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(f"JIWAR_DATABASE_URL: the scheme {parts.scheme!r} is not postgresql")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(NODE.database_url or os.environ.get("JIWAR_DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = _secret()
DEBUG = False
ALLOWED_HOSTS = list(NODE.console_hosts)
ROOT_URLCONF = "jiwar.urls"
WSGI_APPLICATION = None

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "ninja",
    "jiwar.identity",
    "jiwar.access",
    "jiwar.audit",
    "jiwar.records",
    "jiwar.agreements",
    "jiwar.exchange",
    "jiwar.watchlist",
    "jiwar.documents",
    "jiwar.crossings",
    "jiwar.matching",
    "jiwar.bridges",
    "jiwar.analysis",
    "jiwar.requests",
    "jiwar.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "jiwar.web.middleware.LanguageMiddleware",
    "jiwar.web.api_faults.ApiMiddleware",
    "django.middleware.common.CommonMiddleware",
    "jiwar.web.middleware.BodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jiwar.web.middleware.SignInMiddleware",
    "jiwar.web.middleware.RefusalMiddleware",
]

_ROOMS = [
    "identity",
    "access",
    "audit",
    "records",
    "agreements",
    "exchange",
    "watchlist",
    "documents",
    "crossings",
    "matching",
    "bridges",
    "analysis",
    "requests",
    "web",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / room / "templates" for room in _ROOMS],
        "OPTIONS": {
            "environment": "jiwar.web.jinja.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "jiwar.web.context.shell",
            ],
        },
    },
    # allauth's and ninja's own templates, where we have none of ours.
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

# --- people and sign-in -------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "jiwar.identity.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = f"Jiwar {NODE.code}"
# Passkeys on a console served over plain HTTP work on localhost only; browsers see to that.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = NODE.console_url.startswith("http://localhost")

# --- sessions end: thirty minutes without a click, or a shift, whichever comes first ---------------------------------
SESSION_COOKIE_NAME = f"jiwar_{NODE.code.lower().replace('-', '_')}"
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = False  # SignInMiddleware renews it at each click
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_LONGEST = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = NODE.console_url.startswith("https://")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = f"{SESSION_COOKIE_NAME}_csrf"
CSRF_FAILURE_VIEW = "jiwar.web.errors.no_form_token"
CSRF_TRUSTED_ORIGINS = [NODE.console_url]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- what a page may load: ourselves, nothing else ------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = bodies.MOST
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_TEMP_DIR = None

# --- languages, times -------------------------------------------------------------------------------------------------
LANGUAGE_CODE = NODE.language
LANGUAGES = [("ar", _("Arabic")), ("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
FORMAT_MODULE_PATH = ["jiwar.web.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = NODE.timezone

# --- files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = None  # files are served from where they are installed
STATICFILES_DIRS = [("web", PACKAGE / "web" / "assets")]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "jiwar.web.assets_of_packages.PackageFinder",
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"no_secrets": {"()": "jiwar.access.secrets_in_logs.NoSecrets"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["no_secrets"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"jiwar": {"level": os.environ.get("JIWAR_LOG", "INFO")}},
}
