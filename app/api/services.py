"""The routes of a person's services, which agents call by their OpenAPI descriptions."""

from typing import Annotated

from fastapi import APIRouter, Path

from agent import tooling
from app.api.routes import Asking

router = APIRouter(prefix="/openapi-services")

Id = Annotated[str, Path(max_length=36)]


@router.get("")
async def services(user: Asking) -> list[tooling.OpenapiService]:
    """The services of the asking user, by name; never their credentials."""
    return await tooling.services(user)


@router.post("", status_code=201)
async def add(user: Asking, new: tooling.NewService) -> tooling.OpenapiService:
    """Add a service by the address or the text of its description (OpenAPI 3.0 or 3.1, JSON or YAML)."""
    return await tooling.add_service(user, new)


@router.patch("/{service_id}")
async def change(user: Asking, service_id: Id, changes: tooling.ServiceChanges) -> tooling.OpenapiService:
    """Change a service, or read its description again; its credentials never go to another server."""
    return await tooling.change_service(user, service_id, changes)


@router.delete("/{service_id}", status_code=204)
async def remove(user: Asking, service_id: Id) -> None:
    """Remove a service and its credentials."""
    await tooling.remove_service(user, service_id)
