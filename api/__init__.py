"""The HTTP face: routes, schemas, authentication and problem documents."""
