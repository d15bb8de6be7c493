"""Names that programs import from `litellm.types`."""
