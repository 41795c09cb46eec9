"""Django's settings, made from `zetel.config`.

Nothing is decided here that an operator could want otherwise: that belongs in `Config`. What stands here is what
Zetel is made of (apps, middleware) and what is never up for choice (how cookies, scripts and log-in are guarded).
"""

from datetime import timedelta

from django.conf import global_settings
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from zetel import config, logs

CONFIG = config.load()

DEBUG = False
SECRET_KEY = CONFIG.secret()
ALLOWED_HOSTS = CONFIG.hosts
ROOT_URLCONF = "zetel.urls"
WSGI_APPLICATION = "zetel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "zetel",
    "zetel.sandbox",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "django_htmx",
    "csp",
    "ninja",  # for the files of its documentation page
]

MIDDLEWARE = [
    "zetel.web.request_log.name_requests",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zetel.web.headers.keep_no_copies",
    "zetel.clock.read_once_per_request",
    "zetel.api.problems.problems_for_programs",
    "zetel.web.errors.Refusals",  # before whatever takes a cookie to the database
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zetel.web.local_time.show_local_time",
    "django.contrib.messages.middleware.MessageMiddleware",
    "zetel.web.acting.act_on_behalf",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "zetel.web.frame.frame",
                "zetel.web.acting.acting_banner",
            ],
        },
    },
]


def _databases(url: str) -> dict[str, dict[str, object]]:
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    return {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.pop("dbname", "zetel"),
            "USER": parts.pop("user", ""),
            "PASSWORD": parts.pop("password", ""),
            "HOST": parts.pop("host", ""),
            "PORT": parts.pop("port", ""),
            # The pool keeps connections; Django's own keeping must be off beside it, its health check on.
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                **parts,
                "pool": {
                    "min_size": 1,
                    "max_size": max(CONFIG.web_threads, CONFIG.worker_jobs) + 2,
                    "timeout": 10,
                },
            },
        }
    }


DATABASES = _databases(CONFIG.database_url.get_secret_value() if CONFIG.database_url else "dbname=zetel")
# Counts of log-in attempts must hold for all web processes together, so they are kept in the database.
# The default of 300 would let anybody push a count out by failing for many addresses.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "zetel_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000, "CULL_FREQUENCY": 20},
    }
}

# Languages, time and text
LANGUAGE_CODE = "en"
LANGUAGES = [("nl", _("Dutch")), ("en", _("English"))]
LOCALE_PATHS = [CONFIG.locale_root]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = CONFIG.secure_cookies

# Static files: collected once into the data folder by `zetel up`; served from where they stand otherwise.
STATIC_URL = "/static/"
STATIC_ROOT = CONFIG.static_root
_collected = STATIC_ROOT.is_dir()
STORAGES = {
    **global_settings.STORAGES,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _collected
WHITENOISE_AUTOREFRESH = not _collected

# Who may log in, and how
AUTH_USER_MODEL = "zetel.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "zetel.web.account.Adapter"
ACCOUNT_SIGNUP_FORM_CLASS = "zetel.web.directory_forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "zetel.web.account_forms.LoginForm",
    "request_login_code": "zetel.web.account_forms.RequestLoginCodeForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = CONFIG.address.partition(":")[0]
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "confirm_email": "1/3m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = CONFIG.proxy_count
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Zetel"

# Cookies and headers
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CONFIG.secure_cookies
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would log people out on the way back from their bank
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = CONFIG.secure_cookies
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [CONFIG.address]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if CONFIG.secure_cookies else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.proxy_count else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Mail. The sandbox keeps mails in the database instead of sending them.
DEFAULT_FROM_EMAIL = CONFIG.mail_from
SERVER_EMAIL = CONFIG.mail_from
EMAIL_BACKEND = "zetel.web.account_mail.AccountMail"
EMAIL_HOST = CONFIG.smtp.host
EMAIL_PORT = CONFIG.smtp.port
EMAIL_HOST_USER = CONFIG.smtp.username
EMAIL_HOST_PASSWORD = CONFIG.smtp.password
EMAIL_USE_SSL = CONFIG.smtp.tls
EMAIL_USE_TLS = CONFIG.smtp.starttls
EMAIL_TIMEOUT = 10

# Jobs: tasks live in zetel.jobs
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs.tasks"
PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "successful"}

LOGGING_CONFIG = None
logs.configure(CONFIG.log_level)
