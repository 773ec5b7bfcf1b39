"""Documents checked against the schema and frozen as a Spec; overrides, variants, migrations and differences."""
