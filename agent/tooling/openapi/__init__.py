"""Services described by OpenAPI documents: a person adds them, an agent finds and calls their operations."""

from agent.tooling.openapi.calls import Services
from agent.tooling.openapi.keeping import (
    NewService,
    OpenapiService,
    SchemeOffer,
    ServiceChanges,
    add_service,
    change_service,
    remove_service,
    services,
)

__all__ = [
    "NewService",
    "OpenapiService",
    "SchemeOffer",
    "ServiceChanges",
    "Services",
    "add_service",
    "change_service",
    "remove_service",
    "services",
]
