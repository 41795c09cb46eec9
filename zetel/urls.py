"""Every address of the installation, gathered from the doors."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
]
if settings.CONFIG.sandbox:
    urlpatterns += [path("sandbox/", include("zetel.sandbox.urls"))]  # the pretend payment company's own pages
