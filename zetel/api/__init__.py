"""The front door for programs: the REST API under /api/v1, one file per noun. See docs/architecture.md, The API."""
