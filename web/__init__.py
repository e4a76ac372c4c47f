"""The aiohttp application: sessions, validation, problem+json, OpenAPI."""
