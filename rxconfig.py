"""Reflex's settings; Maestro's own stand in agent/config.py."""

import reflex as rx

from app.building import OwnScripts, SameOrigin, SessionPage

config = rx.Config(
    app_name="app",
    plugins=[SameOrigin(), OwnScripts(), SessionPage()],
    disable_plugins=[rx.plugins.SitemapPlugin],
    show_built_with_reflex=False,
    telemetry_enabled=False,
    cors_allowed_origins=[],
    frontend_port=8000,
    backend_port=8000,
)
