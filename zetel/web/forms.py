"""How forms are drawn, once for the whole product.

A form that inherits ``ZetelForm`` is written ``{{ form }}`` in a template: the list of what went wrong with links to
the fields, then each field with its label, hint, control and inline error, tied together for a screen reader.
``RadioCards`` and ``Segments`` are the two ways of choosing one thing that Zetel has beside the plain select.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates


class ZetelRenderer(DjangoTemplates):
    """Draws forms with our parts. It reads the templates of installed apps, so it needs no setting of its own."""

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"


class ZetelForm(forms.Form):
    """The form every other form inherits."""

    default_renderer = ZetelRenderer
    use_required_attribute = False
    """Browsers would stop at the first empty field in their own words; our page names all of them in ours."""


class ZetelModelForm(forms.ModelForm):  # type: ignore[type-arg]  # generic at type time only
    """The same for a form over a model."""

    default_renderer = ZetelRenderer
    use_required_attribute = False


@dataclass(frozen=True, slots=True)
class Card:
    """What one radio card shows. ``closed`` says why it cannot be chosen; empty means that it can."""

    title: str
    text: str = ""
    aside: str = ""
    badge: str = ""
    closed: str = ""

    def __str__(self) -> str:
        return self.title


class RadioCards(forms.RadioSelect):
    """Cards of which one is chosen, shown by a check mark and a word. Choices are ``(value, Card)`` pairs.

    ``side=True`` puts short cards beside each other.
    """

    template_name = "parts/widgets/cards.html"

    def __init__(self, attrs: Mapping[str, Any] | None = None, *, side: bool = False) -> None:
        super().__init__(dict(attrs or {}))
        self.side = side

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["side"] = self.side
        return context

    def create_option(self, name: str, value: Any, label: Any, *rest: Any, **named: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *rest, **named)
        card = label if isinstance(label, Card) else Card(title=str(label))
        option["card"] = card
        if card.closed:
            option["attrs"]["disabled"] = True
        return option


class Segments(RadioCards):
    """A short choice on one line, such as monthly or annual. A ``Card``'s ``badge`` is shown beside its title."""

    template_name = "parts/widgets/segments.html"
