"""The settings; those of Celery and logs stand beside. Every value an operator may change is a typed PANEL_ variable.

All of them: docs/configuration.md.
"""

from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from core.transport import is_secure_context
from run402_panel import celery_settings, logs
from run402_panel import env as panel_env

# --- Environment -----------------------------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
env = panel_env.read()

PANEL_ENV = env.environment()
PRODUCTION = PANEL_ENV == "production"
TESTING = PANEL_ENV == "test"
LOCAL = PANEL_ENV in ("development", "demo", "test")

DATA_DIR = Path(env.text("PANEL_DATA", str(BASE_DIR / ".data"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

PANEL_URL = env.text("PANEL_URL", "http://localhost:8000").rstrip("/")
PANEL_HOST = urlsplit(PANEL_URL).hostname or panel_env.stop(f"PANEL_URL {PANEL_URL!r} is not an address.")
HTTPS = PANEL_URL.startswith("https://")
# Where browsers give passkeys, WebCrypto and cookies tied to the host: https, or this machine by name.
SECURE_CONTEXT = is_secure_context(PANEL_URL)

SECRET_KEY = env.text(
    "PANEL_SECRET_KEY", None if PRODUCTION else "local-only-key-that-protects-nothing-of-value-0001"
)
DEBUG = PANEL_ENV == "development"
ALLOWED_HOSTS = [PANEL_HOST, *filter(None, env.text("PANEL_ALLOWED_HOSTS", "").split(","))]
if LOCAL:
    ALLOWED_HOSTS += ["127.0.0.1", "testserver"]
CSRF_TRUSTED_ORIGINS = [PANEL_URL]

# --- Gateways and keys -----------------------------------------------------------------------------------------------

GATEWAYS = panel_env.gateways(env.text("PANEL_GATEWAYS", "[]"), production=PRODUCTION)
# Requests a second that all workers together may send to a gateway ("": to each that is not named).
GATEWAY_RATES = env.rates("PANEL_GATEWAY_RATE", 20.0)
# Where workers read Tempo's test network, and ask its faucet (wallets that pay by MPP).
TEMPO_RPC = env.text("PANEL_TEMPO_RPC", "https://rpc.moderato.tempo.xyz")

# Web holds the public half only. The private half and the policy key belong into the worker's environment alone.
# The results keyset is for both: it covers answers for a quarter of an hour, never keys.
VAULT_PUBLIC_KEYSET = env.keyset("PANEL_VAULT_PUBLIC_KEYSET")
VAULT_PRIVATE_KEYSET = env.keyset("PANEL_VAULT_PRIVATE_KEYSET")
POLICY_MAC_KEYSET = env.keyset("PANEL_POLICY_MAC_KEYSET")
RESULTS_KEYSET = env.keyset("PANEL_RESULTS_KEYSET")
# The worker signs the heads of the audit record; web and auditors check them with the public half.
AUDIT_SIGNING_KEYSET = env.text("PANEL_AUDIT_SIGNING_KEYSET", "")
AUDIT_PUBLIC_KEYSET = env.text("PANEL_AUDIT_PUBLIC_KEYSET", "")

# --- Applications ----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "home",
    "deploys",
    "jobs",
    "billing",
    "projects",
    "notifications",
    "operations",
    "wallets",
    "teams",
    "audit",
    "core",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "template_partials",
    "django_structlog",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "core.middleware.BrowserHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.CookielessMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.LimitsMiddleware",
    "teams.signed_in.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "teams.signed_in.PersonMiddleware",
    "teams.signed_in.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.RequestLogMiddleware",
    "teams.middleware.CurrentTeamMiddleware",
    "teams.refusals.RefusalMiddleware",
    "teams.signed_in.SessionLimitsMiddleware",
    "teams.two_factor.RequireTwoFactorMiddleware",
]

ROOT_URLCONF = "run402_panel.urls"
WSGI_APPLICATION = "run402_panel.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "home.shell.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "core.templatetags.panel",
                "core.templatetags.panel_figures",
                "core.templatetags.panel_forms",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database, cache, broker -----------------------------------------------------------------------------------------


def _sqlite(name: str) -> dict[str, object]:
    """Return a SQLite database of the data folder. FULL: a power cut must not forget a reserved payment."""
    return {
        "ENGINE": "core.sqlite",
        "NAME": DATA_DIR / name,
        # Kept open: the last one to close a database writes its whole log back, which costs more than a request.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Its own cache is 2 MB otherwise, less than the indexes of a long line.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            " PRAGMA cache_size=-16000;",
        },
    }


_database_url = env.text("PANEL_DATABASE_URL", "")
_cache_url = env.text("PANEL_CACHE_URL", "")

DATABASES: dict[str, dict[str, object]] = {
    "default": (
        dict(dj_database_url.parse(_database_url, conn_max_age=60, conn_health_checks=True))
        if _database_url
        else _sqlite("panel.sqlite3")
    )
}
if _database_url:
    DATABASES["default"].setdefault("OPTIONS", {"connect_timeout": 5})

if TESTING:
    CACHES: dict[str, dict[str, object]] = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
elif _cache_url:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _cache_url}}
else:
    # A file of its own: rate limits and last-seen marks must not queue behind the panel's one writer.
    DATABASES["cache"] = _sqlite("cache.sqlite3")
    DATABASE_ROUTERS = ["core.dbrouter.CacheRouter"]
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "panel_cache"}
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = env.text("PANEL_BROKER_URL", "filesystem://")
BROKER_DIR = DATA_DIR / "broker"
STORE_DIR = DATA_DIR / "store"

