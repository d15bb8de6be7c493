"""Names that programs import from `litellm.integrations`."""
