"""Every address of the installation, gathered from the doors."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from zetel.web import languages, styleguide, webhooks

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("zetel.web.directory_urls")),  # before allauth's, one of whose pages it wraps
    path("accounts/", include("allauth.urls")),
    path("", include("zetel.web.upgrade_urls")),
    path("", include("zetel.web.billing_urls")),
    path("language/", languages.set_language, name="set_language"),
    path("api/", include("zetel.api.service")),
    path("webhooks/<slug:gateway>/", webhooks.receive, name="gateway_webhook"),
]
urlpatterns += [path("staff/", include("zetel.web.urls_staff"))]
if settings.CONFIG.sandbox:
    urlpatterns += [path("sandbox/mailbox/", include("zetel.web.urls_mailbox"))]
    urlpatterns += [
        path("sandbox/", include("zetel.sandbox.urls"))
    ]  # the pretend payment company's own pages
    urlpatterns += [path("styleguide/", styleguide.styleguide, name="styleguide")]
