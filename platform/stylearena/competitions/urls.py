"""Addresses of the competitions app."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from stylearena.competitions import views


class DigestConverter(StringConverter):
    regex = "[0-9a-f]{64}"


class KindConverter(StringConverter):
    regex = "content|style"


register_converter(DigestConverter, "digest")
register_converter(KindConverter, "kind")

app_name = "competitions"
urlpatterns = [
    path("", views.competition_list, name="list"),
    path("competitions/<slug:slug>/", views.detail, name="detail"),
    path("datasets/<digest:digest>.zip", views.download, name="download"),
    path(
        "datasets/<digest:digest>/<kind:kind>/<str:picture_id>.jpg", views.picture, name="picture"
    ),
]
