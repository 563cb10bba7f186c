"""Our own resources, held against the R4B definitions before they leave the house."""

from __future__ import annotations

from wearable_agg.delivery.chart import Resource


class InvalidResource(Exception):
    """We built a resource that FHIR does not allow; sending it cannot help."""


def check(resource: Resource) -> None:
    """Raise InvalidResource, naming the element, unless the resource is valid FHIR R4B."""
    # imported here: only the delivery role validates, and only once there is something to send
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(dict(resource))
    except ValidationError as error:
        places = [".".join(map(str, fault["loc"])) for fault in error.errors()]
        raise InvalidResource(f"{resource['resourceType']}: {', '.join(places)}") from error
