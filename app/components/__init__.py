"""Functions from values to components; they know no State."""