# --- People ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["teams.hashers.PanelArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "teams.validators.OwnWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:home"
ACCOUNT_ADAPTER = "teams.adapter.ClosedAdapter"
ACCOUNT_FORMS = {
    "login": "teams.forms.sign_in.SignInForm",
    "change_password": "teams.forms.sign_in.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
# The panel has its own: bound to the action that was shown (teams.stepup).
ACCOUNT_REAUTHENTICATION_REQUIRED = False
# And its own limits, which answer 429 with Retry-After (teams.limits).
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "teams.mfa_adapter.LockedAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Clocks differ: the code before and the one after count too. A used one is refused (teams.services.factors).
MFA_TOTP_TOLERANCE = 1
# Sign-in by an OpenID Connect issuer of the operator's; without an issuer there is none (teams.oidc).
OIDC_ISSUER = panel_env.issuer(env.text("PANEL_OIDC_ISSUER", ""), local=LOCAL)
OIDC_CLIENT_ID = env.text("PANEL_OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.text("PANEL_OIDC_CLIENT_SECRET", "")
OIDC_NAME = env.text("PANEL_OIDC_NAME", "") or urlsplit(OIDC_ISSUER).hostname or ""
# Further hosts that the issuer's discovery document may name, such as another one for its keys.
OIDC_HOSTS = tuple(filter(None, env.text("PANEL_OIDC_HOSTS", "").replace(" ", "").split(",")))
OIDC_TRUST_MFA = env.text("PANEL_OIDC_TRUST_MFA", "no") == "yes"
if OIDC_ISSUER and not OIDC_CLIENT_ID:
    panel_env.stop(
        "PANEL_OIDC_ISSUER is set, so PANEL_OIDC_CLIENT_ID has to be: the issuer's name for this panel."
    )
# The panel sends no mail in a request: what has to be said is said on the page.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

# --- Mail ------------------------------------------------------------------------------------------------------------

# Web needs to know that mail is sent, and from whom; the address of the server with its password is the worker's alone.
MAIL_FROM = panel_env.mail_from(env.text("PANEL_MAIL_FROM", ""))
SMTP = panel_env.smtp(env.text("PANEL_SMTP_URL", ""))

# --- Browser security ------------------------------------------------------------------------------------------------

# Trusted Types are not asked for: htmx 2 hands the server's HTML to the parser as a plain string.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [NONE],
        "object-src": [NONE],
        "frame-src": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "upgrade-insecure-requests": HTTPS,
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

# On plain HTTP over a network browsers take neither the prefix nor a secure cookie: plain names, and a banner.
COOKIE_PREFIX = "__Host-" if SECURE_CONTEXT else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE_CONTEXT
SESSION_ENGINE = "teams.sessions"
# The cookie outlives what any team allows: how long a session lasts, the teams' rules say (teams.signed_in).
SESSION_COOKIE_AGE = 90 * 24 * 3600
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = SECURE_CONTEXT
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "core.cookies.MessageStorage"
# Foreign bytes (deploys/raw.py): no cookie is read or set there, and the address is a key for five minutes.
COOKIELESS_PATHS = ("/raw/",)
UNLOGGED_PATHS = ("/raw/", "/accounts/oidc/back", "/recover/")
SECURE_SSL_REDIRECT = HTTPS and PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS and PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_SECONDS > 0
SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
BEHIND_PROXY = env.text("PANEL_BEHIND_PROXY", "no") == "yes"
# How many proxies of the operator's own add to X-Forwarded-For; 0: the header is not believed.
PROXIES = env.whole("PANEL_PROXIES", 1) if BEHIND_PROXY else 0
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Limits ----------------------------------------------------------------------------------------------------------

UPLOAD_MAX_BYTES = env.whole("PANEL_UPLOAD_MAX_MB", 200) * 1024 * 1024
UPLOAD_MAX_FILES = env.whole("PANEL_UPLOAD_MAX_FILES", 20_000)
UPLOAD_MAX_UNPACKED_BYTES = env.whole("PANEL_UPLOAD_MAX_UNPACKED_MB", 1000) * 1024 * 1024
# A body of anything but an upload (core.limits). What of a longer form is text may be more, so that its view can say at
# the field how much is too much: Django's own limit knows no field.
BODY_MAX_BYTES = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * BODY_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
UPLOAD_TEMP_DIR = DATA_DIR / "uploads"
UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_TEMP_DIR = str(UPLOAD_TEMP_DIR)

# --- Requests that workers make to addresses people give (core.outgoing) --------------------------------------------

OUTGOING_HTTP = env.text("PANEL_OUTGOING_HTTP", "no") == "yes"
OUTGOING_PORTS = panel_env.ports(env.text("PANEL_OUTGOING_PORTS", ""))
OUTGOING_ALLOW = panel_env.origins(env.text("PANEL_OUTGOING_ALLOW", ""))

# A worker that takes nothing for so long although rows wait for it ends itself (operations.watch.deaf).
DEAF_SECONDS = env.whole("PANEL_DEAF_SECONDS", 60)

# For how many days what has ended is kept (operations.retention); 0 is for ever.
KEEP_DAYS = {
    "operations": env.days("PANEL_KEEP_OPERATIONS_DAYS", 180),
    "readings": env.days("PANEL_KEEP_READINGS_DAYS", 7),
    "notices": env.days("PANEL_KEEP_NOTICES_DAYS", 180),
    "deliveries": env.days("PANEL_KEEP_DELIVERIES_DAYS", 30),
}

# Whoever shows it as bearer token reads /metrics; without one there is no such page.
METRICS_TOKEN = env.text("PANEL_METRICS_TOKEN", "")

# --- Static files, language, time ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("PANEL_STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = LOCAL
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if LOCAL
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
USE_TZ = True
TIME_ZONE = "UTC"

# --- Celery and logs -------------------------------------------------------------------------------------------------

CELERY = celery_settings.settings(BROKER_URL, BROKER_DIR, DATA_DIR, mails=bool(MAIL_FROM))

LOG_LEVEL = env.text("PANEL_LOG_LEVEL", "WARNING" if TESTING else "INFO")
LOGGING = logs.settings(LOG_LEVEL, json=PRODUCTION)
logs.configure()
