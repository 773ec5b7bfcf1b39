"""Values with positions to a frozen Spec: the schema rung."""
