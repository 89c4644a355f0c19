"""What was run, as it was: source folders, notebook cells, the machine; secrets masked."""
