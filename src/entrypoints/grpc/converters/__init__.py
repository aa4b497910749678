"""Between domain values and generated messages, one module per resource."""
