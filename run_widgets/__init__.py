"""Watch training runs live in the notebook."""
