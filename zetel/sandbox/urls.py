"""Addresses of the hosted pages, below wherever the installation puts them."""

from django.urls import path

from zetel.sandbox import views

app_name = "sandbox"
urlpatterns = [
    path("setup/<str:page_key>/", views.setup, name="setup"),
    path("element/<str:page_key>/", views.element, name="element"),
    path("approve/<str:page_key>/", views.approve, name="approve"),
]
