"""Settings of the site and its workers, every one of them from the environment (see env.py)."""

from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.contrib.messages import constants as message_levels

from stylearena import env

MODE = env.mode()
PRODUCTION = MODE is env.Mode.PRODUCTION
TESTING = MODE is env.Mode.TEST
PACKAGE_DIR = Path(__file__).resolve().parent
DATA_DIR = env.data_dir()

DEBUG = False
SECRET_KEY = env.secret_key()
ALLOWED_HOSTS = env.allowed_hosts()
CSRF_TRUSTED_ORIGINS = env.reader.list("STYLEARENA_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "stylearena.accounts",
    "stylearena.competitions",
    "stylearena.submissions",
    "stylearena.judging",
    "stylearena.leaderboards",
    "stylearena.operations",
    "stylearena.api",
    "stylearena.demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "django_htmx",
    "django_prometheus",
    "csp",
    "ninja",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "stylearena.nul.refuse_nul",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "stylearena.urls"
WSGI_APPLICATION = "stylearena.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "stylearena.judging.context.sandbox_notice",
                "stylearena.judging.context.entry_runtime",
            ],
        },
    },
]

# --- database ------------------------------------------------------------------------------
DATABASES = {
    "default": env.reader.db_url_config(
        env.database_url(f"sqlite:///{DATA_DIR}/stylearena.sqlite3")
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # WAL lets the site read while a worker writes; IMMEDIATE makes writers queue, not fail.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that vanishes without a word is noticed within a minute, not after two hours.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        connect_timeout=10,
        keepalives_idle=20,
        keepalives_interval=5,
        keepalives_count=4,
        tcp_user_timeout=40_000,  # milliseconds
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker and cache ----------------------------------------------------------------------
REDIS_URL = env.required("STYLEARENA_REDIS_URL", embedded="redis://127.0.0.1:6389/0")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if TESTING
    else {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
    # Boards as they were drawn, some 200 kB each, by the version of what stands on them.
    "boards": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "boards",
        "TIMEOUT": 30,
        "OPTIONS": {"MAX_ENTRIES": 100},
    },
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "judging"
# A request and a sweep do not wait for a broker that is away: the sweep sends what was not sent.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 0}
# What makes somebody wait for seconds only goes before whole held-out runs.
CELERY_TASK_ROUTES = {
    "judging.judge_smoke": {"queue": "smoke"},
    "judging.begin": {"queue": "smoke"},
}
# A message is a hint that something waits: one seen twice leads to another claim, never to a second
# run of the same shard. Far longer than a shard's wall time, so that few are.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 3600,
    "socket_connect_timeout": 5,
    "socket_timeout": 5,  # a broker that hangs holds nobody for longer
    "socket_keepalive": True,
}

# --- files ---------------------------------------------------------------------------------
MEDIA_ROOT = DATA_DIR / "media"
DATASETS_DIR = Path(env.reader.str("STYLEARENA_DATASETS_DIR", default=str(DATA_DIR / "datasets")))
_BUCKET = env.reader.str("STYLEARENA_S3_BUCKET", default="")
STORAGES = {
    "default": {
        "BACKEND": "stylearena.object_store.ObjectStore",
        "OPTIONS": {
            "bucket_name": _BUCKET,
            "endpoint_url": env.reader.str("STYLEARENA_S3_ENDPOINT", default="") or None,
            "region_name": env.reader.str("STYLEARENA_S3_REGION", default="") or None,
            "addressing_style": env.reader.str("STYLEARENA_S3_ADDRESSING", default="auto"),
            # Without them, boto3 looks where it always does: AWS_*, its files, the machine's role.
            "access_key": env.reader.str("STYLEARENA_S3_ACCESS_KEY", default="") or None,
            "secret_key": env.reader.str("STYLEARENA_S3_SECRET_KEY", default="") or None,
            "location": env.reader.str("STYLEARENA_S3_PREFIX", default=""),
        },
    }
    if _BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [PACKAGE_DIR / "static"]
# A clean clone has no collected files, and its tests need none.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = TESTING

# --- people --------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
if TESTING:
    # A slow hash is what protects people and what would take most of the suite's time.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "competitions:list"
LOGOUT_REDIRECT_URL = "competitions:list"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_ADAPTER = "stylearena.accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if PRODUCTION else "optional"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_USERNAME_BLACKLIST = ["admin", "arena", "organiser", "root", "staff", "stylearena"]
# Amount / time / by whom it is counted; "key" is the name or address that is tried.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "hand_in_minute": "10/m/user",
    "hand_in_hour": "60/h/user",
}
# Rate limits count by address: behind proxies that of the visitor, not of the last proxy.
ALLAUTH_TRUSTED_PROXY_COUNT = env.reader.int("STYLEARENA_PROXIES", default=int(PRODUCTION))
_GITHUB_ID = env.reader.str("STYLEARENA_GITHUB_ID", default="")
_GITHUB_SECRET = env.reader.str("STYLEARENA_GITHUB_SECRET", default="")
SOCIALACCOUNT_PROVIDERS = {
    "github": {"APPS": [{"client_id": _GITHUB_ID, "secret": _GITHUB_SECRET}] if _GITHUB_ID else []}
}
EMAIL_CONFIG = env.reader.email_url(
    "STYLEARENA_EMAIL_URL", default="consolemail://" if not TESTING else "memorymail://"
)
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.reader.str("STYLEARENA_EMAIL_FROM", default="stylearena@localhost")

# --- security ------------------------------------------------------------------------------
SECURE_COOKIES = env.reader.bool("STYLEARENA_HTTPS", default=PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
# Asked from inside, past the proxy that speaks https.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Chromium applies it to where a form's answer leads, too: signing in leads to GitHub.
        "form-action": [SELF, *(["https://github.com"] if _GITHUB_ID else [])],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
}
# One page takes a file, and says so itself (submissions.uploads): everywhere else reading stops.
FILE_UPLOAD_HANDLERS = ["stylearena.submissions.uploads.RefuseFiles"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20

# --- judging -------------------------------------------------------------------------------
JUDGE_DEVICE = env.reader.str("STYLEARENA_DEVICE", default="cpu")
LEASE_SECONDS = env.reader.int("STYLEARENA_LEASE_SECONDS", default=60)
# A killed worker's shards wait for its lease to run out and for the next sweep.
SWEEP_SECONDS = env.reader.int("STYLEARENA_SWEEP_SECONDS", default=15)
MAX_FAULTS = env.reader.int("STYLEARENA_MAX_FAULTS", default=5)
# The pause after a first fault of ours; each further one waits four times as long.
BACKOFF_SECONDS = env.reader.float("STYLEARENA_BACKOFF_SECONDS", default=2.0)
# Only a laptop's demo may judge below full confinement; production workers refuse to start.
REQUIRE_CONFINEMENT = PRODUCTION

# --- language, time, messages --------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
LOCALE_PATHS = [PACKAGE_DIR / "locale"]
MESSAGE_TAGS = {message_levels.ERROR: "error"}

# --- operations ----------------------------------------------------------------------------
# What Prometheus shows as ``Authorization: Bearer …``; without it, staff alone see /metrics.
METRICS_TOKEN = env.reader.str("STYLEARENA_METRICS_TOKEN", default="")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "stylearena.logs.BoundIds"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s%(ids)s"},
        "json": {"()": "stylearena.logs.JsonLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["ids"],
            "formatter": env.one_of(
                "STYLEARENA_LOG_FORMAT", ("line", "json"), default="json" if PRODUCTION else "line"
            ),
        }
    },
    "root": {
        "handlers": ["stderr"],
        "level": env.reader.str("STYLEARENA_LOG_LEVEL", default="WARNING" if TESTING else "INFO"),
    },
}
